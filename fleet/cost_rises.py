"""Looking for rises of cost once an hour, and keeping those found with their causes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from fleet.costs.anomalies import Limits, Rise, is_more_than, newcomer, rise
from fleet.models import CostRise, PlaceRise, RiseCheck
from fleet.queries import anomalies as queries
from fleet.queries import place_rises, rise_lines
from fleet.queries.anomalies import Cause
from fleet.texts import shortened

CHECKED_FOR = timedelta(hours=1)
COMPLETE_AFTER = timedelta(hours=4)
"""A day is judged this long after its end: hours whose metrics are late are waited for, three hours at most."""
RECENT = timedelta(days=7)
"""Rises this young whose cause was not found are explained anew with each look: what explains them may come late."""
_LONGEST = 255


class Looked(NamedTuple):
    """The judged day. has_causes: its rises, or earlier ones, were looked at just now and a cause was found of some."""

    day: date
    has_causes: bool = False


def judged_day(now: datetime) -> date:
    """The newest UTC day whose costs are taken to be complete."""
    return (now - COMPLETE_AFTER).date() - timedelta(days=1)


def refresh(limits: Limits, *, now: datetime) -> Looked:
    """Look for the rises of the judged day unless that was done within the hour.

    What was priced since of it and the weeks before, as in a first look at an account, is another history: looked at
    again.
    What a day was found to be may change while late costs come in; rises that are none any more go.
    """
    day = judged_day(now)
    checked = RiseCheck.objects.filter(day=day, checked_at__gt=now - CHECKED_FOR).first()
    if checked is not None and not rise_lines.has_new_lines_since(checked.checked_at, day):
        return Looked(day)
    found = _found(day, limits)
    causes = queries.causes(found)
    places = _of_places(day, limits, found)
    with transaction.atomic():
        PlaceRise.objects.filter(day=day).delete()
        PlaceRise.objects.bulk_create(places)
        CostRise.objects.filter(day=day).exclude(endpoint__in=found).delete()
        CostRise.objects.bulk_create(
            [_row(pk, each, causes[pk]) for pk, each in found.items()],
            update_conflicts=True,
            unique_fields=["endpoint", "day"],
            update_fields=["since", "is_week", "actual", "expected", "high", "cause", "causes", "operation"],
        )
        explained = _explain_anew(day)
        RiseCheck.objects.update_or_create(day=day, defaults={"checked_at": now})
    return Looked(day, has_causes=bool(explained or any(causes.values())))


def _explain_anew(day: date) -> int:
    """Look once more for the cause of recent rises of earlier days that have none yet; of how many it was found.

    One query where all have one.
    """
    rows = CostRise.objects.filter(cause="", day__gt=day - RECENT, day__lt=day).order_by("day", "pk")
    unexplained: dict[date, list[CostRise]] = defaultdict(list)
    for row in rows:
        unexplained[row.day].append(row)
    changed = []
    for kept in unexplained.values():
        causes = queries.causes({row.endpoint_id: _as_found(row) for row in kept})
        for row in kept:
            if found := causes[row.endpoint_id]:
                _give(row, found)
                changed.append(row)
    CostRise.objects.bulk_update(changed, ["cause", "causes", "operation"])
    return len(changed)


def _as_found(row: CostRise) -> Rise:
    usd = (float(row.actual), float(row.expected), float(row.high))
    return Rise(row.since, row.day, *usd, score=0.0, is_week=row.is_week)


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
    row = CostRise(
        endpoint_id=endpoint_id,
        day=seen.day,
        since=seen.since,
        is_week=seen.is_week,
        actual=_usd(seen.actual),
        expected=_usd(seen.expected),
        high=_usd(seen.high),
    )
    _give(row, causes)
    return row


def _give(row: CostRise, causes: Sequence[Cause]) -> None:
    row.cause = shortened(causes[0].text, _LONGEST) if causes else ""
    row.causes = [[cause.text, cause.operation] for cause in causes]
    row.operation_id = next((cause.operation_id for cause in causes if cause.operation_id), None)


def _of_places(day: date, limits: Limits, of_endpoints: Mapping[int, Rise]) -> list[PlaceRise]:
    """Accounts, and the fleet, that cost more than their own weeks make likely, and what of it is told already.

    An endpoint's own rise is told as such; an account's is told beside it only where the rest of the account rose, too.
    """
    found = {}
    for place, history in place_rises.histories(day).items():
        if (seen := rise(history, day, limits)) is not None:
            found[place] = (seen, history)
    account_of = place_rises.account_of(of_endpoints)
    told: dict[str, float] = defaultdict(float)
    for pk, account in account_of.items():
        told[account] += of_endpoints[pk].excess_a_day
    rows = []
    for place in sorted(found, reverse=True):
        seen, history = found[place]
        already = told[place] if place else sum(told.values())
        is_told = not is_more_than(seen, already, limits)
        if place and not is_told:
            told[place] = max(already, seen.excess_a_day)
        rows.append(
            _row_of_place(place, seen, place_rises.taken_apart(place, seen, history), is_told=is_told)
        )
    return rows


def _row_of_place(place: str, seen: Rise, parts: place_rises.Parts, *, is_told: bool) -> PlaceRise:
    return PlaceRise(
        place=place,
        day=seen.day,
        since=seen.since,
        is_week=seen.is_week,
        actual=_usd(seen.actual),
        expected=_usd(seen.expected),
        high=_usd(seen.high),
        cause=shortened(place_rises.summary(parts), _LONGEST),
        parts=place_rises.as_kept(parts),
        is_told=is_told,
    )


def _usd(value: float) -> Decimal:
    return Decimal(repr(round(value, 6)))
