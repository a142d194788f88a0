"""`make load`: the demo with a simulated fleet of 10,000 endpoints, in a state folder of its own."""

from pathlib import Path
from typing import Any

import yaml

from stack import demo
from stack.layout import Layout
from stack.seed import accounts_of

SIZE = 10_000

# Two of three endpoints are serverless, as their count is what makes fleets grow.
_KINDS: tuple[dict[str, Any], ...] = (
    {
        "name": "load-serverless-{n}",
        "serverless": {"memory_mb": 2048, "max_concurrency": 20},
        "traffic": {"model": "diurnal", "per_minute": 60, "latency_ms": 120},
    },
    {
        "name": "load-idle-{n}",
        "serverless": {"memory_mb": 1024, "max_concurrency": 5},
        "traffic": {"model": "diurnal", "per_minute": 0.1, "latency_ms": 90},
    },
    {
        "name": "load-realtime-{n}",
        "instances": {"type": "ml.c5.large", "count": 1, "volume_gb": 5},
        "traffic": {"model": "sustained", "per_minute": 300, "latency_ms": 40},
    },
)


def fleet(accounts: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """A simulator fleet document with `size` endpoints, spread evenly over accounts, regions and kinds."""
    places = [(account["alias"], region) for account in accounts for region in account["regions"]]
    slots = [(place, kind) for place in places for kind in _KINDS]
    endpoints = []
    for number, ((account, region), kind) in enumerate(slots):
        count = size // len(slots) + (number < size % len(slots))
        endpoints.append(
            {
                **kind,
                "repeat": count,
                "account": account,
                "region": region,
                "created": "-90d",
                "tags": {"team": "load"},
            }
        )
    return {"accounts": [{**account, "deny": []} for account in accounts], "endpoints": endpoints}


def load(layout: Layout) -> None:
    """Write the fleet and run the demo on it."""
    own = Layout(layout.root, layout.folder("load"))
    path: Path = own.state / "fleet.yaml"
    path.write_text(
        yaml.safe_dump(fleet(accounts_of(layout.root / "simulator" / "fleet.yaml"), SIZE), sort_keys=False)
    )
    demo.demo(own, path, first_look_s=900)
