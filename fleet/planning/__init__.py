"""The cold-start planner at work: forecasts asked for by pages, worked out by tasks, kept, and held against reality."""
