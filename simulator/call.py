"""What a service function gets beside its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simulator.world import Region, World

if TYPE_CHECKING:
    from simulator.identity import Caller
    from simulator.meter import CallMeter
    from simulator.pricebook import PriceList


@dataclass
class Call:
    """One authorised call: the world, the caller, the region addressed and the instant it counts as."""

    world: World
    caller: Caller
    region: Region
    now: datetime
    meter: CallMeter
    prices: PriceList


Action = Callable[[Call, dict[str, Any]], dict[str, Any]]
