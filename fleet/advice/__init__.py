"""The advisor at work: looks at the fleet, keeps what it finds, what people make of it, and what came of it."""
