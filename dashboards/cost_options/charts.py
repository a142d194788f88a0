"""The curve of an endpoint's options: USD a month over the traffic, with today's point."""

from collections.abc import Sequence
from decimal import Decimal

from dashboards import charts, wording
from dashboards.cost_options.words import label, times
from dashboards.tables import Column, PlainTable
from fleet.costs.break_even import SCALES, Family
from fleet.queries.cost_options import Choices, Line

NOTHING = "No way has a cost yet: its traffic or a price is not known."
_TABLE_STEP = 5
TINTS = {
    Family.SERVERLESS: "kind-serverless",
    Family.PROVISIONED: "cost-kept-warm",
    Family.ASYNCHRONOUS: "kind-asynchronous",
    Family.SHARED: "kind-multi-model",
    Family.REAL_TIME: "kind-real-time",
}
_DASHES = {Family.PROVISIONED: "dash", Family.SHARED: "dot"}


def chart(found: Choices | None) -> charts.Payload:
    """Lines over calls an hour, or over multiples of the traffic where calls are not reported."""
    if found is None or not found.lines:
        return charts.empty(NOTHING)
    today = calls_an_hour(found)
    x = [float(scale * (today or 1)) for scale in SCALES]
    payload = charts.lines(
        x,
        [_series(line) for line in found.lines],
        unit="$",
        marks=[charts.Mark(float(today or 1), "today", tint="ink-2")],
    )
    layout = payload["layout"]
    title = "Calls an hour" if today else "Times today's traffic"
    layout["xaxis"] |= {
        "type": "linear",
        "rangemode": "tozero",
        "hoverformat": ",.3~f",
        "tickformat": ",~r",
        "title": {"text": title, "standoff": 8},
    }
    layout["margin"] = {"b": 48}
    return payload


def table(lines: Sequence[Line]) -> PlainTable:
    """The curve's figures at halves of today's traffic."""
    columns = [Column("Traffic"), *(Column(f"{label(line.offer)}, $", is_number=True) for line in lines)]
    rows = [
        (times(scale), *(wording.amount(line.amounts[n]) for line in lines))
        for n, scale in enumerate(SCALES)
        if n % _TABLE_STEP == 0
    ]
    return PlainTable(
        "Cost a month by traffic", columns, rows, why_unknown="A price or the traffic is not known"
    )


def calls_an_hour(found: Choices) -> Decimal | None:
    """Mean calls an hour of the window; None where no calls are reported."""
    traffic = found.place.traffic
    if not traffic.calls or not traffic.window.hours:
        return None
    return traffic.calls / traffic.window.hours


def _series(line: Line) -> charts.Series:
    family = line.offer.option.family
    name = label(line.offer) + (", today" if line.offer.is_today else "")
    width = 3.0 if line.offer.is_today else 1.75
    return charts.Series(name, TINTS[family], line.amounts, dash=_DASHES.get(family, "solid"), width=width)
