"""Costs that rose without their history explaining it: conditions and words. fleet.cost_rises finds them."""

from collections.abc import Mapping
from datetime import datetime

from fleet import cost_rises
from fleet.alerts import late_causes, place_rises
from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import usd
from fleet.alerts.wording import Words, owner_fact
from fleet.costs.anomalies import Limits
from fleet.models import CostRise, Incident
from fleet.queries import anomalies as queries
from fleet.queries.cost_scope import CostFilter

KEY = late_causes.KEY
_PREFIX = "endpoint:"


def risen(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Endpoints, accounts and the fleet if their cost rose on the newest complete day, or over the week up to it."""
    limits = Limits(opens=values["opens"], stays=values["opens"] / 2, least_usd=values["least_usd"])
    day, has_causes = cost_rises.refresh(limits, now=now)
    if has_causes:
        late_causes.tell(now)
    found = queries.of_day(CostFilter(), day)
    of_endpoints = [
        Measure.holding(
            subject=f"{_PREFIX}{rise.endpoint_id}",
            now=now,
            values={"rise": rise},
            endpoint_id=rise.endpoint_id,
        )
        for rise in found
        if rise.endpoint.shard.enabled and rise.endpoint.shard.account.enabled
    ]
    return of_endpoints + place_rises.risen(day, now, _ongoing())


def unjudged_subjects(now: datetime) -> frozenset[str]:
    """Endpoints and places with an open incident whose cost of the day is not known: their incidents stay."""
    ongoing, day = _ongoing(), cost_rises.judged_day(now)
    unknown = queries.without_cost({pk for pk in ongoing.values() if pk}, day)
    return frozenset(f"{_PREFIX}{pk}" for pk in unknown) | place_rises.unjudged_subjects(ongoing.keys(), day)


def _ongoing() -> dict[str, int | None]:
    """Subjects with an open incident and their endpoints."""
    rows = Incident.objects.filter(rule__key=KEY, resolved_at=None)
    return dict(rows.values_list("subject", "endpoint_id"))


def words(measure: Measure, place: Place) -> Words:
    """The words of a rise: how much, since when, and what was found of its cause."""
    if measure.endpoint_id is None:
        return place_rises.words(measure)
    rise: CostRise = measure.values["rise"]
    excess, when = rise.actual - rise.expected, f"{rise.day:%a %-d %b}"
    span = f"the seven days to {when}" if rise.is_week else when
    cause = rise.cause or late_causes.NO_CAUSE
    return Words(
        title=f"{place.name} costs {usd(excess)} more than expected",
        cause=f"cost {usd(rise.actual)} instead of {usd(rise.expected)} on {span}: {cause}",
        summary=(
            f"{place.name} cost {usd(rise.actual)} on {span}; its own weeks make {usd(rise.expected)} likely and "
            f"{usd(rise.high)} the most. Cause: {cause}."
        ),
        advice="The endpoint's cost lines say which component grew; its timeline says what was changed.",
        facts=(
            ("Cost", f"{usd(rise.actual)} on {span}"),
            ("Expected", f"{usd(rise.expected)}, at most {usd(rise.high)}"),
            ("Since", f"{rise.since:%a %-d %b}"),
            *late_causes.facts(rise),
            owner_fact(place),
        ),
    )
