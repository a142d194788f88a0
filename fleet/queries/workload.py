"""What one variant did in a window of stored hours: the traffic that comparisons of costs rest on."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from fleet.costs.periods import Window, exact
from fleet.costs.serverless import billed_s
from fleet.costs.traffic import Traffic, UseHour
from fleet.models import HourBucket
from fleet.types import Kind, MetricRow

HOUR = timedelta(hours=1)
Column = Sequence[float | None]
_COLUMNS = (
    "invocations",
    "processed",
    "model_latency_ms_sum",
    "provisioned_invocations",
    "spillover_invocations",
    "concurrency_utilization_max",
    "instance_minutes",
    "memory_pct",
)


def rows(variant_ids: Sequence[int], start: datetime, end: datetime) -> list[MetricRow]:
    """Stored hours that begin in [start, end), oldest first, with the columns that `traffic` reads. One query."""
    found = HourBucket.objects.filter(variant_id__in=variant_ids, at__gte=start, at__lt=end).order_by("at")
    return [
        MetricRow(variant, at, period_s, dict(zip(_COLUMNS, values, strict=True)))
        for variant, at, period_s, *values in found.values_list("variant_id", "at", "period_s", *_COLUMNS)
    ]


def traffic(
    found: Sequence[MetricRow], kind: str, now: datetime, *, max_concurrency: int | None = None
) -> Traffic:
    """The traffic of stored hours, over the time from the first of them to the end of the last, or to `now`.

    max_concurrency: of the variant, by which its utilisation becomes executions at once. Asynchronous endpoints publish
    no Invocations: what they processed stands for calls.
    """
    columns = {column: [row.get(column) for row in found] for column in _COLUMNS}
    return of_columns([row.at for row in found], columns, kind, now, max_concurrency=max_concurrency)


def of_columns(
    at: Sequence[datetime],
    columns: Mapping[str, Column],
    kind: str,
    now: datetime,
    *,
    max_concurrency: int | None,
) -> Traffic:
    """The same of hours that stand column by column, oldest first; a column that is left out was not reported."""
    if not at:
        return Traffic(Window(now, now), busy_s=None)
    peak = max(_known(columns.get("concurrency_utilization_max", ())), default=None)
    warm, spilled = (_sum(columns.get(f"{name}_invocations", ())) for name in ("provisioned", "spillover"))
    minutes = _sum(columns.get("instance_minutes", ()))
    nothing: Column = (None,) * len(at)
    latency, calls = columns.get("model_latency_ms_sum", nothing), columns.get("invocations", nothing)
    billed = [billed_s(*each) for each in zip(latency, calls, strict=True)]
    has_latency = any(value is not None for value in latency)
    return Traffic(
        window=Window(at[0], max(at[0], min(at[-1] + HOUR, now))),
        # Seconds of execution as they are billed; None where no hour reported any.
        busy_s=sum(billed, Decimal(0)) if has_latency else None,
        calls=_sum(columns.get("processed", ()) if kind == Kind.ASYNCHRONOUS else calls),
        peak_concurrency=None
        if peak is None or max_concurrency is None
        else math.ceil(round(peak * max_concurrency, 6)),
        provisioned_share=_warm_share(warm, spilled),
        hours=tuple(UseHour(*each) for each in zip(at, billed, strict=True) if each[1]),
        instance_hours=None if minutes is None else minutes / 60,
    )


def _known(values: Column) -> list[float]:
    return [value for value in values if value is not None]


def _sum(values: Column) -> Decimal | None:
    """Exact: counts are whole numbers nearly always, and add up as such."""
    known = _known(values)
    if not known:
        return None
    if min(known) >= 0 and all(map(float.is_integer, map(float, known))):
        return Decimal(sum(map(int, known)))
    return sum(map(exact, known), Decimal(0))


def _warm_share(warm: Decimal | None, spilled: Decimal | None) -> Decimal | None:
    """Part of the calls that provisioned concurrency served; None where CloudWatch reported no such calls."""
    if warm is None or not warm + (spilled or 0):
        return None
    return warm / (warm + (spilled or 0))
