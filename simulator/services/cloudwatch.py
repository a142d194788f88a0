"""CloudWatch."""

from simulator.call import Action

ACTIONS: dict[str, Action] = {}
