"""Metric conditions as set-based SQL over the newest fine buckets: one statement per rule, whatever the fleet's size.

Windows end at each variant's own newest complete bucket, never at the clock, so that late data delays a verdict
and cannot falsify it. A variant without a fresh bucket yields no Measure: unknown, which is neither true nor false.
The exception is how full a serverless variant is: CloudWatch has no sample for an idle minute, so a minute that was
read and has none is a minute in which the variant was not full.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from fleet.alerts.rules import RuleSpec

FRESH_FOR = timedelta(minutes=30)
"""Buckets older than this say nothing about now."""
SETTLED_AFTER = timedelta(minutes=5)
"""CloudWatch fills in late: a minute counts as silent once it was read again this long after its end."""


@dataclass(frozen=True)
class Measure:
    """What one rule found on one subject.

    since: start of the condition; until: end of the data judged; last_true_at: end of the last data in which the
    condition held, None when it holds nowhere in the data judged. values: the figures that words are made of.
    """

    subject: str
    is_true: bool
    since: datetime
    until: datetime
    last_true_at: datetime | None
    values: Mapping[str, Any] = field(default_factory=dict)
    variant_id: int | None = None
    endpoint_id: int | None = None
    operation_id: int | None = None
    shard_id: int | None = None

    @classmethod
    def holding(
        cls,
        subject: str,
        values: Mapping[str, Any],
        *,
        now: datetime,
        since: datetime | None = None,
        **ids: int,
    ) -> "Measure":
        """A condition that holds now, since `since` or since just now; ids: variant_id, endpoint_id, …"""
        return cls(subject, True, since or now, now, now, values, **ids)


# Identifiers below are constants of this module; every value from outside is bound, never formatted in.
# Only variants with a bucket that could make the rule true, and those with an open incident, are looked at closely.
_MEASURED = """
WITH candidates AS (
    SELECT b.variant_id FROM fleet_finebucket b WHERE b.at >= %(floor)s AND b.at < %(now)s AND {suspect}
    UNION SELECT unnest(%(open)s::bigint[])
), watched AS (
    SELECT v.id, v.endpoint_id, v.current_instance_count, v.metrics_until - %(settling)s AS settled
    FROM fleet_variantstatus v
    JOIN fleet_endpoint e ON e.id = v.endpoint_id AND e.closed_at IS NULL AND e.kind = ANY(%(kinds)s)
    JOIN fleet_shard s ON s.id = e.shard_id AND s.enabled
    JOIN fleet_account a ON a.id = s.account_id AND a.enabled
    WHERE v.removed_at IS NULL AND v.id IN (SELECT variant_id FROM candidates)
), measured AS (
    SELECT b.variant_id, v.endpoint_id, b.at, b.at + make_interval(secs => b.period_s) AS until, {columns}
    FROM fleet_finebucket b
    JOIN watched v ON v.id = b.variant_id
    WHERE b.at >= %(floor)s AND b.at < %(now)s AND b.at + make_interval(secs => b.period_s) <= %(now)s AND {reported}
    {silence}
)
"""
# The newest settled minute of each variant that has no bucket from then on: one row says that all since was silent.
_SILENCE = """
    UNION ALL
    SELECT v.id, v.endpoint_id, v.settled - interval '1 minute', v.settled, 0, v.current_instance_count
    FROM watched v
    WHERE v.settled <= %(now)s AND NOT EXISTS (
        SELECT FROM fleet_finebucket b WHERE b.variant_id = v.id AND b.at > v.settled - interval '2 minutes'
    )
"""

_SUSTAINED = """{measured}
, flagged AS (
    SELECT *, {breach} AS breach,
        lag(until) OVER w AS previous_until,
        lag({breach}) OVER w AS previous_breach
    FROM measured WINDOW w AS (PARTITION BY variant_id ORDER BY at)
), judged AS (
    SELECT variant_id, endpoint_id, max(until) AS until,
        max(until) FILTER (WHERE breach) AS last_breach,
        max(at) FILTER (WHERE breach AND NOT (coalesce(previous_breach, false) AND previous_until = at))
            AS run_start,
        (array_agg(value ORDER BY at DESC))[1] AS value
    FROM flagged GROUP BY variant_id, endpoint_id
), verdicts AS (
    SELECT *, coalesce(last_breach = until AND until - run_start >= %(window)s, false) AS is_true FROM judged
)
SELECT variant_id, endpoint_id, is_true, run_start, until, last_breach, value
FROM verdicts WHERE is_true OR variant_id = ANY(%(open)s)
"""

_RATIO = """{measured}
, newest AS (
    SELECT variant_id, max(until) AS until FROM measured GROUP BY variant_id
), summed AS (
    SELECT m.variant_id, m.endpoint_id, n.until, min(m.at) AS since,
        sum(part) AS part, sum(whole) AS whole, sum(extra) AS extra,
        extract(epoch FROM n.until - min(m.at)) AS measured_s
    FROM measured m JOIN newest n ON n.variant_id = m.variant_id AND m.at >= n.until - %(window)s
    GROUP BY m.variant_id, m.endpoint_id, n.until
), verdicts AS (
    SELECT *, coalesce(whole >= %(min_calls)s AND whole > 0 AND {test}, false) AS is_true FROM summed
)
SELECT variant_id, endpoint_id, is_true, since, until, part, whole, extra, measured_s
FROM verdicts WHERE is_true OR variant_id = ANY(%(open)s)
"""


def measure(
    spec: RuleSpec, values: Mapping[str, float], open_subjects: Collection[str], now: datetime
) -> list[Measure]:
    """Variants on which the rule is true, and what it finds on those with an open incident."""
    return _CONDITIONS[spec.key](spec, values, _variant_ids(open_subjects), now)


def subject_of(variant_id: int) -> str:
    """How a variant is named as an incident's subject."""
    return f"variant:{variant_id}"


def _variant_ids(subjects: Collection[str]) -> list[int]:
    return [int(s.partition(":")[2]) for s in subjects if s.startswith("variant:")]


def _select(sql: str, spec: RuleSpec, window: timedelta, now: datetime, **bound: Any) -> list[dict[str, Any]]:
    parameters = {
        "kinds": [kind.value for kind in spec.kinds],
        "floor": now - FRESH_FOR - window,
        "now": now,
        "window": window,
        "settling": SETTLED_AFTER,
        **bound,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _sustained(
    value: str, comparison: str, also: str = "true", silence: str = ""
) -> Callable[..., list[Measure]]:
    """A condition on single buckets that must hold without a gap for `for_min` up to the newest bucket.

    silence: SQL of the rows that stand for minutes without a sample, where their absence is a value.
    """
    columns = f"{value} AS value, v.current_instance_count"
    suspect = f"{value} {comparison} %(threshold)s"
    measured = _MEASURED.format(
        columns=columns, reported=f"{value} IS NOT NULL", suspect=suspect, silence=silence
    )
    sql = _SUSTAINED.format(measured=measured, breach=f"(value {comparison} %(threshold)s AND {also})")

    def run(spec: RuleSpec, values: Mapping[str, float], open_ids: list[int], now: datetime) -> list[Measure]:
        window = timedelta(minutes=values["for_min"])
        threshold = _threshold(values)
        rows = _select(sql, spec, window, now, open=open_ids, threshold=threshold)
        return [
            Measure(
                subject=subject_of(row["variant_id"]),
                is_true=row["is_true"],
                since=row["run_start"] or row["until"],
                until=row["until"],
                last_true_at=row["last_breach"],
                values={"value": row["value"], "for_min": values["for_min"], "threshold": threshold},
                variant_id=row["variant_id"],
                endpoint_id=row["endpoint_id"],
            )
            for row in rows
        ]

    return run


def _threshold(values: Mapping[str, float]) -> float:
    """The bound in the metric's own unit: ratios for percentages, seconds for ages, 0 where any amount counts."""
    if "threshold_pct" in values:
        return values["threshold_pct"] / 100
    return values.get("age_min", 0) * 60


def _ratio(part: str, whole: str, test: str, suspect: str, extra: str = "0") -> Callable[..., list[Measure]]:
    """A share of sums over `for_min` minutes; fewer than min_calls is measured and therefore false."""
    columns = f"coalesce({part}, 0) AS part, {whole} AS whole, coalesce({extra}, 0) AS extra"
    measured = _MEASURED.format(columns=columns, reported=f"{whole} IS NOT NULL", suspect=suspect, silence="")
    sql = _RATIO.format(measured=measured, test=test)

    def run(spec: RuleSpec, values: Mapping[str, float], open_ids: list[int], now: datetime) -> list[Measure]:
        window = timedelta(minutes=values["for_min"])
        share = values.get("share_pct", values.get("hit_pct", 0)) / 100
        per_hour = values.get("unloads_per_hour", 0)
        rows = _select(
            sql, spec, window, now,
            open=open_ids, share=share, min_calls=values["min_calls"], per_hour=per_hour,
            clear_share=max(share, values.get("clear_hit_pct", 0) / 100),
            clear_per_hour=min(per_hour, values.get("clear_unloads_per_hour", per_hour)),
        )  # fmt: skip
        return [_ratio_measure(row, values, share) for row in rows]

    return run


def _ratio_measure(row: Mapping[str, Any], values: Mapping[str, float], share: float) -> Measure:
    return Measure(
        subject=subject_of(row["variant_id"]),
        is_true=row["is_true"],
        since=row["since"],
        until=row["until"],
        last_true_at=row["until"] if row["is_true"] else None,
        values={
            "part": row["part"],
            "whole": row["whole"],
            "extra": row["extra"],
            "measured_s": float(row["measured_s"]),
            "for_min": values["for_min"],
            "threshold": share,
        },
        variant_id=row["variant_id"],
        endpoint_id=row["endpoint_id"],
    )


_FULL = _sustained("b.concurrency_utilization_max", ">=", silence=_SILENCE)
_ABOVE = "part / nullif(whole, 0) > %(share)s"
# An open incident ends at other bars than it began at, so that a cache in between does not come and go.
_THRASHING = (
    "measured_s > 0 AND CASE WHEN variant_id = ANY(%(open)s) "
    "THEN part / nullif(whole, 0) < %(clear_share)s AND extra * 3600 / measured_s >= %(clear_per_hour)s "
    "ELSE part / nullif(whole, 0) < %(share)s AND extra * 3600 / measured_s >= %(per_hour)s END"
)
_CONDITIONS: dict[str, Callable[..., list[Measure]]] = {
    "serverless-full": _FULL,
    "serverless-nearly-full": _FULL,
    "cold-start-share": _ratio("b.setup_count", "b.invocations", _ABOVE, "b.setup_count > 0"),
    "errors-5xx": _ratio("b.errors_5xx", "b.invocations", _ABOVE, "b.errors_5xx > 0"),
    "cache-thrash": _ratio(
        "b.cache_hit_sum",
        "b.cache_hit_count",
        _THRASHING,
        "coalesce(b.cache_hit_sum, 0) < b.cache_hit_count",
        extra="b.unload_count",
    ),
    "async-zero-trap": _sustained("b.backlog_max", ">", also="current_instance_count = 0"),
    "async-oldest-age": _sustained("b.oldest_age_s_max", ">"),
}
METRIC_RULES: frozenset[str] = frozenset(_CONDITIONS)
