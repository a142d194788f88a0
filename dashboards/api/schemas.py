"""Shapes that several answers share. A field that may be null is null where it is not known, never 0."""

from datetime import datetime
from decimal import Decimal

from ninja import Schema
from pydantic import Field

from fleet.models import Endpoint
from fleet.queries.freshness import freshness
from fleet.queries.scope import ScopeFilter, TimeRange


class Money(Schema):
    """An amount. `why` says why it is null."""

    amount: str | None = Field(description="Decimal, unrounded.", examples=["12.345"])
    currency: str = "USD"
    why: str | None = None


class AsOf(Schema):
    """The oldest good read among the regions asked for; null while one of them was never read."""

    inventory: datetime | None
    metrics: datetime | None


class WindowOut(Schema):
    """The window that figures are of: start included, end not."""

    start: datetime
    end: datetime


class Place(Schema):
    """Where something is."""

    account_id: str
    account: str
    region: str


class EndpointRef(Place):
    """Which endpoint."""

    id: int
    name: str


def endpoint_ref(endpoint: Endpoint) -> EndpointRef:
    """Of an endpoint that comes with its shard and account."""
    shard = endpoint.shard
    return EndpointRef(
        id=endpoint.pk,
        name=endpoint.name,
        account_id=shard.account.account_id,
        account=shard.account.alias,
        region=shard.region,
    )


class Listed(Schema):
    """What every list has beside its items. next: address of the next page, null on the last one."""

    next: str | None
    as_of: AsOf


def money(amount: Decimal | None, why: str = "") -> Money:
    """An amount in USD, or why there is none."""
    return Money(
        amount=None if amount is None else f"{amount:f}", why=(why or None) if amount is None else None
    )


def as_of(scope: ScopeFilter) -> AsOf:
    """One query."""
    found = freshness(scope)
    return AsOf(inventory=found.inventory_at, metrics=found.metrics_at)


def window_out(window: TimeRange) -> WindowOut:
    """As the API writes it."""
    return WindowOut(start=window.start, end=window.end)
