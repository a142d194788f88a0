"""The first visit: creating the first admin."""
