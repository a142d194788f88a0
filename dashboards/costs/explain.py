"""What one cost figure is made of: its lines and their sum, at an address of its own and as a panel over a page."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, htmx, scope
from dashboards.costs.rows import LineTable, endpoint_url, line_table
from dashboards.costs.wanted import NO_TEAM, Wanted, span_words
from dashboards.htmx import HtmxHttpRequest
from dashboards.status import COMPONENT_LABELS, KIND_LABELS
from fleet.queries import cost_lines, costs
from fleet.queries.cost_scope import GroupBy, Span

PART = "cost-explain"
PER_CALLS = "1000"
_OF_A_PAGE = ("first", "last", "group", "key", "per", "open", "page", "sort", "stack", "tab")


def url(
    span: Span, query: str = "", *, by: GroupBy | None = None, key: str = "", per_calls: bool = False
) -> str:
    """Address of the lines of a figure: of `span`, of what `query` narrows to, of one group of `by` when it is given.

    query: the query string of the page the figure stands on. per_calls: the figure is the cost per 1,000 calls.
    """
    wanted = QueryDict(query, mutable=True)
    for name in _OF_A_PAGE:
        wanted.pop(name, None)
    wanted["first"], wanted["last"] = span.first.isoformat(), span.last.isoformat()
    if by is not None:
        wanted["group"], wanted["key"] = by.value, key or NO_TEAM
    if per_calls:
        wanted["per"] = PER_CALLS
    return f"{reverse('costs:explain')}?{wanted.urlencode()}"


def endpoint_lines_url(pk: int, span: Span, *, per_calls: bool = False) -> str:
    """Address of the lines of one endpoint's cost."""
    return url(span, by=GroupBy.ENDPOINT, key=str(pk), per_calls=per_calls)


@dataclass(frozen=True)
class Explained:
    """A figure with its lines. calls: what the cost is divided by, None for a figure that is no cost per calls."""

    title: str
    days: str
    table: LineTable
    back: str
    is_per_calls: bool
    calls: float | None = None

    @property
    def usd_per_1000(self) -> Decimal | None:
        """None without calls or without a cost."""
        amount = self.table.sums.amount
        return None if amount is None or not self.calls else amount * 1000 / Decimal(repr(self.calls))


@require_GET
def lines(request: HtmxHttpRequest) -> HttpResponse:
    """The lines of one figure with their sum. Needs no JavaScript: the panel is the same answer without the page."""
    scoped = scope.read(request, default="month", has_range=False)
    wanted = Wanted.read(request.GET, scoped)
    span = _span(request.GET, wanted.span)
    by, key = _group(request.GET)
    found = cost_lines.explained_lines(wanted.where, span, by, key)
    per_calls = request.GET.get("per") == PER_CALLS
    explained = Explained(
        title=_title(request, by, key),
        days=span_words(span, timezone.now().date()),
        table=line_table(found),
        back=_back(by, key, scoped.query),
        is_per_calls=per_calls,
        calls=_calls(wanted, span, by, key) if per_calls else None,
    )
    context = {"explained": explained, "page_url": request.get_full_path(), "part": PART}
    return htmx.page(request, "pages/costs/explain.html", context, part=PART)


def _span(query: QueryDict, fallback: Span) -> Span:
    try:
        first, last = (date.fromisoformat(query.get(name, "")) for name in ("first", "last"))
    except ValueError:
        return fallback
    return Span(first, last) if first <= last else fallback


def _group(query: QueryDict) -> tuple[GroupBy | None, str]:
    group, key = query.get("group", ""), query.get("key", "")
    if not key or group not in set(GroupBy):
        return None, ""
    by = GroupBy(group)
    if by is GroupBy.ENDPOINT and not (key.isascii() and key.isdigit() and len(key) < 19):
        raise Http404("No such endpoint.")
    return by, "" if by is GroupBy.TEAM and key == NO_TEAM else key


def _calls(wanted: Wanted, span: Span, by: GroupBy | None, key: str) -> float | None:
    if by is None:
        found = costs.calls(wanted.where, span, GroupBy.KIND)
        return sum(found.values()) if found else None
    return costs.calls(wanted.where, span, by, [key]).get(key)


def _title(request: HtmxHttpRequest, by: GroupBy | None, key: str) -> str:
    if by is None:
        return "Everything in view"
    if by is GroupBy.ENDPOINT:
        return access.endpoint_for(request, int(key)).name
    labels = {GroupBy.KIND: KIND_LABELS, GroupBy.COMPONENT: COMPONENT_LABELS}.get(by, {})
    return f"{by.value.capitalize()} {labels.get(key, key) or 'none'}"


def _back(by: GroupBy | None, key: str, query: str) -> str:
    page = reverse("costs:page")
    return endpoint_url(key) if by is GroupBy.ENDPOINT else f"{page}?{query}" if query else page
