"""The Orphans page family: configs and models that nothing uses."""
