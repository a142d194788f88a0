"""Forecasts held against what came: the table of an endpoint, and the calibration of the whole fleet."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from dashboards import charts, wording
from dashboards.planner import words
from dashboards.tables import Column, PlainTable
from fleet.analysis.planner.checks import Outcome
from fleet.analysis.planner.interval import Range
from fleet.models import Operation, Prediction, PredictionCheck

NOTHING = "No forecast has been held against reality yet: that comes a day after a change planned from one."
LABELS = {
    Outcome.INSIDE: "Within the range",
    Outcome.ABOVE: "More than the range",
    Outcome.BELOW: "Fewer than the range",
    Outcome.TRAFFIC_MOVED: "Other traffic",
    Outcome.LEVEL_CHANGED: "Level changed again",
    Outcome.UNKNOWN: "Cannot be told",
}
_DRAWN = {Outcome.INSIDE: "accent", Outcome.ABOVE: "failed", Outcome.BELOW: "attention-mark"}
_LEAST = 0.5
"""Where nothing is drawn on axes of powers of ten."""


def table(checks: Sequence[PredictionCheck], *, has_endpoint: bool = False) -> PlainTable:
    """What was forecast and what came, the newest first. has_endpoint: name the endpoints, too."""
    columns = [
        *([Column("Endpoint")] if has_endpoint else []),
        Column("Change"),
        Column("After", is_number=True),
        Column("Forecast", is_number=True),
        Column("Seen", is_number=True),
        Column("Calls forecast", is_number=True),
        Column("Calls seen", is_number=True),
        Column("Result"),
    ]
    rows = [
        (
            *([check.prediction.variant.endpoint.name] if has_endpoint else []),
            f"{check.prediction.option}, {check.prediction.operation}",
            wording.plural(check.days, "day"),
            words.figure(Range(check.expected, check.low, check.high)),
            wording.count(check.seen),
            wording.count(round(check.expected_calls)),
            wording.count(check.calls),
            LABELS[Outcome(check.outcome)],
        )
        for check in checks
    ]
    return PlainTable("Forecast and what came", columns, rows)


def calibration(checks: Sequence[PredictionCheck]) -> charts.Payload:
    """Seen over forecast, both on axes of powers of ten; the line is where a perfect forecast lies."""
    told = [check for check in checks if Outcome(check.outcome).is_judged]
    if not told:
        return charts.empty(NOTHING)
    most = max(max(check.expected, check.seen or 0.0, 10.0) for check in told) * 1.5
    perfect = charts.Series("As forecast", "ink-3", [_LEAST, most], dash="dash", width=1)
    payload = charts.lines([_LEAST, most], [perfect])
    payload["data"][0]["hoverinfo"] = "skip"
    for outcome, tint in _DRAWN.items():
        some = [check for check in told if check.outcome == outcome]
        if some:
            payload["data"].append(_dots(some, LABELS[outcome], tint))
    axis = {"type": "log", "dtick": 1, "rangemode": "normal", "tickformat": ",~r"}
    payload["layout"]["xaxis"] |= axis | {"title": {"text": "Cold starts forecast", "standoff": 8}}
    payload["layout"]["yaxis"] |= axis | {"title": {"text": "Cold starts seen", "standoff": 8}}
    payload["layout"] |= {"hovermode": "closest", "margin": {"b": 48, "r": 24}}
    return payload


def _dots(checks: Sequence[PredictionCheck], name: str, tint: str) -> dict[str, object]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [max(check.expected, _LEAST) for check in checks],
        "y": [max(check.seen or 0.0, _LEAST) for check in checks],
        "customdata": [
            [charts.plain(check.prediction.variant.endpoint.name), check.days, f"{check.expected:,.0f}", check.seen]
            for check in checks
        ],
        "hovertemplate": "%{customdata[0]}, after %{customdata[1]} d<br>forecast %{customdata[2]}, "
        "seen %{customdata[3]:,.0f}<extra></extra>",
        "marker": {"size": 8, "color": charts.colour(tint)},
    }  # fmt: skip


def of_operation(operation: Operation) -> dict[str, Any]:
    """What an operation's page says of the forecast that it was planned from; empty where none was kept."""
    found = Prediction.objects.filter(operation=operation).prefetch_related("checks").first()
    if found is None:
        return {}
    said = words.figure(Range(found.cold, found.cold_low, found.cold_high))
    price = "" if found.usd is None else f", {wording.usd(found.usd)} a month"
    told = list(found.checks.all())
    return {
        "prediction": found,
        "prediction_words": f"{said} cold starts a month in {wording.count(round(found.calls))} calls{price}.",
        "prediction_checks": told,
        "planner_url": reverse("endpoints:planner", args=[operation.endpoint_id]),
    }
