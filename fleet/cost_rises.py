"""Looking for rises of cost once an hour, and keeping those found with their causes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from fleet.costs.anomalies import Limits, Rise, newcomer, rise
from fleet.models import CostRise, RiseCheck
from fleet.queries import anomalies as queries
from fleet.queries.anomalies import Cause

CHECKED_FOR = timedelta(hours=1)
COMPLETE_AFTER = timedelta(hours=4)
"""A day is judged this long after its end: hours whose metrics are late are waited for, three hours at most."""
_LONGEST = 255


def judged_day(now: datetime) -> date:
    """The newest UTC day whose costs are taken to be complete."""
    return (now - COMPLETE_AFTER).date() - timedelta(days=1)


def refresh(limits: Limits, *, now: datetime) -> date:
    """Look for the rises of the judged day unless that was done within the hour; the judged day.

    What a day was found to be may change while late costs come in; rises that are none any more go.
    """
    day = judged_day(now)
    if RiseCheck.objects.filter(day=day, checked_at__gt=now - CHECKED_FOR).exists():
        return day
    found = _found(day, limits)
    causes = queries.causes(found)
    with transaction.atomic():
        CostRise.objects.filter(day=day).exclude(endpoint__in=found).delete()
        CostRise.objects.bulk_create(
            [_row(pk, each, causes[pk]) for pk, each in found.items()],
            update_conflicts=True,
            unique_fields=["endpoint", "day"],
            update_fields=["since", "is_week", "actual", "expected", "high", "cause", "causes", "operation"],
        )
        RiseCheck.objects.update_or_create(day=day, defaults={"checked_at": now})
    return day


def _found(day: date, limits: Limits) -> dict[int, Rise]:
    looked_at = queries.candidates(day, limits.least_usd)
    made = queries.made_on(looked_at)
    found = {}
    for pk, history in queries.histories(looked_at, day).items():
        seen = rise(history, day, limits)
        # Costs that begin long after the endpoint was made began with Flotilla's history, not with the endpoint.
        if seen is None and history and pk in made and min(history) <= made[pk] + timedelta(days=1):
            seen = newcomer(history, day, limits)
        if seen is not None:
            found[pk] = seen
    return found


def _row(endpoint_id: int, seen: Rise, causes: Sequence[Cause]) -> CostRise:
    first = causes[0] if causes else None
    return CostRise(
        endpoint_id=endpoint_id,
        day=seen.day,
        since=seen.since,
        is_week=seen.is_week,
        actual=_usd(seen.actual),
        expected=_usd(seen.expected),
        high=_usd(seen.high),
        cause=first.text[:_LONGEST] if first else "",
        causes=[[cause.text, cause.operation] for cause in causes],
        operation_id=next((cause.operation_id for cause in causes if cause.operation_id), None),
    )


def _usd(value: float) -> Decimal:
    return Decimal(repr(round(value, 6)))
