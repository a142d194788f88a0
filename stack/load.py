"""`make load`: the demo with a simulated fleet of 10,000 endpoints, in a state folder of its own.

LOAD_FLEET chooses another size: ENDPOINTSxACCOUNTSxREGIONS.
"""

import os

from simulator import load_fleet
from simulator.load_fleet import fleet
from stack import demo
from stack.layout import Layout, StackError

__all__ = ["ACCOUNTS", "REGIONS", "SIZE", "fleet", "load"]

SIZE = 10_000
ACCOUNTS = 100
REGIONS = 20


def load(layout: Layout) -> None:
    """Write the fleet and run the demo on it."""
    own = Layout(layout.root, layout.folder("load"))
    own.state.mkdir(parents=True, exist_ok=True)
    size = os.environ.get("LOAD_FLEET", f"{SIZE}x{ACCOUNTS}x{REGIONS}")
    try:
        endpoints, accounts, regions = (int(part) for part in size.split("x"))
        path = load_fleet.write(own.state / "fleet.json", endpoints, accounts, regions)
    except ValueError as error:
        raise StackError(f"LOAD_FLEET={size}: ENDPOINTSxACCOUNTSxREGIONS is wanted ({error})") from error
    demo.demo(own, path, first_look_s=900)
