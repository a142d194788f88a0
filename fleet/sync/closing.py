"""Closing endpoints that are gone: never deleted, so history and costs stay."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection

from fleet.models import CapacityPeriod, ChangeEvent, ComponentPeriod, Endpoint
from fleet.sync import rows


def close(endpoints: Sequence[Endpoint], *, now: datetime) -> None:
    """Mark endpoints as gone at `now`, end their capacity and detach scalable targets left behind.

    Call inside the transaction that holds the shard's fence.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"ids": [endpoint.pk for endpoint in endpoints], "now": now})
    rows.insert(
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


_CLOSE = """
WITH capacity AS (
    UPDATE fleet_capacityperiod AS period SET "end" = %(now)s FROM fleet_variantstatus AS variant
    WHERE variant.endpoint_id = ANY(%(ids)s) AND period.variant_id = variant.id AND period."end" IS NULL
), copies AS (
    UPDATE fleet_componentperiod AS period SET "end" = %(now)s FROM fleet_inferencecomponent AS component
    WHERE component.endpoint_id = ANY(%(ids)s) AND period.component_id = component.id AND period."end" IS NULL
), target AS (
    UPDATE fleet_scalabletarget SET endpoint_id = NULL WHERE endpoint_id = ANY(%(ids)s)
)
UPDATE fleet_endpoint SET closed_at = %(now)s WHERE id = ANY(%(ids)s)
"""


def reopen(closed_at: Mapping[int, datetime]) -> None:
    """Take back the closing of endpoints (by pk, with its time) that AWS has after all: their capacity never ended."""
    for pk, at in closed_at.items():
        CapacityPeriod.objects.filter(variant__endpoint=pk, end=at).update(end=None)
        ComponentPeriod.objects.filter(component__endpoint=pk, end=at).update(end=None)


def _summary(endpoint: Endpoint) -> str:
    if endpoint.status == "Deleting":
        return "Deleted."
    return f"AWS no longer lists it (it was {endpoint.status}): deleted."[:512]
