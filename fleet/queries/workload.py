"""What one variant did in a window of stored hours: the traffic that comparisons of costs rest on."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from fleet.costs.periods import Window, exact
from fleet.costs.serverless import execution_s
from fleet.costs.traffic import Traffic, UseHour
from fleet.models import HourBucket
from fleet.types import Kind, MetricRow

HOUR = timedelta(hours=1)
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
    if not found:
        return Traffic(Window(now, now), busy_s=None)
    peak = max(
        (value for row in found if (value := row.get("concurrency_utilization_max")) is not None),
        default=None,
    )
    warm, spilled = _sum(found, "provisioned_invocations"), _sum(found, "spillover_invocations")
    minutes = _sum(found, "instance_minutes")
    billed = [(row.at, execution_s(row)) for row in found]
    has_latency = any(row.get("model_latency_ms_sum") is not None for row in found)
    return Traffic(
        window=Window(found[0].at, max(found[0].at, min(found[-1].at + HOUR, now))),
        # Seconds of execution as they are billed; None where no hour reported any.
        busy_s=sum((busy_s for _, busy_s in billed), Decimal(0)) if has_latency else None,
        calls=_sum(found, "processed" if kind == Kind.ASYNCHRONOUS else "invocations"),
        peak_concurrency=None
        if peak is None or max_concurrency is None
        else math.ceil(round(peak * max_concurrency, 6)),
        provisioned_share=_warm_share(warm, spilled),
        hours=tuple(UseHour(at, busy_s) for at, busy_s in billed if busy_s),
        instance_hours=None if minutes is None else minutes / 60,
    )


def _sum(found: Sequence[MetricRow], column: str) -> Decimal | None:
    values = [exact(value) for row in found if (value := row.get(column)) is not None]
    return sum(values, Decimal(0)) if values else None


def _warm_share(warm: Decimal | None, spilled: Decimal | None) -> Decimal | None:
    """Part of the calls that provisioned concurrency served; None where CloudWatch reported no such calls."""
    if warm is None or not warm + (spilled or 0):
        return None
    return warm / (warm + (spilled or 0))
