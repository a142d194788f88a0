"""Costs → Billed: what AWS billed beside the estimate, by day and component, and what explains the gap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import htmx, scope, wording
from dashboards.costs import billed_csv, billed_tags, billed_tiles
from dashboards.costs.billed_words import CAUSES, CauseRow, causes, component_label
from dashboards.costs.rows import apportion
from dashboards.costs.wanted import span_words
from dashboards.htmx import HtmxHttpRequest
from dashboards.scope import PageScope
from fleet.costs.bill_words import ADJUSTMENTS, OTHER
from fleet.costs.observer import BILL_PRICE_SOURCE, USD_PER_BILL_REQUEST
from fleet.costs.reconcile import Line, Sum, summed, total
from fleet.queries import bill_terms, billing
from fleet.queries import billed_tags as tag_queries
from fleet.queries.billing import Compared, Standing
from fleet.queries.cost_scope import Span
from fleet.types import CostComponent

RANGE = "30d"
_ORDER = [*CostComponent, OTHER, ADJUSTMENTS]


@dataclass(frozen=True)
class Row:
    """One line of a table: both sides in cents that add up to the foot, their difference, and why."""

    label: str
    sub: str
    key: str
    estimate: Decimal | None
    billed: Decimal | None
    sums: Sum
    causes: Sequence[CauseRow]
    url: str = ""

    @property
    def gap(self) -> Decimal:
        """Of the cents that are shown."""
        return (self.billed or Decimal(0)) - (self.estimate or Decimal(0))


@dataclass(frozen=True)
class Figures:
    """Everything the page shows: all accounts of the scope, and the lines of those whose bill is there."""

    found: Sequence[Compared]
    lines: Sequence[Line]
    whole: Sum
    span: Span
    day: date | None

    @classmethod
    def read(cls, request: HtmxHttpRequest, scoped: PageScope, now: datetime) -> "Figures":
        """At most twelve queries, whatever the size of the fleet."""
        days = scoped.range.days
        span = Span(days[0], days[-1])
        standings = billing.standings(scoped.filter, now=now)
        found = billing.compared(scoped.filter, span, standings, now=now)
        lines = [line for each in found for line in each.lines]
        return cls(found, lines, total(lines), span, _day(request.GET.get("day", ""), lines))

    @property
    def standings(self) -> list[Standing]:
        return [each.standing for each in self.found]

    @property
    def days(self) -> Span | None:
        """From the first to the last day that some account has on both sides."""
        spans = [each.days for each in self.found if each.days]
        return Span(min(s.first for s in spans), max(s.last for s in spans)) if spans else None

    @property
    def of_day(self) -> list[Line]:
        """The lines of the day that is looked at, else all."""
        return [line for line in self.lines if self.day is None or line.day == self.day]


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Sentence, tiles, the gap by day and by component, its causes, and where each account's bill stands."""
    scoped = scope.read(request, default=RANGE)
    now = timezone.now()
    figures = Figures.read(request, scoped, now)
    context = {
        "figures": figures,
        "crumbs": [
            {"label": "Costs", "url": f"{reverse('costs:page')}?{scoped.query}"},
            {"label": "Billed", "url": ""},
        ],
        "tiles": billed_tiles.tiles(figures.whole, figures.days, figures.standings),
        "by_day": _by_day(figures, request),
        "by_component": _by_component(figures),
        "day_words": _day_words(figures.day) if figures.day else "",
        "all_days": _link(request, day=None),
        "causes": causes(figures.whole.parts),
        "csv_url": f"{reverse('costs:billed-csv')}?{request.GET.urlencode()}",
        "query": scoped.query,
        **_by_tag(figures, scoped, now),
        **_words(figures, now.date()),
        **_reading(),
    }
    return htmx.page(request, "pages/costs/billed.html", context, part="billed-gap")


@require_GET
def csv_file(request: HtmxHttpRequest) -> StreamingHttpResponse:
    """Every line of both sides with its gap and the parts of it; amounts unrounded."""
    scoped = scope.read(request, default=RANGE)
    figures = Figures.read(request, scoped, timezone.now())
    response = StreamingHttpResponse(billed_csv.lines(figures.found), content_type="text/csv; charset=utf-8")
    name = f"flotilla-billed-{figures.span.first}-{figures.span.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def tags_csv(request: HtmxHttpRequest) -> StreamingHttpResponse:
    """Every day, value of the tag and component of both sides; amounts unrounded."""
    scoped = scope.read(request, default=RANGE)
    now, days = timezone.now(), scoped.range.days
    span = Span(days[0], days[-1])
    found = tag_queries.by_tag(span, billing.standings(scoped.filter, now=now), now=now)
    response = StreamingHttpResponse(billed_tags.csv_lines(found), content_type="text/csv; charset=utf-8")
    name = f"flotilla-billed-by-tag-{span.first}-{span.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _by_tag(figures: Figures, scoped: PageScope, now: datetime) -> dict[str, Any]:
    """The section "By tag": of whole accounts, since AWS tells tags of no region."""
    found = tag_queries.by_tag(figures.span, figures.standings, now=now)
    return {
        "tags": billed_tags.Section.of(found, scoped.query, now.date()) if found else None,
        "tags_of_all_regions": bool(scoped.filter.regions),
        "tags_csv_url": f"{reverse('costs:billed-tags-csv')}?{scoped.query}",
        "tag_month_usd": f"${USD_PER_BILL_REQUEST * bill_terms.TAG_REQUESTS_A_MONTH:.2f}",
    }


def _by_day(figures: Figures, request: HtmxHttpRequest) -> list[Row]:
    """Newest first; each day leads to its components."""
    sums = dict(sorted(summed(figures.lines, lambda line: line.day).items(), reverse=True))
    keys = [
        (
            _day_words(day),
            "AWS may still change it" if each.is_estimated else "",
            day.isoformat(),
            _link(request, day=None if day == figures.day else day.isoformat()),
        )
        for day, each in sums.items()
    ]
    return _rows(keys, list(sums.values()), figures.whole)


def _by_component(figures: Figures) -> list[Row]:
    """In the order of cost lines, then what no cost line is about."""
    sums = summed(figures.of_day, lambda line: line.component)
    names = [name for name in _ORDER if name in sums]
    keys = [(component_label(name), "", str(name), "") for name in names]
    return _rows(keys, [sums[name] for name in names], total(figures.of_day))


def _rows(keys: Sequence[tuple[str, str, str, str]], sums: Sequence[Sum], whole: Sum) -> list[Row]:
    estimates = apportion([each.estimate for each in sums], whole.estimate)
    billed = apportion([each.billed for each in sums], whole.billed)
    return [
        Row(label, sub, key, mine, theirs, each, causes(each.parts), url)
        for (label, sub, key, url), each, mine, theirs in zip(keys, sums, estimates, billed, strict=True)
    ]


def _words(figures: Figures, today: date) -> dict[str, Any]:
    whole, days = figures.whole, figures.days
    unexplained = abs(whole.unexplained)
    largest = max(whole.parts.items(), key=lambda part: abs(part[1]), default=None)
    return {
        "span": span_words(days, today) if days else span_words(figures.span, today),
        "gap_words": wording.usd_change(whole.gap) if days else "",
        "share_words": wording.percent(abs(whole.share)) if whole.share is not None else "",
        "largest": (CAUSES[largest[0]][0].lower(), wording.usd_change(largest[1])) if largest else None,
        "unexplained_words": wording.usd(unexplained) if unexplained else "",
        "switched_on": [each for each in figures.standings if each.is_on],
        "switched_off": [each for each in figures.standings if not each.is_on],
        "failing": [each for each in figures.standings if each.error],
    }


def _reading() -> dict[str, Any]:
    """What reading a bill costs, for whoever considers it."""
    return {
        "request_usd": f"${USD_PER_BILL_REQUEST:.2f}",
        "month_usd": f"${USD_PER_BILL_REQUEST * bill_terms.REQUESTS_A_MONTH:.2f}",
        "limit": bill_terms.limit(),
        "price_source": BILL_PRICE_SOURCE,
        "action": bill_terms.ACTION,
    }


def _day(text: str, lines: Sequence[Line]) -> date | None:
    """?day=, when the page has it."""
    return next((line.day for line in lines if line.day.isoformat() == text), None)


def _day_words(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _link(request: HtmxHttpRequest, *, day: str | None) -> str:
    query = request.GET.copy()
    query.pop("day", None)
    if day is not None:
        query["day"] = day
    return query.urlencode()
