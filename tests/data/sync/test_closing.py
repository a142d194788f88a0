"""Closing an endpoint ends what it held and leaves its history, and every other endpoint, as they were."""

from datetime import UTC, datetime, timedelta

import pytest

from fleet.models import (
    Account,
    CapacityPeriod,
    ChangeEvent,
    ComponentPeriod,
    Endpoint,
    InferenceComponent,
    ScalableTarget,
    Shard,
    VariantStatus,
)
from fleet.sync import closing

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def running(shard: Shard, name: str) -> Endpoint:
    """An endpoint with an ended and an open period of a variant and of a component, and a scalable target."""
    times = {"created_at": NOW - 9 * HOUR, "modified_at": NOW - 9 * HOUR}
    row = Endpoint.objects.create(
        shard=shard, name=name, arn=f"arn:{name}", status="InService", first_seen_at=NOW, **times
    )
    variant = VariantStatus.objects.create(endpoint=row, name="main")
    component = InferenceComponent.objects.create(
        endpoint=row, name=f"{name}-part", status="InService", **times
    )
    for start, end in ((NOW - 3 * HOUR, NOW - HOUR), (NOW - HOUR, None)):
        CapacityPeriod.objects.create(variant=variant, start=start, end=end)
        ComponentPeriod.objects.create(component=component, start=start, end=end)
    ScalableTarget.objects.create(
        shard=shard,
        endpoint=row,
        resource_id=f"endpoint/{name}",
        dimension="d",
        min_capacity=1,
        max_capacity=2,
    )
    return row


def ends(name: str) -> tuple[list[datetime | None], list[datetime | None]]:
    capacity = CapacityPeriod.objects.filter(variant__endpoint__name=name).order_by("start")
    copies = ComponentPeriod.objects.filter(component__endpoint__name=name).order_by("start")
    return list(capacity.values_list("end", flat=True)), list(copies.values_list("end", flat=True))


def test_what_an_endpoint_held_ends_with_it_and_comes_back_with_it() -> None:
    account = Account.objects.create(account_id="111122223333", alias="test")
    shard = Shard.objects.create(account=account, region="us-east-1")
    gone, stays = running(shard, "gone"), running(shard, "stays")

    closing.close([gone], now=NOW)

    assert ends("gone") == ([NOW - HOUR, NOW], [NOW - HOUR, NOW])
    assert ends("stays") == ([NOW - HOUR, None], [NOW - HOUR, None])
    assert dict(Endpoint.objects.values_list("name", "closed_at")) == {"gone": NOW, "stays": None}
    targets = ScalableTarget.objects.values_list("resource_id", "endpoint_id")
    assert dict(targets) == {"endpoint/gone": None, "endpoint/stays": stays.pk}
    event = ChangeEvent.objects.get()
    assert (event.endpoint, event.at, event.category) == (gone, NOW, "closed")
    assert (event.before, event.after) == ({"status": "InService"}, {"status": None})

    closing.reopen({gone.pk: NOW})
    assert ends("gone") == ([NOW - HOUR, None], [NOW - HOUR, None])
