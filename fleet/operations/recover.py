"""Finds operations that nobody is carrying on: their message was lost, or their worker died."""

from datetime import datetime, timedelta

from django.db.models import Q

from fleet.access import audit
from fleet.models import Operation

PLAN_LIFETIME = timedelta(hours=24)
"""A plan nobody confirmed in this time expires: its prices and traffic are no longer today's."""


def due(now: datetime) -> list[int]:
    """Ids of operations to ring for: active, held by no living worker, and not asked to wait. Oldest first."""
    expire_plans(now)
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    ready = Q(next_poll_at=None) | Q(next_poll_at__lte=now)
    active = Operation.objects.filter(free, ready, state__in=Operation.ACTIVE)
    return list(active.order_by("confirmed_at", "pk").values_list("pk", flat=True))


def expire_plans(now: datetime) -> int:
    """Close plans that were never confirmed; returns how many."""
    old = Operation.objects.filter(state=Operation.State.PLANNED, planned_at__lt=now - PLAN_LIFETIME)
    expired = 0
    for operation in old:
        text = "Nobody confirmed the plan within a day."
        moved = Operation.objects.filter(pk=operation.pk, state=Operation.State.PLANNED).update(
            state=Operation.State.EXPIRED, verdict_detail=text
        )
        if moved:
            expired += 1
            audit.record(
                actor=None,
                action="operation.expired",
                target=operation,
                before={"state": Operation.State.PLANNED},
                after={"state": Operation.State.EXPIRED},
            )
    return expired
