"""Which part of some endpoints could share which host: memory for their models, vCPUs for their calls, hits enough."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fleet.analysis.cache_forecast import che
from fleet.costs.periods import HOURS_PER_MONTH


@dataclass(frozen=True)
class Candidate:
    """One endpoint that hosts one model. None = not known.

    place: account and region; only endpoints of one place can share. image: as AWS names it, "" = unknown. processor:
    what the image is built for. month_usd: cost of a month today. calls_per_hour: mean. busy: mean executions at once
    in its busiest hour. memory_mb: most memory in use on one instance. apart: reasons why it must stay alone.
    """

    endpoint_id: int
    name: str
    place: str
    image: str
    processor: str
    instance_type: str
    instance_count: int | None
    month_usd: Decimal | None
    calls_per_hour: float | None
    busy: float | None
    memory_mb: float | None
    apart: tuple[str, ...] = ()


@dataclass(frozen=True)
class Host:
    """An instance type with its price at a place, USD an hour."""

    name: str
    memory_mb: int
    vcpus: int
    processor: str
    usd_per_hour: Decimal

    def month_usd(self, count: int) -> Decimal:
        return self.usd_per_hour * HOURS_PER_MONTH * count


@dataclass(frozen=True)
class Rules:
    """When endpoints may share. All our choice, not AWS's.

    most_busy: mean executions at once in the busiest hour from which an endpoint is not little-called. fill: part of an
    instance's memory that models may take. crowd: executions at once per vCPU in the busiest hour of all together.
    least_hit: hit ratio a shared endpoint must reach. least_saving: USD a month below which it is not worth the work.
    most_models: in one set.
    """

    most_busy: float = 0.5
    fill: float = 0.8
    crowd: float = 0.5
    least_hit: float = 0.95
    least_saving: Decimal = Decimal(10)
    most_models: int = 200


RULES = Rules()


def best_part(ordered: Sequence[Candidate], hosts: Sequence[Host], rules: Rules) -> tuple[int, int] | None:
    """How many of the first and which host save most; None when no part saves enough."""
    sums = list(_running(ordered))
    best = max(_kept_whole(sums, hosts, rules), default=None)
    # Working out hits takes long: only for the best part whose models all fit, for half of them and for all.
    sizes = {len(ordered), len(ordered) // 2, best.size if best else 2}
    tried = [
        _cheapest_with_hits(ordered, sums[size - 1], hosts, rules) for size in sorted(sizes) if size >= 2
    ]
    found = [part for part in [best, *tried] if part and part.saving >= rules.least_saving]
    part = max(found, default=None)
    return (part.size, part.host) if part else None


class _Part(NamedTuple):
    """The first `size` on one host (by its position); in the order in which parts are preferred."""

    saving: Decimal
    size: int
    host: int


class _Sum(NamedTuple):
    """What the first `size` add up to; largest: memory of the one that takes most."""

    size: int
    before: Decimal
    memory: float
    busy: float
    instances: int
    largest: float


def _running(ordered: Sequence[Candidate]) -> Iterator[_Sum]:
    found = _Sum(0, Decimal(0), 0.0, 0.0, 1, 0.0)
    for one in ordered:
        memory = one.memory_mb or 0.0
        found = _Sum(
            found.size + 1,
            found.before + (one.month_usd or Decimal(0)),
            found.memory + memory,
            found.busy + (one.busy or 0.0),
            max(found.instances, one.instance_count or 1),
            max(found.largest, memory),
        )
        yield found


def _kept_whole(sums: Sequence[_Sum], hosts: Sequence[Host], rules: Rules) -> Iterator[_Part]:
    """Each part of two and more on the cheapest host that holds all its models; hosts come cheapest first."""
    for sum_ in sums[1:]:
        for number, host in enumerate(hosts):
            if _carries(host, sum_, rules) and sum_.memory <= host.memory_mb * rules.fill:
                yield _Part(sum_.before - host.month_usd(sum_.instances), sum_.size, number)
                break


def _cheapest_with_hits(
    ordered: Sequence[Candidate], sum_: _Sum, hosts: Sequence[Host], rules: Rules
) -> _Part | None:
    """A part on the cheapest host that reaches the least hit ratio, its models coming and going."""
    for number, host in enumerate(hosts):
        if _carries(host, sum_, rules) and hits(ordered[: sum_.size], host, rules) >= rules.least_hit:
            return _Part(sum_.before - host.month_usd(sum_.instances), sum_.size, number)
    return None


def _carries(host: Host, sum_: _Sum, rules: Rules) -> bool:
    """vCPUs for the calls at once of the busiest hour, crowded as they may come, and room for the largest model."""
    at_once = sum_.busy + 3 * math.sqrt(sum_.busy)
    has_room = sum_.largest <= host.memory_mb * rules.fill
    return has_room and at_once <= max(rules.crowd * host.vcpus * sum_.instances, 1.0)


def hits(members: Sequence[Candidate], host: Host, rules: Rules) -> float:
    """Che's approximation with each model's own calls and memory; the same on every instance."""
    called = [one for one in members if (one.calls_per_hour or 0.0) > 0]
    if not called:
        return 1.0
    popularity = che.of_rates([one.calls_per_hour or 0.0 for one in called])
    return che.sized_hit_ratio(
        popularity, [one.memory_mb or 0.0 for one in called], host.memory_mb * rules.fill
    )
