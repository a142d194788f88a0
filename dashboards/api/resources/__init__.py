"""One module per family of resources: shapes, parameters, routes."""
