"""What more or less memory would make of a model cache's hit ratio; docs/cache.md has the maths. Pure."""
