"""What rises of whole accounts, and of the fleet, are made of: which endpoints, components and instance counts."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum

from fleet.costs.anomalies import Rise
from fleet.costs.forecast import LOOK_BACK
from fleet.models import Account, DailyCost, Endpoint, PlaceDay, PlaceRise
from fleet.queries.anomalies import Cause, causes
from fleet.types import CostComponent

FLEET = ""
"""The place that is everything (fleet.models.PlaceDay)."""
NAMED = 5
"""Endpoints of a rise that are named; the others are counted."""
_WEEK = timedelta(days=7)
_MOST = 0.8
_CENT = Decimal("0.01")
_INSTANCES = Q(component=CostComponent.INSTANCE_TIME)


@dataclass
class Part:
    """What one endpoint costs more than on the same weekdays of four weeks before, USD; instances: before and now."""

    endpoint_id: int
    name: str = ""
    now: Decimal = Decimal(0)
    before: Decimal = Decimal(0)
    hours_now: Decimal = Decimal(0)
    hours_before: Decimal = Decimal(0)

    @property
    def more(self) -> Decimal:
        return self.now - self.before


@dataclass(frozen=True)
class Parts:
    """A rise taken apart, the most first: endpoints that cost more, each component's difference; days: how many."""

    endpoints: Sequence[Part]
    components: Sequence[tuple[str, Decimal]]
    days: int = 1
    causes: Mapping[int, Sequence[Cause]] = field(default_factory=dict)


def histories(day: date) -> dict[str, dict[date, float]]:
    """Cost by UTC day of every watched account, and of the fleet where there are several, up to `day`. Two queries."""
    places = [*Account.objects.filter(enabled=True).values_list("account_id", flat=True)]
    rows = (
        PlaceDay.objects.filter(
            place__in=[FLEET, *places], day__gt=day - timedelta(days=LOOK_BACK + 7), day__lte=day
        )
        .values_list("place", "day")
        .annotate(usd=Sum("amount"))
        .order_by("place", "day")
    )
    found: dict[str, dict[date, float]] = defaultdict(dict)
    for place, at, usd in rows:
        if usd is not None:
            found[place][at] = float(usd)
    # Of one account alone the fleet's cost is the same figure, and would be told twice.
    if len(found) <= 2:
        found.pop(FLEET, None)
    return dict(found)


def taken_apart(place: str, rise: Rise, history: Mapping[date, float]) -> Parts:
    """Which endpoints and components a rise is made of. Six queries.

    Each is held against its mean of the same weekdays of the four weeks before, as far as the place's cost is known.
    """
    now = [rise.day - timedelta(days=n) for n in range(7 if rise.is_week else 1)]
    now = [at for at in now if at in history]
    before = [before for at in now for n in range(1, 5) if (before := at - n * _WEEK) in history]
    by_endpoint, by_component = _sums(place, now, before)
    risen = sorted(
        (part for part in by_endpoint.values() if part.more >= _CENT),
        key=lambda part: (-part.more, part.endpoint_id),
    )
    named = [part.endpoint_id for part in risen[:NAMED]]
    names = dict(Endpoint.objects.filter(pk__in=named).values_list("pk", "name"))
    for part in risen[:NAMED]:
        part.name = names.get(part.endpoint_id, "")
    components = sorted(by_component.items(), key=lambda pair: (-pair[1], pair[0]))
    return Parts(
        risen,
        [(name, more) for name, more in components if abs(more) >= _CENT],
        max(len(now), 1),
        causes(dict.fromkeys(named, rise)),
    )


def _sums(
    place: str, now: Collection[date], before: Collection[date]
) -> tuple[dict[int, Part], dict[str, Decimal]]:
    where = Q(endpoint__shard__account__account_id=place) if place else Q()
    rows = (
        DailyCost.objects.filter(where, day__in=[*now, *before])
        .values_list("endpoint", "component")
        .annotate(
            now=Sum("amount", filter=Q(day__in=now)),
            before=Sum("amount", filter=Q(day__in=before)),
            hours_now=Sum("quantity", filter=_INSTANCES & Q(day__in=now)),
            hours_before=Sum("quantity", filter=_INSTANCES & Q(day__in=before)),
        )
        .order_by()
    )
    scale = Decimal(len(now)) / len(before) if before else Decimal(1)
    zero = Decimal(0)
    endpoints: dict[int, Part] = {}
    components: dict[str, Decimal] = defaultdict(Decimal)
    for pk, component, usd, usd_before, hours, hours_before in rows:
        part = endpoints.setdefault(pk, Part(pk))
        part.now += usd or zero
        part.before += (usd_before or zero) * scale
        part.hours_now += hours or zero
        part.hours_before += (hours_before or zero) * scale
        components[component] += (usd or zero) - (usd_before or zero) * scale
    return endpoints, components


def words(part: Part, parts: Parts) -> str:
    """Why one endpoint costs more: what was done to it, else how its instances changed, else that it is new; or ""."""
    found = parts.causes.get(part.endpoint_id, ())
    if found:
        return found[0].text
    instances, usual = (hours / 24 / parts.days for hours in (part.hours_now, part.hours_before))
    if not part.before:
        return "cost nothing in the four weeks before"
    return (
        f"{usual:.1f} → {instances:.1f} instances on average" if instances - usual >= Decimal("0.1") else ""
    )


def summary(parts: Parts) -> str:
    """ "14 endpoints cost $40.00 more, most of all ranker: …", "ranker costs $12.00 more: …"; "" where none does."""
    risen = parts.endpoints
    if not risen:
        return ""
    first = risen[0]
    why = words(first, parts)
    total = sum((part.more for part in risen), Decimal(0))
    ending = f": {why}" if why else ""
    if len(risen) == 1 or float(first.more) >= _MOST * float(total):
        return f"{first.name} costs ${first.more:,.2f} more{ending}"
    return f"{len(risen):,} endpoints cost ${total:,.2f} more, most of all {first.name}, ${first.more:,.2f}{ending}"


def as_kept(parts: Parts) -> dict[str, Any]:
    """The parts as PlaceRise keeps them."""
    rest = parts.endpoints[NAMED:]
    return {
        "endpoints": [
            {
                "endpoint": part.endpoint_id,
                "name": part.name,
                "usd": f"{part.more:.6f}",
                "text": words(part, parts),
                "operation": next(
                    (cause.operation for cause in parts.causes.get(part.endpoint_id, ()) if cause.operation),
                    "",
                ),
            }
            for part in parts.endpoints[:NAMED]
        ],
        "more": [len(rest), f"{sum((part.more for part in rest), Decimal(0)):.6f}"],
        "components": [[name, f"{more:.6f}"] for name, more in parts.components],
    }


def of_day(day: date) -> list[PlaceRise]:
    """The rises of places that held on a day, the dearest first. One query."""
    return list(
        PlaceRise.objects.filter(day=day).annotate(excess=F("actual") - F("expected")).order_by("-excess")
    )


def accounts() -> dict[str, Account]:
    """Accounts by their twelve digits. One query."""
    return {account.account_id: account for account in Account.objects.all()}


def account_of(endpoints: Collection[int]) -> dict[int, str]:
    """The account of each of the endpoints that is watched. One query."""
    rows = Endpoint.objects.filter(pk__in=endpoints, shard__enabled=True, shard__account__enabled=True)
    return dict(rows.values_list("pk", "shard__account__account_id"))


def without_cost(places: Collection[str], day: date) -> set[str]:
    """Those of the places whose cost of the day is not known. One query."""
    known = PlaceDay.objects.filter(place__in=places, day=day, amount__isnull=False)
    return set(places) - set(known.values_list("place", flat=True))
