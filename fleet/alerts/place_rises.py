"""Costs of whole accounts, and of the fleet, that rose: conditions and words. fleet.cost_rises finds them.

What the rises of single endpoints tell already opens nothing here.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fleet.alerts.conditions import Measure
from fleet.alerts.figures import usd
from fleet.alerts.wording import Words
from fleet.models import Account, PlaceRise
from fleet.queries import place_rises as queries

FLEET, _ACCOUNT = "fleet", "account:"


def risen(day: date, now: datetime, ongoing: Collection[str]) -> list[Measure]:
    """Places whose cost rose on the day. One that was told of before goes on, whatever else tells of it by now."""
    accounts = queries.accounts()
    return [
        Measure.holding(
            subject=subject,
            now=now,
            values={
                "rise": each,
                "name": _name(each.place, accounts),
                "account": _name(each.place, accounts),
            },
        )
        for each in queries.of_day(day)
        if (subject := _subject(each.place)) in ongoing or not each.is_told
    ]


def unjudged_subjects(ongoing: Collection[str], day: date) -> frozenset[str]:
    """Places with an open incident whose cost of the day is not known: their incidents stay."""
    places = [subject.removeprefix(_ACCOUNT) for subject in ongoing if subject.startswith(_ACCOUNT)]
    places += [queries.FLEET for subject in ongoing if subject == FLEET]
    return frozenset(map(_subject, queries.without_cost(places, day)))


def words(measure: Measure) -> Words:
    """The words of a place's rise: how much, since when, and which endpoints and components make it."""
    rise: PlaceRise = measure.values["rise"]
    name, when = measure.values["name"], f"{rise.day:%a %-d %b}"
    span = f"the seven days to {when}" if rise.is_week else when
    cause = rise.cause or "no endpoint costs more than in the four weeks before"
    return Words(
        title=f"{name} costs {usd(rise.actual - rise.expected)} more than expected",
        cause=f"cost {usd(rise.actual)} instead of {usd(rise.expected)} on {span}: {cause}",
        summary=(
            f"{name} cost {usd(rise.actual)} on {span}; its own weeks make {usd(rise.expected)} likely and "
            f"{usd(rise.high)} the most. Cause: {cause}."
        ),
        advice="The Costs page names the endpoints that rose, and shows each one's lines; their timelines say why.",
        facts=(
            ("Cost", f"{usd(rise.actual)} on {span}"),
            ("Expected", f"{usd(rise.expected)}, at most {usd(rise.high)}"),
            ("Since", f"{rise.since:%a %-d %b}"),
            *((("Endpoints", "; ".join(found)),) if (found := _endpoints(rise.parts)) else ()),
            *((("Components", ", ".join(found)),) if (found := _components(rise.parts)) else ()),
        ),
    )


def _endpoints(parts: Mapping[str, Any]) -> list[str]:
    rows = [
        f"{row['name']} +{usd(Decimal(row['usd']))}{': ' if row['text'] else ''}{row['text']}"
        for row in parts.get("endpoints", ())
    ]
    number, more = parts.get("more", (0, "0"))
    return [*rows, f"{number} more with {usd(Decimal(more))}"] if number else rows


def _components(parts: Mapping[str, Any]) -> list[str]:
    return [
        f"{name.replace('-', ' ')} {'+' if Decimal(more) > 0 else '−'}{usd(abs(Decimal(more)))}"
        for name, more in parts.get("components", ())
    ]


def _subject(place: str) -> str:
    return f"{_ACCOUNT}{place}" if place else FLEET


def _name(place: str, accounts: Mapping[str, Account]) -> str:
    if not place:
        return "The fleet"
    return accounts[place].alias if place in accounts else place
