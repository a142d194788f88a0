"""The Cold starts tab of an endpoint: what is measured, what is inferred, when, why, and what fewer would cost."""

from datetime import timedelta
from typing import Any

from django.urls import reverse

from dashboards import wording
from dashboards.cold_starts.tables import WHY_ESTIMATED, WHY_OUTLIERS, hour_grid
from dashboards.endpoint import causes, figures, judged, tiles
from dashboards.planner import minutes, outcomes, words
from dashboards.tables import Column, PlainTable
from fleet.analysis import cold_starts as analysis
from fleet.analysis import warmth
from fleet.planning import forecasts
from fleet.queries import cold_start_causes
from fleet.queries import planning as queries
from fleet.queries.endpoint import Activity, Head
from fleet.queries.scope import ScopeFilter

MEASURED, INFERRED, JUDGED = "measured", "inferred", "judged"
_FITS = {
    warmth.Fit.NONE: "none is kept",
    warmth.Fit.CANNOT_TELL: "cannot tell",
    warmth.Fit.WASTED: f"wasted: never {wording.percent(warmth.WASTED_BELOW)} of it busy at once",
    warmth.Fit.SHORT: f"short: over {wording.percent(warmth.SHORT_ABOVE)} of calls spilled over",
    warmth.Fit.FITTING: "fits: busy, and little spills over",
}


def context(head: Head, activity: Activity) -> dict[str, Any]:
    """The tab's part of the template context."""
    found = judged.cold(activity)
    chosen = [
        tiles.calls(head, activity),
        tiles.cold_starts(head, activity, found),
        tiles.time_lost(head, activity, found),
    ]
    chosen += [tiles.concurrency(head, activity), tiles.spillover(head, activity)]
    cells = analysis.hour_of_week(activity.rows)
    with_calls = {(c.weekday + 1, c.hour): (c.calls, c.cold) for c in cells if c.calls}
    return {
        "tiles": chosen,
        "charts": [figures.figure(activity, "cold-starts")],
        "grid": hour_grid(with_calls) if activity.window.length >= timedelta(days=7) else None,
        **_why(head, activity, found),
        "known": known(head, activity, found),
        "is_serverless": True,
        "counted": WHY_OUTLIERS if found.method is analysis.Method.OVERHEAD_OUTLIERS else WHY_ESTIMATED,
        **_planned(head),
    }


def _why(head: Head, activity: Activity, found: analysis.ColdStarts) -> dict[str, Any]:
    """Causes from the window's own minutes up to a day, from the days that were counted beyond."""
    if activity.window.has_fine_buckets:
        return {"causes": causes.table(head, activity, found), "causes_from": "told from 1-minute buckets"}
    days = cold_start_causes.of_endpoint(head.endpoint, head.variant_ids, activity.window)
    return {"causes": causes.of_days(days), "causes_from": causes.counted(days)}


def _planned(head: Head) -> dict[str, Any]:
    """The stored forecast in a sentence, and how earlier ones turned out. Nothing is asked for here."""
    row = queries.stored(head.main) if head.main is not None else None
    held = forecasts.plan_of(row) if row is not None else None
    live = queries.capacity_now(head.main) if head.main is not None else None
    told = queries.checks(ScopeFilter(), head.main) if head.main is not None else []
    return {
        "planner_url": reverse("endpoints:planner", args=[head.endpoint.pk]),
        "planned": words.opening(held.under(live)) if held is not None and live is not None else None,
        "planned_row": row,
        "planner_price": minutes.beforehand(head.main) if head.main is not None and row is None else "",
        "outcomes": outcomes.table(told) if told else None,
    }


def known(head: Head, activity: Activity, found: analysis.ColdStarts) -> PlainTable:
    """Figures of warm capacity, limits and latency, each with how it is known."""
    warm = warmth.use(
        activity.rows,
        head.main.provisioned_concurrency if head.main else None,
        activity.window.length,
    )
    full, slow = warmth.saturation(activity.rows), warmth.latencies(activity.rows)
    refused = "not known" if not full.is_known else _buckets(full.buckets)
    rows = [
        ("Calls that provisioned concurrency took", _absorbed(warm), MEASURED),
        ("Its largest use at once", _used(warm), MEASURED),
        ("Does it fit", _FITS[warm.fit], JUDGED),
        ("Max concurrency was reached", refused, MEASURED),
        ("4xx answers in that time, no proof of refusal", wording.count(full.errors_4xx), MEASURED),
        ("A call without cold start, mean", wording.millis(slow.warm_ms), MEASURED),
        ("A call with cold start, mean", wording.millis(slow.cold_ms), INFERRED),
        ("Cold starts", wording.count(found.count), INFERRED),
    ]
    columns = [Column("What"), Column("Figure", is_number=True), Column("How known")]
    return PlainTable("Measured and inferred", columns, rows)


def _absorbed(warm: warmth.WarmUse) -> str:
    if warm.absorbed is None:
        return wording.UNKNOWN
    return f"{wording.percent(warm.absorbed)} ({wording.count(warm.served)})"


def _used(warm: warmth.WarmUse) -> str:
    if warm.highest is None:
        return wording.UNKNOWN
    return wording.percent(warm.highest) + (f", full in {_buckets(warm.full)}" if warm.full else "")


def _buckets(number: int) -> str:
    return f"{wording.plural(number, 'bucket')}" if number else "never"
