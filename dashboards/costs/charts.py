"""Cost by day, week or month as a figure, its legend and its table; the budget's even share is a line over days."""

from datetime import date
from decimal import Decimal

from dashboards import charts, wording
from dashboards.costs import rows
from dashboards.costs.drawing import Drawing, bar_words
from dashboards.tables import Column, PlainTable
from fleet.models import Budget
from fleet.queries.cost_cover import DAY, MONTH

_AXES = {
    DAY: {"hoverformat": "%a %-d %b, UTC day", "tickformat": "%-d %b"},
    MONTH: {"hoverformat": "%B %Y", "tickformat": "%b %Y"},
}
_WEEKS = {"hoverformat": "week of %-d %b %Y", "tickformat": "%-d %b"}


def figure(drawing: Drawing, budget: Budget | None) -> charts.Payload:
    """Stacked bars; the budget is drawn spread evenly over the days of its month, and over days only."""
    if drawing.is_empty:
        return charts.empty("No cost has been worked out for these days yet.")
    bars = [charts.Series(layer.label, layer.tint, layer.values) for layer in drawing.layers]
    level, top = [], None
    if budget and drawing.grain == DAY:
        share = budget.amount_usd / days_in_month(drawing.days[-1])
        words = f"budget {wording.usd(budget.amount_usd)}, evenly spread: {wording.usd(share)} a day"
        level = [charts.Threshold(float(share), words, "accent")]
        # Plotly does not make room for a line alone, and its label stands above it.
        top = float(max(drawing.highest, share)) * 1.12
    panel = charts.Panel(unit="$", bars=bars, thresholds=level, maximum=top)
    payload = charts.panels(drawing.days, [panel])
    payload["layout"]["xaxis"] = _AXES.get(drawing.grain, _WEEKS)
    if drawing.grain != DAY:
        # Plotly's own ticks stand on Sundays.
        payload["layout"]["xaxis"] = {
            **payload["layout"]["xaxis"],
            "tickmode": "array",
            "tickvals": drawing.days,
        }
    return payload


def legend(drawing: Drawing) -> list[tuple[str, str]]:
    """Dots and words, in the order of the stack."""
    return [(layer.dot, layer.label) for layer in drawing.layers]


def table(drawing: Drawing) -> PlainTable:
    """The figures of the chart, newest last, each bar with its sum."""
    columns = [
        Column({DAY: "Day (UTC)", MONTH: "Month (UTC)"}.get(drawing.grain, "Week (UTC)")),
        *(Column(f"{layer.label}, $", is_number=True) for layer in drawing.layers),
        Column("Total, $", is_number=True),
    ]
    cells = []
    for n, bar in enumerate(drawing.bars):
        values = [layer.values[n] for layer in drawing.layers]
        known = [value for value in values if value is not None]
        total = sum(known, Decimal(0)) if known else None
        shown = rows.apportion(values, total)
        cells.append([bar_words(drawing, bar), *map(wording.amount, shown), wording.amount(total)])
    return PlainTable("Cost over time", columns, cells)


def days_in_month(day: date) -> int:
    """Length of the month that `day` is in."""
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (following - day.replace(day=1)).days
