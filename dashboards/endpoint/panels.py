"""What each tab of an endpoint shows: tiles, chart, tables."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from dashboards import truth, wording
from dashboards.cache.tables import use_tiles
from dashboards.cost_options import tab as options
from dashboards.endpoint import (
    advice,
    built_from,
    cache_tab,
    cold,
    configuration,
    cost,
    cost_shares,
    figures,
    history,
    judged,
    ownership,
    parts,
    queue_tiles,
    tiles,
)
from dashboards.scaling import findings as finding_panels
from dashboards.scaling import rows as scaling_rows
from dashboards.scope import PageScope
from dashboards.tiles import Tile
from fleet.analysis import cache as cache_analysis
from fleet.catalogue import BY_COLUMN
from fleet.instance_types import has_gpu
from fleet.queries import endpoint as queries
from fleet.queries import endpoint_timeline, scaling, scaling_findings, scaling_history, usage
from fleet.queries.endpoint import Activity, Head
from fleet.types import Kind

Context = dict[str, Any]
COSTS_STALE_AFTER = timedelta(hours=4)
PARTS_STALE_AFTER = timedelta(hours=3)


def context(key: str, head: Head, activity: Activity, scoped: PageScope, query: QueryDict) -> Context:
    """The open tab's part of the template context; query: what the reader chose on the tab itself."""
    base = reverse("endpoints:chart", args=[head.endpoint.pk, "NAME"])
    found = BUILD[key](head, activity)
    if key == "configuration":
        found |= history.context(head.endpoint, query)
    if key in {"containers", "components"}:
        found |= cost_shares.context(key, found, head, activity, query)
    drawn = [
        {
            "explain": figures.explain(chart, activity, head),
            **chart,
            "src": f"{base.replace('NAME', chart['name'])}?{scoped.query}",
        }
        for chart in found.pop("charts", [])
    ]
    if "tiles" in found:
        now = timezone.now()
        shown = [_not_asked(tile) for tile in found["tiles"]] if _is_unasked(head) else found["tiles"]
        found["tiles"] = [truth.aged_tile(tile, now, _stale_after(key, tile, head)) for tile in shown]
    return {"drawn": drawn, **found}


def _is_unasked(head: Head) -> bool:
    """CloudWatch is asked by variant and by kind: without either there is nothing to ask for."""
    return not head.variants or head.endpoint.kind == Kind.UNKNOWN


def _stale_after(key: str, tile: Tile, head: Head) -> timedelta:
    """Metrics follow the variant's cadence; parts are read and cost lines worked out once an hour."""
    if key in {"containers", "components"}:
        return max(head.stale_after, PARTS_STALE_AFTER)
    is_cost = key == "cost" or tile.label.startswith("Cost")
    return COSTS_STALE_AFTER if is_cost else head.stale_after


def _not_asked(tile: Tile) -> Tile:
    """An unknown figure of an endpoint whose variants or kind are unknown: CloudWatch was never asked for it."""
    if tile.number is not None or tile.label.startswith("Cost"):
        return tile
    return replace(tile, reason="Not asked: its variants or kind are not known")


def counts(head: Head, activity: Activity, use: cache_analysis.CacheUse | None) -> dict[str, str]:
    """The figures beside the tabs' labels."""
    found: dict[str, str] = {}
    if head.endpoint.kind == Kind.SERVERLESS and (starts := activity.total("setup_count")):
        found["cold-starts"] = wording.count(starts)
    if use is not None and use.hit_ratio is not None:
        found["cache"] = f"{use.hit_ratio:.2f}"
    if head.operation is not None:
        found["operations"] = "1"
    return found


def _summary(head: Head, activity: Activity) -> Context:
    kind = head.endpoint.kind
    month = cost.month_tile(head)
    chosen: list[Tile] = [tiles.calls(head, activity)]
    if kind == Kind.SERVERLESS:
        chosen += [tiles.cold_starts(head, activity, judged.cold(activity)), tiles.errors(head, activity)]
        chosen += [tiles.latency(head, activity), tiles.concurrency(head, activity)]
    elif kind == Kind.MULTI_MODEL:
        chosen += use_tiles(
            judged.cache_use(activity), judged.cache_before(activity), activity.window, head.data_until
        )[:2]
        chosen += [tiles.errors(head, activity), tiles.latency(head, activity)]
    elif kind == Kind.ASYNCHRONOUS:
        chosen += [
            queue_tiles.backlog(head, activity),
            queue_tiles.oldest(head, activity),
            queue_tiles.failures(head, activity),
        ]
    else:
        chosen += [tiles.errors(head, activity), tiles.latency(head, activity), tiles.cpu(head, activity)]
    name = "async" if kind == Kind.ASYNCHRONOUS else "summary"
    return {
        "tiles": [*chosen, month],
        "charts": [figures.figure(activity, name)],
        "moments": endpoint_timeline.timeline(head.endpoint)[:5],
        "facts": configuration.facts(head),
    }


def _traffic(head: Head, activity: Activity) -> Context:
    chosen = [tiles.calls(head, activity), tiles.errors(head, activity), tiles.latency(head, activity)]
    is_serverless = activity.kind == Kind.SERVERLESS
    chosen.append(tiles.concurrency(head, activity) if is_serverless else tiles.cpu(head, activity))
    if (
        not is_serverless
        and head.main is not None
        and head.main.instance_type
        and has_gpu(head.main.instance_type)
    ):
        chosen.append(tiles.gpu(head, activity))
    chosen.append(tiles.memory(head, activity))
    names = ["traffic", "resources"]
    return {
        "tiles": chosen,
        "charts": [figures.figure(activity, name, "tall" if name == "traffic" else "") for name in names],
        "missing": _missing(activity),
    }


def _missing(activity: Activity) -> str:
    """Names of what the traffic charts would show but AWS does not publish for this kind."""
    wanted = ("invocations", "overhead_ms_avg", "cpu_pct")
    names = [BY_COLUMN[column].name for column in wanted if activity.kind not in BY_COLUMN[column].kinds]
    return ", ".join(names)


def _async(head: Head, activity: Activity) -> Context:
    chosen = [
        tiles.calls(head, activity),
        queue_tiles.backlog(head, activity),
        queue_tiles.oldest(head, activity),
    ]
    stuck = usage.last(activity.rows, "backlog_without_capacity")
    return {
        "tiles": [*chosen, queue_tiles.drain(head, activity), queue_tiles.failures(head, activity)],
        "charts": [figures.figure(activity, "async")],
        "is_stuck": bool(stuck and stuck.value > 0),
        "async_facts": configuration.async_facts(head),
        "async_warning": configuration.async_warning(head),
    }


def _scaling(head: Head, activity: Activity) -> Context:
    rows = scaling.for_endpoint(head.endpoint, head.variants)
    targets = [(target, scaling_rows.words(target, with_findings=False)) for target in rows]
    found, unjudged, looked = scaling_findings.of_endpoint(head.endpoint)
    return {
        "findings": finding_panels.panels(found),
        "unjudged": unjudged,
        "looked": looked,
        "targets": targets,
        "is_serverless": activity.kind == Kind.SERVERLESS,
        "activities": scaling_history.of_endpoint(head.endpoint),
    }


def _configuration(head: Head, activity: Activity) -> Context:
    return configuration.context(head, queries.configuration(head))


def _timeline(head: Head, activity: Activity) -> Context:
    return {"moments": endpoint_timeline.timeline(head.endpoint)}


def _operations(head: Head, activity: Activity) -> Context:
    return {"operations": endpoint_timeline.operations(head.endpoint)}


BUILD: dict[str, Callable[[Head, Activity], Context]] = {
    "summary": _summary,
    "traffic": _traffic,
    "cold-starts": cold.context,
    "cache": cache_tab.context,
    "async": _async,
    "containers": parts.containers,
    "components": parts.components,
    "advice": advice.context,
    "cost": cost.context,
    "options": options.context,
    "scaling": _scaling,
    "configuration": _configuration,
    "built-from": built_from.context,
    "ownership": ownership.context,
    "timeline": _timeline,
    "operations": _operations,
}
