"""The peer of the page benchmarks: Django's own admin over the same database. No part of the product."""
