"""The spans of days whose sums are kept by line (fleet.rollups.spans), so that a long one is read like a short one."""

from datetime import date, timedelta

from fleet.queries.cost_scope import Span

YEAR_DAYS = 395
"""13 months: a year beside the same month of the year before."""
_DAY = timedelta(days=1)
_QUARTER_MONTHS = 3


def spans(today: date) -> dict[str, Span]:
    """The kept spans by key, those that end today first; they are the Costs page's own."""
    month = today.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % _QUARTER_MONTHS)
    return {
        "24h": Span(today - _DAY, today),
        "7d": Span(today - 7 * _DAY, today),
        "30d": Span(today - 30 * _DAY, today),
        "month": Span(month, today),
        "quarter": Span(quarter, today),
        "13-months": Span(today - (YEAR_DAYS - 1) * _DAY, today),
        "last-month": Span((month - _DAY).replace(day=1), month - _DAY),
    }


def key_of(span: Span, today: date) -> str:
    """The key of a kept span, "" for any other."""
    return next((key for key, kept in spans(today).items() if kept == span), "")
