"""The cold-start planner: what each level of provisioned concurrency would have changed. Method: docs/planner.md."""
