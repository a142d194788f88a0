"""Hit ratio above unloads, on one time axis, with the level at which the default rule warns."""

from collections.abc import Sequence
from datetime import timedelta

from dashboards import measured, wording
from dashboards.charts import Mark, Panel, Payload, Series, Threshold, panels
from dashboards.tables import Column, PlainTable
from fleet.analysis.cache import LIMITS
from fleet.queries import usage
from fleet.queries.scope import TimeRange
from fleet.types import MetricRow


def hit_ratio(buckets: Sequence[MetricRow], window: TimeRange, marks: Sequence[Mark] = ()) -> Payload:
    """buckets: merged over variants, oldest first; stretches without a bucket stay gaps."""
    rows = usage.with_gaps(buckets, window)
    ratios = [usage.ratio(row.get("cache_hit_sum"), row.get("cache_hit_count")) for row in rows]
    unloads = [row.get("unload_count") for row in rows]
    level = LIMITS.thrash_hit_ratio
    stack = [
        Panel(
            lines=[Series("Hit ratio", "kind-multi-model", ratios, label="Hit ratio")],
            thresholds=[Threshold(level, f"thrashing below {level:.2f}")],
            maximum=1.05,
        ),
        Panel(bars=[Series("Unloads", "ink-3", unloads)]),
    ]
    payload = panels([row.at for row in rows], stack, marks=marks)
    if "layout" in payload:
        payload["layout"]["yaxis2"]["title"] = {"text": f"Unloads {_per(window)}", "font": {"size": 11}}
        payload["layout"]["yaxis"]["title"] = {"text": "Hit ratio", "font": {"size": 11}}
    return payload


def caption(window: TimeRange) -> str:
    """What one point of the chart stands for."""
    return f"{measured.window_words(window)} · {_per(window)}"


def table(buckets: Sequence[MetricRow], window: TimeRange) -> PlainTable:
    """The chart's figures, added up to rows that people can read."""
    step = measured.table_step(window)
    rows = [
        (
            measured.when(row.at, step),
            _ratio(usage.ratio(row.get("cache_hit_sum"), row.get("cache_hit_count"))),
            wording.count(row.get("cache_hit_count")),
            wording.count(row.get("unload_count")),
        )
        for row in usage.grouped(buckets, step)
    ]
    columns = [
        Column("From (UTC)"),
        Column("Hit ratio", is_number=True),
        Column("Look-ups", is_number=True),
        Column(f"Unloads {measured.step_words(step)}", is_number=True),
    ]
    return PlainTable("Hit ratio and unloads", columns, rows)


def _per(window: TimeRange) -> str:
    return "per 5 minutes" if window.has_fine_buckets else measured.step_words(timedelta(hours=1))


def _ratio(value: float | None) -> str:
    return wording.UNKNOWN if value is None else f"{value:.3f}"
