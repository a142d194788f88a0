"""Closing endpoints that are gone: never deleted, so history and costs stay."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from fleet.models import CapacityPeriod, ChangeEvent, ComponentPeriod, Endpoint, ScalableTarget


def close(endpoints: Sequence[Endpoint], *, now: datetime) -> None:
    """Mark endpoints as gone at `now`, end their capacity and detach scalable targets left behind.

    Call inside the transaction that holds the shard's fence.
    """
    ids = [endpoint.pk for endpoint in endpoints]
    CapacityPeriod.objects.filter(variant__endpoint__in=ids, end=None).update(end=now)
    ComponentPeriod.objects.filter(component__endpoint__in=ids, end=None).update(end=now)
    ScalableTarget.objects.filter(endpoint__in=ids).update(endpoint=None)
    Endpoint.objects.filter(pk__in=ids).update(closed_at=now)
    ChangeEvent.objects.bulk_create(
        ChangeEvent(
            endpoint=endpoint,
            at=now,
            category=ChangeEvent.Category.CLOSED,
            summary=_summary(endpoint),
            before={"status": endpoint.status},
            after={"status": None},
        )
        for endpoint in endpoints
    )


def reopen(closed_at: Mapping[int, datetime]) -> None:
    """Take back the closing of endpoints (by pk, with its time) that AWS has after all: their capacity never ended."""
    for pk, at in closed_at.items():
        CapacityPeriod.objects.filter(variant__endpoint=pk, end=at).update(end=None)
        ComponentPeriod.objects.filter(component__endpoint=pk, end=at).update(end=None)


def _summary(endpoint: Endpoint) -> str:
    if endpoint.status == "Deleting":
        return "Deleted."
    return f"AWS no longer lists it (it was {endpoint.status}): deleted."[:512]
