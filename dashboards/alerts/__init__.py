"""Incidents, rules and the delivery log."""
