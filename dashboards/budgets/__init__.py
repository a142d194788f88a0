"""The Budgets pages: what parts of the fleet may cost, and where they stand."""
