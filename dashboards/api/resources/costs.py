"""Costs: sums by group over UTC days, and the formula lines behind them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from dashboards.api import paging
from dashboards.api.parameters import EndpointSelection, Listing, Window
from dashboards.api.schemas import (
    AsOf,
    EndpointRef,
    Listed,
    Money,
    WindowOut,
    as_of,
    endpoint_ref,
    money,
    window_out,
)
from fleet.models import DailyCost, Endpoint
from fleet.queries import batch, cost_lines, costs, keyset, rolled
from fleet.queries.cost_lines import FormulaLine
from fleet.queries.cost_scope import CostFilter, GroupBy, Grouping, Span, Sums
from fleet.queries.endpoints import NO_TEAM
from fleet.queries.scope import ScopeFilter, TimeRange

router = Router(tags=["costs"])


class CostsQuery(EndpointSelection, Listing, Window):
    """Whose costs, over which days: every UTC day that the window touches counts whole."""

    range: Literal["1h", "24h", "7d", "30d", "month"] = Field("month", description="Ends today.")

    def where(self, request: Any) -> CostFilter:
        """The filter within what the token reads."""
        teams = tuple("" if team == NO_TEAM else team for team in self.team)
        return CostFilter(self.filter(request), teams, tuple(self.kind))

    def span(self) -> Span:
        """The days of the window."""
        days = self.window().days
        return Span(days[0], days[-1])


class GroupsQuery(CostsQuery):
    """Costs by what."""

    group: GroupBy = Field(GroupBy.ENDPOINT, description="What a row stands for.")
    tag_key: str = Field("", max_length=128, description="The tag whose values are the rows, with group=tag.")

    @property
    def grouping(self) -> Grouping:
        """What a row stands for, with the tag."""
        return Grouping(self.group, self.tag_key.replace("\0", "") if self.group is GroupBy.TAG else "")


class Sum(Schema):
    """A sum of cost lines. It is complete when no line lacks a price or data."""

    cost: Money
    unpriced_lines: int
    lines_without_data: int
    is_complete: bool


class GroupOut(Sum):
    """One row of a grouping. key: account id, region, team, value, kind, endpoint id, model, component, type."""

    key: str
    label: str
    endpoints: int
    calls: float | None
    usd_per_1000_calls: Money
    components: dict[str, Money]


class BatchSum(Schema):
    """Transform jobs, which belong to no endpoint: each that was created, ran or ended in the window, as a whole."""

    cost: Money
    jobs: int
    unpriced_jobs: int
    unknown_jobs: int = Field(description="AWS reported no start or no instances.")
    window: WindowOut


class Groups(Listed):
    """A page of groups by key, and the sum of all of them. batch is in neither, and knows no team or kind."""

    first_day: date
    last_day: date
    total: Sum
    batch: BatchSum
    items: list[GroupOut]
    computed_at: datetime | None


class LineOut(Schema):
    """quantity × usd_per_unit = list_amount; list_amount − discount = cost. USD, unrounded."""

    component: str
    item: str
    unit: str
    quantity: str | None
    usd_per_unit: str | None = Field(description="null when the price varied in the span, or is not known.")
    list_amount: str | None = Field(description="Cost without discounts; null when there is no cost.")
    discount: str | None = Field(description="What discounts took off; null when there is no cost.")
    cost: Money
    confidence: str
    price_sources: list[str]
    notes: list[str]
    discounts: list[str] = Field(description="Which discounts.")


class EndpointLines(EndpointRef):
    """The formula lines of one endpoint over the span."""

    kind: str
    team: str
    lines: list[LineOut]


class Lines(Schema):
    """A page of endpoints with their lines."""

    first_day: date
    last_day: date
    items: list[EndpointLines]
    next: str | None
    as_of: AsOf


@router.get("/costs", response=Groups, summary="Costs by group")
def costs_by_group(request: HttpRequest, query: Query[GroupsQuery]) -> dict[str, Any]:
    """Sums per group of the chosen days, with calls and cost per 1,000 of them; `total` is over every page."""
    where, span = query.where(request), query.span()
    key = rolled.freshness(where.scope).cost_key(span)
    by, name = query.grouping, f"costs-{query.group}"
    after = paging.after(query.cursor, name, (int if query.group is GroupBy.ENDPOINT else str,))
    found = costs.group_slice(where, span, by, after=after, limit=query.limit, key=key)
    return {
        "first_day": span.first,
        "last_day": span.last,
        "total": _sum(costs.group_total(where, span, key=key)),
        "batch": _batch(where.scope, query.window()),
        "items": [_group(group) for group in costs.groups(where, span, by, found.rows, key=key)],
        "computed_at": costs.computed_at(where),
        "next": paging.link(request, name, found),
        "as_of": as_of(where.scope),
    }


@router.get("/costs/lines", response=Lines, summary="Cost lines by endpoint")
def cost_lines_by_endpoint(request: HttpRequest, query: Query[CostsQuery]) -> dict[str, Any]:
    """What each sum is made of: quantity, unit price, its source, and how far the figure can be trusted."""
    where, span = query.where(request), query.span()
    after = paging.after(query.cursor, "cost-lines", (int,))
    costing = Exists(DailyCost.objects.filter(span.q, endpoint=OuterRef("pk")))
    rows = Endpoint.objects.filter(where.q(""), costing).select_related("shard__account")
    found = keyset.rows(rows.defer("document", "search_text"), ("pk",), after, query.limit)
    keys = [str(row.pk) for row in found.rows]
    by_endpoint = cost_lines.group_lines(where, span, GroupBy.ENDPOINT, keys)
    return {
        "first_day": span.first,
        "last_day": span.last,
        "items": [_endpoint(row, by_endpoint.get(str(row.pk), [])) for row in found.rows],
        "next": paging.link(request, "cost-lines", found),
        "as_of": as_of(where.scope),
    }


def _sum(sums: Sums) -> dict[str, Any]:
    why = "No line has a price" if sums.unpriced else "No cost line in these days"
    return {
        "cost": money(sums.amount, "No data" if sums.no_data and not sums.unpriced else why),
        "unpriced_lines": sums.unpriced,
        "lines_without_data": sums.no_data,
        "is_complete": sums.is_complete,
    }


def _batch(scope: ScopeFilter, window: TimeRange) -> dict[str, Any]:
    # At the full minute, so that a running job's cost does not make every answer a new one.
    found = batch.total(scope, window, timezone.now().replace(second=0, microsecond=0))
    return {
        "cost": money(
            found.usd, "No job in the window has a price" if found.jobs else "No job in the window"
        ),
        "jobs": found.jobs,
        "unpriced_jobs": found.unpriced,
        "unknown_jobs": found.unknown,
        "window": window_out(window),
    }


def _group(group: costs.Group) -> dict[str, Any]:
    per_1000 = "No calls are known" if group.sums.amount is not None else "No cost is known"
    return {
        **_sum(group.sums),
        "key": group.key,
        "label": group.label,
        "endpoints": group.endpoints,
        "calls": group.calls,
        "usd_per_1000_calls": money(group.usd_per_1000, per_1000),
        "components": {
            name: money(amount, "No price or no data") for name, amount in group.components.items()
        },
    }


def _endpoint(row: Endpoint, found: list[FormulaLine]) -> dict[str, Any]:
    return {
        **endpoint_ref(row).dict(),
        "kind": row.kind,
        "team": row.team,
        "lines": [_line(line) for line in found],
    }


def _line(line: FormulaLine) -> dict[str, Any]:
    return {
        "component": line.component,
        "item": line.item,
        "unit": line.unit,
        "quantity": _text(line.quantity),
        "usd_per_unit": _text(line.usd_per_unit),
        "list_amount": _text(line.list_amount),
        "discount": None if line.amount is None else _text(line.discount),
        "cost": money(line.amount, "; ".join(line.notes) or line.confidence.value),
        "confidence": line.confidence.value,
        "price_sources": list(line.sources),
        "notes": list(line.notes),
        "discounts": list(line.discount_notes),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
