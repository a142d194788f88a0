"""Advice: what would be better, by rule and endpoint, with what it would save and what people made of it."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from dashboards.api import paging
from dashboards.api.parameters import EndpointSelection, Listing
from dashboards.api.schemas import EndpointRef, Listed, Money, endpoint_ref, money
from fleet.models import Advice
from fleet.queries import advice as queries
from fleet.queries import keyset
from fleet.queries.advice import Criteria
from fleet.queries.records import advice as records

router = Router(tags=["advice"])
NO_SAVING = "no saving is claimed"


class AdviceQuery(Listing, EndpointSelection):
    """Which advice."""

    state: list[Literal["open", "assigned", "dismissed", "done"]] = Field(
        [], max_length=4, description="Open and assigned unless told otherwise; repeatable."
    )


class AdviceOut(Schema):
    """One advice on one endpoint. Savings are a month of 730 hours; `saving_low` is the sure one, below 0 it costs."""

    id: int
    endpoint: EndpointRef
    kind: str
    rule: str
    rule_version: int
    severity: str
    risk: str
    effort: str
    title: str
    why: str
    saving_low: Money
    saving_high: Money
    effect: Literal["saves", "costs", "either", "none"] = Field(
        description="What it does to the month: advice may cost more, for the sake of health."
    )
    is_irreversible: bool
    undo: str
    operation: str | None = Field(description="Kind of the operation that carries it out.")
    operation_fields: dict[str, str]
    state: str
    assigned_to: str | None
    dismissed_until: str | None
    dismissed_reason: str
    first_seen_at: datetime
    last_seen_at: datetime


class AdviceList(Listed):
    """A page of advice, the newest first."""

    items: list[AdviceOut]


@router.get("/advice", response=AdviceList, summary="Advice")
def advice(request: HttpRequest, query: Query[AdviceQuery]) -> dict[str, Any]:
    """What is true now, newest first. Advice that excludes other advice names it in Flotilla only."""
    scope = query.filter(request)
    wanted = Criteria(scope, tuple(query.kind), tuple(query.team), states=tuple(query.state))
    after = paging.after(query.cursor, "advice", (int,))
    found = keyset.rows(queries.selected(wanted), ("-pk",), after, query.limit)
    return paging.listed(request, "advice", found, scope, _advice)


def _advice(row: Advice) -> dict[str, Any]:
    return {
        **records.advice(row),
        "endpoint": endpoint_ref(row.endpoint),
        "saving_low": money(row.saving_low, NO_SAVING),
        "saving_high": money(row.saving_high, NO_SAVING),
    }
