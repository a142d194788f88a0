"""Tiles and hour-of-week grid of the Cold starts page."""

from collections.abc import Mapping
from typing import Any

from dashboards import measured, wording
from dashboards.tiles import Tile
from fleet.queries.cold_starts import ColdStartPage
from fleet.queries.scope import TimeRange

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SOURCE = "CloudWatch ModelSetupTime (SampleCount, Average), Invocations (Sum)"
WHY_ESTIMATED = (
    "Counted as ModelSetupTime samples. AWS defines the metric as the time to launch new compute, but does not say "
    "that it is emitted on cold starts only, so the count is an estimate."
)
WHY_OUTLIERS = (
    "CloudWatch reported no set-up sample in 30 days, so a minute whose highest overhead latency stands out from the "
    "endpoint's own seven days counts as one cold start. Other pages, the export and alerts count no such minute."
)


def hour_grid(cells: Mapping[tuple[int, int], tuple[float | None, float | None]]) -> list[dict[str, Any]]:
    """Rows of components/hour_grid.html from (ISO weekday, hour) → (calls, cold starts); absent = no calls."""
    most = max((cold or 0.0 for _, cold in cells.values()), default=0.0)
    return [
        {"label": day, "cells": [_cell(day, hour, cells.get((number, hour)), most) for hour in range(24)]}
        for number, day in enumerate(WEEKDAYS, start=1)
    ]


def _cell(
    day: str, hour: int, found: tuple[float | None, float | None] | None, most: float
) -> dict[str, Any]:
    when = f"{day} {hour:02}:00 UTC"
    if found is None:
        return {"level": None, "text": "", "title": f"{when}: no calls"}
    calls, cold = found
    count = cold or 0.0
    level = 0 if not count else max(1, round(count / most * 4))
    text = "" if not count else (wording.count(round(count)) if count < 1000 else f"{count / 1000:.0f}k")
    return {
        "level": level,
        "text": text,
        "title": f"{when}: {wording.count(count)} cold starts in {wording.count(calls)} calls",
    }


def tiles(found: ColdStartPage, window: TimeRange) -> list[Tile]:
    """Count and share, seconds lost, worst set-up, endpoints concerned; spill-over where anyone reported it."""
    return [_count(found, window), _lost(found, window), _worst(found, window), _concerned(found, window)]


_NO_SAMPLES = "No serverless endpoint in this scope reported set-up samples"


def _count(found: ColdStartPage, window: TimeRange) -> Tile:
    share = wording.percent(found.share)
    return Tile(
        "Cold starts",
        None if found.cold is None else wording.count(found.cold),
        note="" if found.share is None else f"{share} of {wording.count(found.calls)} calls",
        reason=_NO_SAMPLES,
        explain=_explain(found, window, WHY_ESTIMATED, "Σ SampleCount(ModelSetupTime)"),
    )


def _lost(found: ColdStartPage, window: TimeRange) -> Tile:
    text, formula = "Each sample waited its set-up time.", "Σ SampleCount × Average(ModelSetupTime)"
    return Tile(
        "Time callers lost",
        None if found.wasted_s is None else wording.count(round(found.wasted_s)),
        unit="s",
        note=f"{wording.millis(found.per_start_s * 1000)} each on average" if found.per_start_s else "",
        reason=_NO_SAMPLES,
        title="" if found.wasted_s is None else f"{found.wasted_s:,.3f} s",
        explain=_explain(found, window, text, formula),
    )


def _worst(found: ColdStartPage, window: TimeRange) -> Tile:
    worst = found.worst_p99_ms
    text = "The highest p99 of any bucket. Percentiles of buckets are never averaged."
    return Tile(
        "Worst set-up p99",
        None if worst is None else f"{worst / 1000:.2f}",
        unit="s",
        note=found.worst_name or "",
        reason="No set-up time was reported",
        explain=_explain(found, window, text, "max p99(ModelSetupTime)"),
    )


def _concerned(found: ColdStartPage, window: TimeRange) -> Tile:
    return Tile(
        "Endpoints with cold starts",
        str(found.concerned),
        unit=f"of {found.total}",
        note="serverless endpoints in this scope",
        explain=_explain(found, window, "Serverless endpoints with at least one set-up sample."),
    )


def _explain(found: ColdStartPage, window: TimeRange, text: str, formula: str = "") -> Any:
    return measured.explain(
        text, window, formula=formula, source=SOURCE, basis="estimated", as_of=found.data_until,
        inputs=[("Calls", wording.count(found.calls)), ("Samples", wording.count(found.cold))],
    )  # fmt: skip
