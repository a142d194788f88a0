"""The Batch page family: transform jobs and one of them."""
