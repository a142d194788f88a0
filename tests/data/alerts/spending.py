"""What endpoints cost day by day, and what was changed meanwhile, for tests of rises."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fleet.models import ChangeEvent, DailyCost, Endpoint, Operation, VariantStatus
from fleet.types import Confidence, CostComponent, Kind
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard

RULE = "cost-rise"
DAY = timedelta(days=1)
YESTERDAY = NOON - DAY


def cost(
    variant: VariantStatus, usd: float, at: datetime, price: str = "0.102", hours: int | None = None
) -> None:
    DailyCost.objects.create(
        endpoint=variant.endpoint, variant=variant, day=at.date(), component=CostComponent.INSTANCE_TIME,
        item="ml.c5.large", unit="h", usd_per_unit=Decimal(price), amount=Decimal(repr(usd)), quantity=hours,
        confidence=Confidence.MEASURED, computed_at=at, data_until=at,
    )  # fmt: skip


def settled(name: str = "ranker", *, usd: float = 20.0, days: int = 50) -> VariantStatus:
    """An endpoint that has cost the same each day up to the day before yesterday."""
    shard = Endpoint.objects.first().shard if Endpoint.objects.exists() else make_shard()  # type: ignore[union-attr]
    variant = make_endpoint(shard, name, Kind.REAL_TIME, created_at=NOON - 300 * DAY)
    for n in range(2, days + 2):
        cost(variant, usd, NOON - n * DAY)
    return variant


def operation(variant: VariantStatus, **fields: Any) -> Operation:
    return Operation.objects.create(
        endpoint=variant.endpoint, kind="set-max-concurrency", code="a1b2c3d4", form_token="t", planned_at=NOON,
        state=Operation.State.SUCCEEDED, **fields,
    )  # fmt: skip


def change(variant: VariantStatus, summary: str, at: datetime, **fields: Any) -> None:
    ChangeEvent.objects.create(
        endpoint=variant.endpoint, at=at, category=ChangeEvent.Category.CAPACITY, summary=summary, **fields
    )
