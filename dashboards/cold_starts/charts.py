"""Charts of the Cold starts page: the trend, and how the planner's forecasts turned out."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from dashboards import charts, measured, wording
from dashboards.endpoint import causes
from dashboards.planner import outcomes
from dashboards.scope import PageScope
from dashboards.tables import Column, PlainTable
from fleet.analysis.planner import checks
from fleet.models import PredictionCheck
from fleet.queries.cold_start_causes import Causes
from fleet.queries.cold_start_hours import TrendPoint, is_daily
from fleet.queries.scope import TimeRange


def trend(points: Sequence[TrendPoint], window: TimeRange) -> charts.Payload:
    """Cold starts as bars above their share of calls; an hour without calls is a gap."""
    found = {point.at: point for point in points}
    steps = _steps(points, window)
    share = [
        None if (point := found.get(at)) is None or point.share is None else point.share * 100 for at in steps
    ]
    cold = [point.cold if (point := found.get(at)) is not None else None for at in steps]
    return charts.panels(
        steps,
        [
            charts.Panel(bars=[charts.Series("Cold starts", "accent", cold)]),
            charts.Panel(
                unit="%", lines=[charts.Series("Share of calls", "ink-3", share, label="share")], weight=0.7
            ),
        ],
    )


def context(request: HttpRequest, scoped: PageScope, points: Sequence[TrendPoint]) -> dict[str, Any]:
    """The trend's part of the page."""
    step = _step(scoped.range)
    rows = [
        (
            measured.when(point.at, step),
            wording.count(point.calls),
            wording.count(point.cold),
            wording.percent(point.share),
        )
        for point in points
    ]
    columns = [
        Column("From (UTC)"),
        *(Column(label, is_number=True) for label in ("Calls", "Cold starts", "Share")),
    ]
    words = measured.step_words(step)
    return {
        "trend_url": f"{reverse('cold_starts:chart')}?{request.GET.urlencode()}",
        "trend_step": words,
        "trend_table": PlainTable(f"Cold starts {words}", columns, rows) if points else None,
    }


def why(found: Causes) -> dict[str, Any]:
    """The causes' part of the page."""
    limit = wording.plural(found.at_limit, "minute") if found.at_limit else ""
    return {"causes": causes.of_days(found), "causes_from": causes.counted(found), "at_limit": limit}


def calibrated(found: Sequence[PredictionCheck], request: HttpRequest) -> dict[str, Any]:
    """How the planner's forecasts turned out, over the newest of the scope."""
    told = checks.calibrate(checks.Outcome(check.outcome) for check in found)
    return {
        "calibration": told,
        "calibration_url": f"{reverse('cold_starts:calibration')}?{request.GET.urlencode()}",
        "calibration_table": outcomes.table(found, has_endpoint=True) if found else None,
        "nothing_compared": outcomes.NOTHING,
    }


def _step(window: TimeRange) -> timedelta:
    return timedelta(days=1) if is_daily(window) else timedelta(hours=1)


def _steps(points: Sequence[TrendPoint], window: TimeRange) -> list[Any]:
    """Every hour or day from the first with calls to the end of the window."""
    if not points:
        return []
    step, at, found = _step(window), points[0].at, []
    while at < window.end:
        found.append(at)
        at += step
    return found
