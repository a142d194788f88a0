"""Hourly → daily → weekly and monthly: what each variant cost and did, added up when a day of it changed.

Each row is worked out from the rows below it, never from its own former value, so that a past range is right again
as soon as its days have been marked; only rows that differ are written.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from fleet.models import DailyCost, RollupState
from fleet.queries.cost_cover import DAY, GRAINS, Piece, piece_of
from fleet.queries.cost_scope import Span
from fleet.rollups import spans, to_date, upsert

_LOCK = 7_405_318
NEW_AT_ONCE = 500
"""As many shards get their whole history added up in one turn; the others have theirs a minute later."""


@dataclass(frozen=True)
class _Table:
    """What is written into which columns from which rows; `fresh` selects key and figures of one grain and first."""

    name: str
    keys: Sequence[str]
    figures: Sequence[str]
    fresh: str

    @property
    def sql(self) -> str:
        return upsert.statement(self.name, ("grain", "first"), self.keys, self.figures, self.fresh)


_USE_FIGURES = ("calls", "compute_s", "idle_usd", "spare_usd")
# Kinds whose calls say that an instance worked: asynchronous endpoints publish requests, not when one was waited for,
# and what inference components answer is published by component.
_DAY = """
SELECT v.endpoint_id, v.id AS variant_id, used.calls, used.compute_s,
    CASE WHEN e.kind IN ('real-time', 'multi-model', 'multi-container') AND used.minutes > 0
        THEN ROUND(paid.instance_usd * (COALESCE(used.idle_minutes, 0) / used.minutes)::numeric, 12) END AS idle_usd,
    CASE WHEN paid.warm_s > 0 AND (used.is_split OR COALESCE(used.any_calls, 0) = 0)
        THEN ROUND(paid.warm_usd * GREATEST(0, 1 - COALESCE(paid.used_s, 0) / paid.warm_s), 12) END AS spare_usd
FROM fleet_endpoint e JOIN fleet_variantstatus v ON v.endpoint_id = e.id
JOIN LATERAL (
    SELECT COUNT(*) AS hours,
        SUM(CASE WHEN e.kind = 'asynchronous' THEN b.processed ELSE b.invocations END)
            FILTER (WHERE NOT v.is_shadow) AS calls,
        SUM(b.invocations) AS any_calls,
        SUM(b.model_latency_ms_sum) / 1000 AS compute_s,
        SUM(b.instance_minutes) AS minutes,
        SUM(b.instance_minutes) FILTER (WHERE COALESCE(b.invocations, 0) = 0) AS idle_minutes,
        BOOL_OR(b.provisioned_invocations IS NOT NULL OR b.spillover_invocations IS NOT NULL) AS is_split
    FROM fleet_hourbucket b WHERE b.variant_id = v.id AND b.at >= %(start)s AND b.at < %(end)s
) used ON true
JOIN LATERAL (
    SELECT SUM(c.amount) FILTER (WHERE c.component = 'instance-time') AS instance_usd,
        SUM(c.amount) FILTER (WHERE c.component = 'kept-warm') AS warm_usd,
        SUM(c.quantity) FILTER (WHERE c.component = 'kept-warm') AS warm_s,
        SUM(c.quantity) FILTER (WHERE c.component = 'execution-provisioned') AS used_s
    FROM fleet_dailycost c WHERE c.variant_id = v.id AND c.day = %(first)s
) paid ON true
WHERE e.shard_id = ANY(%(shards)s) AND used.hours > 0
"""
_USE = f"""
SELECT d.endpoint_id, d.variant_id, {", ".join(f"SUM(d.{name}) AS {name}" for name in _USE_FIGURES)}
FROM fleet_endpoint e JOIN fleet_useperiod d ON d.endpoint_id = e.id
    AND d.grain = '{DAY}' AND d.first >= %(first)s AND d.first <= %(last)s
WHERE e.shard_id = ANY(%(shards)s) GROUP BY d.endpoint_id, d.variant_id
"""  # noqa: S608 - names of this module only
_COST = """
SELECT c.endpoint_id, c.variant_id, c.component, c.item, SUM(c.amount) AS amount,
    COUNT(*) FILTER (WHERE c.confidence = 'unpriced') AS unpriced,
    COUNT(*) FILTER (WHERE c.confidence = 'no-data') AS no_data
FROM fleet_endpoint e JOIN fleet_dailycost c ON c.endpoint_id = e.id AND c.day >= %(first)s AND c.day <= %(last)s
WHERE e.shard_id = ANY(%(shards)s) GROUP BY c.endpoint_id, c.variant_id, c.component, c.item
"""
_DAYS_OF_USE = _Table("fleet_useperiod", ("variant_id",), _USE_FIGURES, _DAY)
_USES = _Table("fleet_useperiod", ("variant_id",), _USE_FIGURES, _USE)
_COSTS = _Table(
    "fleet_costperiod", ("variant_id", "component", "item"), ("amount", "unpriced", "no_data"), _COST
)


def update(marks: Iterable[tuple[int, date]]) -> None:
    """Add up again what the marked (shard, UTC day) belong to, and the whole history of shards that have none yet."""
    new = list(RollupState.objects.filter(periods_at=None).values_list("pk", flat=True)[:NEW_AT_ONCE])
    touched: dict[Piece, set[int]] = defaultdict(set)
    marked = list(marks)
    for shard_id, day in (*marked, *_history(new)):
        for grain in (DAY, *GRAINS):
            touched[piece_of(grain, day)].add(shard_id)
    # Days before the weeks and months that are added up from them.
    for piece in sorted(touched, key=lambda each: (each.grain != DAY, each.first, each.grain)):
        _write(piece, sorted(touched[piece]))
    RollupState.objects.filter(pk__in=new).update(periods_at=timezone.now())
    _keep_spans(marked, timezone.now().date())


def _keep_spans(marked: Sequence[tuple[int, date]], today: date) -> None:
    """Add up the sums to date and kept spans of marked shards, and all of shards that have those of another day."""
    late = RollupState.objects.exclude(Q(spans_on=today, spans_on__isnull=False) | Q(periods_at=None))
    behind = dict(late.order_by("pk").values_list("pk", "spans_on")[:NEW_AT_ONCE])
    states = RollupState.objects.filter(pk__in={shard_id for shard_id, _ in marked})
    summed = set(states.exclude(spans_on=None).values_list("pk", flat=True))
    changed = [(shard_id, day) for shard_id, day in marked if shard_id in summed and day < today]
    changed += _history([shard_id for shard_id, day in behind.items() if day is None])
    changed += [(shard_id, first) for shard_id, day in behind.items() if day for first in _since(day, today)]
    to_date.write(changed, today)
    kept = states.filter(spans_on=today)
    if shards := sorted(kept.values_list("pk", flat=True)):
        spans.write(shards, today, {day for _, day in marked})
    if behind:
        spans.write(sorted(behind), today)
        RollupState.objects.filter(pk__in=list(behind)).update(spans_on=today)


def _since(day: date, today: date) -> list[date]:
    """A day, and the first of each year from there to today."""
    return [day, *(date(year, 1, 1) for year in range(day.year + 1, today.year + 1))]


def _history(shard_ids: Sequence[int]) -> list[tuple[int, date]]:
    """Every day with a cost of shards."""
    if not shard_ids:
        return []
    found = DailyCost.objects.filter(endpoint__shard__in=shard_ids).order_by()
    return list(found.values_list("endpoint__shard_id", "day").distinct())


def _write(piece: Piece, shard_ids: Sequence[int]) -> None:
    window = Span(piece.first, piece.last)
    values: dict[str, Any] = {
        "shards": list(shard_ids), "grain": piece.grain, "first": piece.first, "last": piece.last,
        "start": window.start, "end": window.end,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        for table in (_DAYS_OF_USE,) if piece.grain == DAY else (_USES, _COSTS):
            cursor.execute(table.sql, values)
