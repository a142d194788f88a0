"""Cache and cold-start figures of one endpoint, as the analysis judges its stored buckets."""

from datetime import datetime

from fleet.analysis import cache as cache_analysis
from fleet.analysis import cold_starts as cold_analysis
from fleet.queries import cache as cache_queries
from fleet.queries.endpoint import Activity, Head
from fleet.types import MetricRow


def cache_use(activity: Activity) -> cache_analysis.CacheUse:
    """Cache figures over the hours that have any."""
    seen = [
        row
        for row in activity.rows
        if row.get("cache_hit_count") is not None or row.get("unload_count") is not None
    ]
    use = cache_analysis.use(activity.rows, sum(row.period_s for row in seen) / 3600)
    if use.unloads is None and use.look_ups is not None:
        return cache_analysis.use([*activity.rows, _no_unload(activity)], use.hours)
    return use


def _no_unload(activity: Activity) -> MetricRow:
    first = activity.rows[0]
    return type(first)(first.variant_id, first.at, 0, {"unload_count": 0.0})


def cache_verdict(head: Head, activity: Activity) -> tuple[cache_analysis.Verdict, datetime | None]:
    """Our verdict on the cache and since when: as last judged hour by hour, else over the window. One query."""
    kept = cache_queries.judgement(head.main.pk) if head.main else None
    if kept is not None and kept.verdict != cache_analysis.Verdict.NO_DATA:
        return cache_analysis.Verdict(kept.verdict), kept.since
    return cache_verdict_of_window(head, activity), None


def cache_verdict_of_window(head: Head, activity: Activity) -> cache_analysis.Verdict:
    """Our verdict on the cache over the window alone, whatever it was before."""
    return cache_analysis.verdict(
        cache_use(activity), changed_at=head.endpoint.modified_at, until=activity.window.end
    )


def cold(activity: Activity) -> cold_analysis.ColdStarts:
    """Cold starts in the window; a serverless variant without a sample had none where it had some before.

    Only where no sample is published are they told from overhead latency, against the endpoint's own seven days.
    """
    return cold_analysis.count(
        activity.rows,
        outlier_ms=cold_analysis.threshold_ms(activity.baseline),
        publishes_samples=activity.publishes_setup,
    )


def cache_before(activity: Activity) -> cache_analysis.CacheUse | None:
    """Cache figures of the window before, over as many hours; None when that history is not stored."""
    before = activity.before
    if not before:
        return None
    look_ups, unloads = before.get("cache_hit_count"), before.get("unload_count")
    return cache_analysis.CacheUse(
        look_ups=look_ups,
        hits=before.get("cache_hit_sum"),
        # Beside look-ups, silence means that nothing was unloaded.
        unloads=0.0 if unloads is None and look_ups else unloads,
        loads=before.get("load_count"),
        hours=activity.window.length.total_seconds() / 3600,
    )
