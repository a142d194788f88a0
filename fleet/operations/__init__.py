"""Changes to AWS: planned, guarded, confirmed by a person, carried out step by step and proven."""
