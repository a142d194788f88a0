"""The read side: scope to rows and value types, one module per page family."""
