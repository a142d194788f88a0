"""The hourly curve of what Savings Plans could cover, with the levels that commitments reach."""

from collections.abc import Sequence
from decimal import Decimal

from dashboards import charts, wording
from dashboards.tables import Column, PlainTable
from fleet.costs.hour_curve import HOURS_PER_DAY
from fleet.queries.savings_plans import Eligible


def hourly(found: Eligible, levels: Sequence[tuple[str, Decimal]]) -> charts.Payload:
    """USD an hour at on-demand prices. levels: words and height of each commitment."""
    if not found.usages:
        return charts.empty("Nothing that Savings Plans cover was used in these days.")
    line = charts.Series("Eligible spend an hour", "cost-instance-time", found.by_hour)
    marks = [charts.Threshold(level, words, "accent") for level, words in _apart(levels).items()]
    return charts.lines(found.hours, [line], unit="$", thresholds=marks)


def _apart(levels: Sequence[tuple[str, Decimal]]) -> dict[float, str]:
    """Height → words; commitments of the same height share a line, whose words would else stand on each other."""
    found: dict[float, str] = {}
    for words, level in levels:
        height = next((each for each in found if abs(each - float(level)) < each / 20), float(level))
        found[height] = "; ".join(filter(None, [found.get(height), words]))
    return found


def by_day(found: Eligible) -> PlainTable:
    """The curve's figures by day: least, mean and most of its hours."""
    hours = found.by_hour
    days = found.span.days if found.span else []
    rows = []
    for n, day in enumerate(days):
        part = hours[n * HOURS_PER_DAY : (n + 1) * HOURS_PER_DAY]
        figures = (min(part), sum(part, Decimal(0)) / len(part), max(part))
        rows.append((f"{day:%a %-d %b}", *(wording.amount(each, 3) for each in figures)))
    columns = [
        Column("Day (UTC)"),
        *(Column(f"{word} hour, $", is_number=True) for word in ("Least", "Mean", "Most")),
    ]
    return PlainTable("Eligible spend by hour, by day", columns, rows)
