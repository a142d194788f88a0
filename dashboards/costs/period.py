"""Which days the Costs page is about: the presets of its own range control, or two days that somebody typed."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import QueryDict

from dashboards.costs.forms import RangeForm
from dashboards.scope import RANGES
from fleet.queries.cost_cover import MONTH, following
from fleet.queries.cost_scope import Span
from fleet.queries.scope import WINDOW_KEYS, TimeRange

CUSTOM = "custom"
DEFAULT = "month"
QUARTER_MONTHS = 3
PRESETS: dict[str, tuple[str, str]] = {
    **{key: RANGES[key] for key in ("24h", "7d", "30d", "month")},
    "last-month": ("Last month", "last month"),
    "quarter": ("Quarter", "this quarter"),
}
"""Key in the URL → words on the button, words in a caption."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """The days of one page: key is their name in the URL, label their name in a sentence."""

    key: str
    label: str
    span: Span

    @property
    def window(self) -> TimeRange:
        """The same days as a window for what is not kept by day."""
        return TimeRange(self.key, self.label, self.span.start, self.span.end)


def read(query: QueryDict, shared: TimeRange) -> tuple[Period, RangeForm]:
    """The period of a query string, and its form with what is wrong about the days in it.

    shared: the range that all pages know, which counts unless one of this page's own is asked for; ends now. Days that
    cannot be give that one too.
    """
    today = shared.days[-1]
    key = query.get("range", "")
    if key == CUSTOM:
        form = RangeForm(query, today=today)
        if form.is_valid():
            span = Span(form.cleaned_data["from"], form.cleaned_data["to"])
            return Period(CUSTOM, f"{span.first} to {span.last}", span), form
        return _of(DEFAULT, today, shared), form
    found = _of(key if key in PRESETS else shared.key, today, shared)
    return found, RangeForm(initial={"from": found.span.first, "to": found.span.last}, today=today)


def _of(key: str, today: date, shared: TimeRange) -> Period:
    first = today.replace(day=1)
    if key == "last-month":
        span = Span((first - _DAY).replace(day=1), first - _DAY)
    elif key == "quarter":
        span = Span(first.replace(month=first.month - (first.month - 1) % QUARTER_MONTHS), today)
    elif key == DEFAULT or key not in WINDOW_KEYS:
        span = Span(first, today)
    else:
        span = Span(shared.days[0], today)
    label = PRESETS[key][1] if key in PRESETS else shared.label
    return Period(key, label, span)


def is_whole_months(span: Span) -> bool:
    """Whether a span begins with one month and ends with another, or the same."""
    return span.first.day == 1 and following(MONTH, span.last.replace(day=1)) == span.last + _DAY
