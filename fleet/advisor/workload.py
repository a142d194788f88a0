"""A workload that runs nowhere yet, as somebody describes it, priced like an endpoint: each way with its month. Pure.

Its calls are spread evenly over the hours that have any; what it would really do is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fleet.advisor.evidence import Calls, Evidence, Payload
from fleet.advisor.flow import Answers
from fleet.advisor.ways import priced
from fleet.costs.break_even import Site
from fleet.costs.options import MEMORY_SIZES_MB, Circumstances, Machine, Need
from fleet.costs.periods import HOURS_PER_MONTH, Window
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import HOURS_PER_WEEK, Traffic, UseHour
from fleet.types import MAX_SERVERLESS_CONCURRENCY, Capacity, Kind, ServerlessCapacity

_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
"""Any week serves: the month is scaled from it."""
NAME = "new workload"


@dataclass(frozen=True)
class Workload:
    """What somebody says of it. calls: a month; busy_share: part of the hours with a call, above 0 up to 1.

    seconds: of work a call takes; memory_mb: the model takes; peak: most calls at once, None = as if they came at
    random; largest_bytes: of a request, None = not said. Raises ValueError on a negative figure or no busy hour.
    """

    calls: Decimal
    seconds: Decimal
    memory_mb: int
    busy_share: Decimal = Decimal(1)
    peak: int | None = None
    largest_bytes: float | None = None

    def __post_init__(self) -> None:
        if min(self.calls, self.seconds) < 0 or min(self.memory_mb, self.peak or 0) < 0:
            raise ValueError("a workload has no negative figures")
        if not 0 < self.busy_share <= 1:
            raise ValueError(f"the part of hours with calls lies above 0 and up to 1: {self.busy_share}")

    @property
    def traffic(self) -> Traffic:
        """A week of it."""
        count = max(1, int(self.busy_share * HOURS_PER_WEEK))
        busy_s = self.calls * self.seconds * HOURS_PER_WEEK / HOURS_PER_MONTH
        hours = tuple(
            UseHour(_MONDAY + timedelta(hours=n * HOURS_PER_WEEK // count), busy_s / count)
            for n in range(count)
        )
        window = Window(_MONDAY, _MONDAY + timedelta(hours=HOURS_PER_WEEK))
        calls = self.calls * HOURS_PER_WEEK / HOURS_PER_MONTH
        return Traffic(window, busy_s, calls, self.peak, None, hours if busy_s else ())


def evidence(
    described: Workload,
    answers: Answers,
    region: str,
    book: PriceBook,
    machines: Sequence[Machine],
    models: int | None = None,
) -> Evidence:
    """As fitness and reasons take an endpoint, with every way priced and none of them today's.

    machines: those that may be used, with their sizes. models: how many would share instances, None = alone.
    """
    traffic = described.traffic
    size = next((each for each in MEMORY_SIZES_MB if each >= described.memory_mb), MEMORY_SIZES_MB[-1])
    held = Capacity(_MONDAY, None, serverless=ServerlessCapacity(size, MAX_SERVERLESS_CONCURRENCY))
    about = Circumstances(Need(used_mb=described.memory_mb), machines, models, answers.excluded or ())
    site = Site(region, held, Kind.SERVERLESS)
    ways = priced(site, traffic, about, book)
    return Evidence(
        endpoint=NAME,
        kind=Kind.UNKNOWN,
        region=region,
        calls=Calls(
            count=float(traffic.calls or 0),
            busy_s=float(traffic.busy_s or 0),
            latency_ms_p99=float(described.seconds * 1000),
            peak_concurrency=traffic.peak,
            busy_hours=float(described.busy_share),
        ),
        payload=Payload(largest_bytes=described.largest_bytes, source="as described"),
        ways=tuple(replace(way, is_today=False) for way in ways),
        exclusions=answers.excluded,
        is_queueable=answers.is_queueable,
        is_offline=answers.is_offline,
    )
