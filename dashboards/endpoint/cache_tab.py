"""The Cache tab of a multi-model endpoint: what its cache did, what would help it, what that rests on."""

from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils import timezone

from dashboards import measured, wording
from dashboards.cache import curve, outlook
from dashboards.cache.tables import LOADED, UNLOADS, WAITS, use_tiles
from dashboards.endpoint import figures, judged, tiles
from dashboards.tiles import Tile
from fleet import hosted_models
from fleet.analysis.cache import CacheUse, Verdict
from fleet.models import HostedModelCount
from fleet.queries import cache_forecast, usage
from fleet.queries.endpoint import Activity, Head

Context = dict[str, Any]


def context(head: Head, activity: Activity) -> Context:
    """The tab's template context. Seven queries beside those of every tab."""
    use = judged.cache_use(activity)
    entered = hosted_models.entered(head.endpoint)
    found = cache_forecast.outlook(head.main, entered, timezone.now()) if head.main else None
    verdict, since = judged.cache_verdict_of_window(head, activity), None
    if found is not None and found.verdict is not Verdict.NO_DATA:
        verdict, since = found.verdict, found.since
    forecast = outlook.context(found) if found else {}
    return {
        "tiles": [*_tiles(head, activity, use, entered), tiles.memory(head, activity)],
        "charts": [figures.figure(activity, "cache", "")],
        "use": use,
        "verdict": verdict,
        "verdict_since": since,
        "entered": entered,
        "hosted_url": reverse("endpoints:hosted_models", args=[head.endpoint.pk]),
        "cache_facts": _facts(activity, use) + (outlook.facts(found) if found else []),
        "curve_table": curve.table(found) if found and forecast.get("curve_src") else None,
        **forecast,
    }


def _tiles(head: Head, activity: Activity, use: CacheUse, entered: HostedModelCount | None) -> list[Tile]:
    window, as_of = activity.window, head.data_until
    before = judged.cache_before(activity)
    hits, unloads = use_tiles(use, before, window, as_of)[:2]
    # The options below are of another window: each says which it is of.
    hits = replace(hits, unit=window.label if hits.number is not None else "")
    wait = Tile(
        "Wait for loading",
        None if use.wait_share is None else wording.percent(use.wait_share, unit=False),
        unit="% of latency",
        note=f"load {wording.millis(use.load_ms)}, download {wording.millis(use.download_ms)} on average",
        reason="ModelLoadingWaitTime was not reported",
        explain=measured.explain(
            "Part of callers' waiting that went into loading models.", window,
            formula="Σ wait ÷ (Σ wait + Σ model latency)", source=WAITS, as_of=as_of,
        ),
    )  # fmt: skip
    loaded = Tile(
        "Loaded at once",
        None if use.loaded_models is None else wording.count(round(use.loaded_models)),
        unit=f"of {entered.count:,}" if entered else "",
        note="copies per instance, mean of the window",
        reason="LoadedModelCount was not reported",
        explain=measured.explain(
            "Models in memory, mean per instance. A model loaded on two instances counts twice. AWS tells of no "
            "single instance.", window,
            formula="mean of Average(LoadedModelCount)", source=LOADED, as_of=as_of,
        ),
    )  # fmt: skip
    return [hits, unloads, _loads(use, activity, head), wait, loaded]


def _loads(use: CacheUse, activity: Activity, head: Head) -> Tile:
    per_hour = usage.ratio(use.loads, use.hours)
    return Tile(
        "Loads",
        None if per_hour is None else wording.count(round(per_hour, 1)),
        unit="per hour",
        reason="CloudWatch reported nothing",
        explain=measured.explain(
            "Models loaded into memory, per hour that has figures.", activity.window,
            formula=f"{wording.count(use.loads)} loads ÷ {use.hours:.1f} h",
            source=UNLOADS.replace("Unloading", "Loading"), as_of=head.data_until,
        ),
    )  # fmt: skip


def _facts(activity: Activity, use: CacheUse) -> list[tuple[str, str]]:
    disk = usage.mean(activity.rows, "disk_pct")
    return [
        ("Look-ups", wording.count(use.look_ups)),
        ("Waited for a model", wording.count(use.misses)),
        ("Loads", wording.count(use.loads)),
        ("Unloads", wording.count(use.unloads)),
        ("Unloads per 1,000 look-ups", wording.amount(use.unloads_per_1000, 1)),
        ("Disk in use", wording.UNKNOWN if disk is None else f"{disk:.0f} %"),
    ]
