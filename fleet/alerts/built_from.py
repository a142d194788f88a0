"""Endpoints built from things that are gone, which AWS cannot patch: condition and words."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import day_and_clock
from fleet.alerts.wording import Words, owner_fact
from fleet.models import Endpoint

KEY = "cannot-be-patched"
UNJUDGED = Q(built_from=Endpoint.BuiltFrom.CANNOT_TELL)
"""What cannot be told opens nothing and ends nothing: a permission taken away proves no repair."""
SHOWN = 8


def broken(endpoints: QuerySet[Endpoint], values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Those whose config, model, image, role or artefact AWS has called gone for so long. One query."""
    found = endpoints.filter(
        built_from=Endpoint.BuiltFrom.BROKEN,
        built_from_since__lte=now - timedelta(minutes=values["for_min"]),
    ).values_list("pk", "built_from_since", "broken_links")
    return [
        Measure.holding(
            subject=f"endpoint:{pk}",
            since=since,
            now=now,
            values={"links": links},
            endpoint_id=pk,
        )
        for pk, since, links in found
    ]


def words(measure: Measure, place: Place) -> Words:
    """The words of an opening incident: what is gone, in AWS's words where it gave some."""
    links = measure.values["links"]
    first = links[0]
    count = len(links)
    gone = f"its {first['kind']} {first['name']} is gone" if count == 1 else f"{count} things are gone"
    return Words(
        title=f"{place.name} cannot be patched",
        cause=f"cannot be patched: {gone} since {day_and_clock(measure.since)}",
        summary="The endpoint still serves, but what it is built from is not all there: AWS's own patching, a clone of "
        "its config and a redeploy would all fail today.",
        advice="Put back what is gone under the same name, or deploy a config that names what exists. The endpoint's "
        "tab Built from shows every part.",
        facts=(
            *((f"Gone: {link['kind']}", _told(link)) for link in links[:SHOWN]),
            *((("And more", str(count - SHOWN)),) if count > SHOWN else ()),
            ("Known since", day_and_clock(measure.since)),
            owner_fact(place),
        ),
    )


def _told(link: Mapping[str, str]) -> str:
    """ "arn:… (iam:GetRole: The role cannot be found.)" """
    said = ": ".join(part for part in (link["action"], link["said"]) if part)
    return f"{link['name']} ({said})" if said else f"{link['name']} (AWS no longer lists it)"
