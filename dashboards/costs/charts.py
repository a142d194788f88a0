"""Cost per day, stacked by kind or by component, with the budget's even share as a line."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from dashboards import charts, wording
from dashboards.costs import rows
from dashboards.status import COMPONENT_LABELS, KIND_LABELS
from dashboards.tables import Column, PlainTable
from fleet.models import Budget
from fleet.queries.costs import DayCost, component_of, in_order, kind_of, stacked

LABELS = {"kind": KIND_LABELS, "component": COMPONENT_LABELS}
TINTS = {"kind": "kind-{}", "component": "cost-{}"}


def layers(found: Sequence[DayCost], stack: str, days: Sequence[date]) -> dict[str, list[Decimal | None]]:
    """Amounts per layer aligned with `days`, in the fixed order of the stack."""
    sums = stacked(found, kind_of if stack == "kind" else component_of, days)
    return {key: sums[key] for key in in_order(sums)}


def cost_per_day(
    found: Sequence[DayCost], stack: str, days: Sequence[date], budget: Budget | None
) -> charts.Payload:
    """Stacked bars by UTC day; the budget is drawn spread evenly over the days of its month."""
    drawn = layers(found, stack, days)
    bars = [
        charts.Series(LABELS[stack].get(key, key), TINTS[stack].format(key), values)
        for key, values in drawn.items()
    ]
    if not any(value is not None for layer in drawn.values() for value in layer):
        return charts.empty("No cost has been worked out for these days yet.")
    level, top = [], None
    if budget:
        share = budget.amount_usd / days_in_month(days[-1])
        words = f"budget {wording.usd(budget.amount_usd)}, evenly spread: {wording.usd(share)} a day"
        level = [charts.Threshold(float(share), words, "accent")]
        highest = max(sum(layer[n] or 0 for layer in drawn.values()) for n in range(len(days)))
        # Plotly does not make room for a line alone, and its label stands above it.
        top = float(max(highest, share)) * 1.12
    panel = charts.Panel(unit="$", bars=bars, thresholds=level, maximum=top)
    payload = charts.panels(list(days), [panel])
    payload["layout"]["xaxis"] = {"hoverformat": "%a %-d %b, UTC day", "tickformat": "%-d %b"}
    return payload


def legend(found: Sequence[DayCost], stack: str, days: Sequence[date]) -> list[tuple[str, str]]:
    """Dots and words, in the order of the stack."""
    return rows.legend(layers(found, stack, days), LABELS[stack])


def table(found: Sequence[DayCost], stack: str, days: Sequence[date]) -> PlainTable:
    """The figures of the chart, newest day last, each day with its sum."""
    drawn = layers(found, stack, days)
    sums = [[layer[n] for layer in drawn.values()] for n in range(len(days))]
    columns = [
        Column("Day (UTC)"),
        *(Column(f"{LABELS[stack].get(key, key)}, $", is_number=True) for key in drawn),
        Column("Total, $", is_number=True),
    ]
    cells = []
    for day, values in zip(days, sums, strict=True):
        known = [value for value in values if value is not None]
        total = sum(known, Decimal(0)) if known else None
        shown = rows.apportion(values, total)
        cells.append([f"{day:%a} {day.day} {day:%b}", *map(wording.amount, shown), wording.amount(total)])
    return PlainTable("Cost per day", columns, cells)


def days_in_month(day: date) -> int:
    """Length of the month that `day` is in."""
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (following - day.replace(day=1)).days
