"""Everything the advisor may know of endpoints, for many at once: a constant number of statements for a chunk.

What is the same for the whole fleet (prices, machines, quotas) is read once, by `around.read`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fleet.advisor.evidence import Evidence
from fleet.models import Endpoint, Shard
from fleet.queries.advice_evidence import around, build, hours, measured, mirror
from fleet.queries.advice_evidence.around import Around
from fleet.types import Kind

__all__ = ["Around", "Known", "of", "surroundings"]


@dataclass(frozen=True)
class Known:
    """One endpoint with its evidence. busiest: mean executions at once in its busiest hour, None = not reported."""

    endpoint: Endpoint
    evidence: Evidence
    busiest: float | None


def surroundings(now: datetime, shard: Shard | None = None) -> Around:
    """What all endpoints share, or those of one account region. A dozen queries at most."""
    return around.read(now, shard)


def of(ids: Sequence[int], now: datetime, about: Around) -> list[Known]:
    """Evidence of open endpoints, in the order of their ids; a closed one is left out. Some twenty queries for all.

    Looks at hours.WINDOW of whole hours before `now` (aware).
    """
    start, end = hours.window(now)
    rows = mirror.read(ids, start, end)
    kinds = {endpoint.pk: endpoint.kind for endpoint in rows.endpoints}
    live = [
        (each.pk, kinds[pk] == Kind.ASYNCHRONOUS)
        for pk, parts in rows.variants.items()
        if pk in kinds
        for each in parts
    ]
    by_variant = hours.read(live, now)
    full = hours.full_minutes([pk for pk, each in by_variant.items() if (each.most_used or 0) >= 1], now)
    return [
        Known(
            endpoint,
            build.evidence(endpoint, rows, by_variant, full, about, start, end),
            measured.busiest(
                [by_variant[each.pk] for each in rows.variants.get(endpoint.pk, ()) if each.pk in by_variant]
            ),
        )
        for endpoint in rows.endpoints
    ]
