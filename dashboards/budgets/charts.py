"""What is left of a budget day by day: actual, the even pace, and the forecast with its interval."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from dashboards import charts, wording
from dashboards.tables import Column, PlainTable
from fleet.queries.cost_scope import Span
from fleet.queries.forecast import Outlook

LEGEND = [
    ("line-actual", "Left, actual"),
    ("line-pace", "Left at an even pace"),
    ("line-forecast", "Left, forecast, with the interval of four in five outcomes"),
]
_DAY = timedelta(days=1)
Values = list[Decimal | None]


def burn_down(amount: Decimal, period: Span, seen: Outlook, today: date) -> charts.Payload:
    """Lines over the days of the period; each value stands for the end of its UTC day, today's for now."""
    actual = _actual(amount, period, seen, today)
    if all(value is None for value in actual):
        return charts.empty("No cost has been worked out for this period yet.")
    middle, low, high = _ahead(amount, period, seen, today)
    panel = charts.Panel(
        unit="$",
        bands=[charts.Band("Left, forecast", low, high)],
        lines=[
            charts.Series("Left at an even pace", "ink-3", _pace(amount, period), dash="dash", width=1),
            charts.Series("Left, forecast", "accent", middle, dash="dot"),
            charts.Series("Left, actual", "ink", actual, width=2),
        ],
    )
    payload = charts.panels(period.days, [panel])
    payload["layout"]["xaxis"] |= {"hoverformat": "%a %-d %b, end of the UTC day", "tickformat": "%-d %b"}
    # d3 puts its own "$" behind the minus sign, where a prefix would stand before it.
    payload["layout"]["yaxis"] |= {"tickprefix": "", "tickformat": "$,~r"}
    payload["layout"]["yaxis"] |= {"zeroline": True, "zerolinecolor": charts.colour("failed")}
    return payload


def table(amount: Decimal, period: Span, seen: Outlook, today: date) -> PlainTable:
    """The figures of the chart."""
    actual, (middle, low, high) = (
        _actual(amount, period, seen, today),
        _ahead(amount, period, seen, today),
    )
    columns = [
        Column("Day (UTC)"),
        *(
            Column(words, is_number=True)
            for words in ("Left, $", "Even pace, $", "Forecast, $", "Low, $", "High, $")
        ),
    ]
    rows: Sequence[Values] = list(zip(actual, _pace(amount, period), middle, low, high, strict=True))  # type: ignore[arg-type]
    cells = [
        [
            f"{day:%a} {day.day} {day:%b}",
            *("" if value is None else wording.amount(value) for value in values),
        ]
        for day, values in zip(period.days, rows, strict=True)
    ]
    return PlainTable("What is left of the budget", columns, cells)


def _actual(amount: Decimal, period: Span, seen: Outlook, today: date) -> Values:
    """None before the first day with a cost and after today; a day without a cost leaves a gap."""
    found: Values = []
    spent = Decimal(0)
    for day in period.days:
        cost = seen.days.get(day) if day <= today else None
        spent += cost or 0
        found.append(None if cost is None else amount - spent)
    return found


def _pace(amount: Decimal, period: Span) -> Values:
    share = amount / len(period.days)
    return [amount - each for each in accumulate([share] * len(period.days))]


def _ahead(amount: Decimal, period: Span, seen: Outlook, today: date) -> tuple[Values, Values, Values]:
    """What is left at the end of each day from yesterday on: middle, low and high. Empty lines without a forecast."""
    by_day = {
        each.day: (amount - each.total, amount - each.high, amount - each.low) for each in seen.forecast.ahead
    }
    start = today - _DAY
    if by_day and (left := _left_before(amount, period, seen, today)) is not None:
        by_day[start] = (left, left, left)
    lines: tuple[Values, Values, Values] = ([], [], [])
    for day in period.days:
        for line, value in zip(lines, by_day.get(day, (None, None, None)), strict=True):
            line.append(value)
    return lines


def _left_before(amount: Decimal, period: Span, seen: Outlook, today: date) -> Decimal | None:
    known = [usd for day, usd in seen.days.items() if period.first <= day < today and usd is not None]
    return amount - sum(known, Decimal(0)) if known else None
