"""Costs that rose without their history explaining it: conditions and words. fleet.cost_rises finds them."""

from collections.abc import Mapping
from datetime import datetime

from fleet import cost_rises
from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import usd
from fleet.alerts.wording import Words, owner_fact
from fleet.costs.anomalies import Limits
from fleet.models import CostRise, Incident
from fleet.queries import anomalies as queries
from fleet.queries.cost_scope import CostFilter

KEY = "cost-rise"
NO_CAUSE = "no change found"
_PREFIX = "endpoint:"


def risen(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Endpoints whose cost rose on the newest complete day, or over the week that ends with it."""
    limits = Limits(opens=values["opens"], stays=values["opens"] / 2, least_usd=values["least_usd"])
    day = cost_rises.refresh(limits, now=now)
    found = queries.of_day(CostFilter(), day)
    return [
        Measure.holding(
            subject=f"{_PREFIX}{rise.endpoint_id}",
            now=now,
            values={"rise": rise},
            endpoint_id=rise.endpoint_id,
        )
        for rise in found
        if rise.endpoint.shard.enabled and rise.endpoint.shard.account.enabled
    ]


def unjudged_subjects(now: datetime) -> frozenset[str]:
    """Endpoints with an open incident whose cost of the day is not known: their incidents stay."""
    open_ones = Incident.objects.filter(rule__key=KEY, resolved_at=None).values_list("endpoint_id", flat=True)
    unknown = queries.without_cost({pk for pk in open_ones if pk}, cost_rises.judged_day(now))
    return frozenset(f"{_PREFIX}{pk}" for pk in unknown)


def words(measure: Measure, place: Place) -> Words:
    """The words of a rise: how much, since when, and what was found of its cause."""
    rise: CostRise = measure.values["rise"]
    excess, when = rise.actual - rise.expected, f"{rise.day:%a %-d %b}"
    span = f"the seven days to {when}" if rise.is_week else when
    cause = rise.cause or NO_CAUSE
    others = [text for text, _ in rise.causes[1:3]]
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
            ("Cause", cause),
            *((("Besides", "; ".join(others)),) if others else ()),
            owner_fact(place),
        ),
    )
