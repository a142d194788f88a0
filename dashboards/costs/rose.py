"""What rose: endpoints whose newest complete day cost more than their own weeks make likely, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboards.status import COMPONENT_LABELS
from fleet.cost_rises import judged_day
from fleet.queries import anomalies
from fleet.queries.anomalies import Risen, RisenPlace
from fleet.queries.cost_scope import CostFilter

SHOWN = 10


@dataclass(frozen=True)
class Row:
    """One endpoint that rose."""

    rise: Risen

    @property
    def url(self) -> str:
        return reverse("endpoints:tab", args=[self.rise.endpoint_id, "cost"])

    @property
    def timeline_url(self) -> str:
        return reverse("endpoints:tab", args=[self.rise.endpoint_id, "timeline"])

    @property
    def besides(self) -> list[str]:
        """Other causes that were found."""
        return [text for text, _ in self.rise.causes[1:]]


@dataclass(frozen=True)
class PlaceRow:
    """An account that rose, or the fleet, with the endpoints and components that make it."""

    rise: RisenPlace

    @property
    def name(self) -> str:
        return (self.rise.alias or self.rise.place) if self.rise.place else "The fleet"

    @property
    def url(self) -> str:
        query = {"range": "7d", "group": "endpoint", "sort": "-change"}
        if self.rise.place:
            query |= {"account": self.rise.place}
        return f"{reverse('costs:page')}?{urlencode(query)}"

    @property
    def endpoints(self) -> list[dict[str, Any]]:
        return [
            {
                **row,
                "usd": Decimal(row["usd"]),
                "url": reverse("endpoints:tab", args=[row["endpoint"], "cost"]),
            }
            for row in self.rise.parts.get("endpoints", ())
        ]

    @property
    def others(self) -> tuple[int, Decimal]:
        """Endpoints that rose beside the named ones, and with how much."""
        number, usd = self.rise.parts.get("more", (0, "0"))
        return number, Decimal(usd)

    @property
    def components(self) -> list[tuple[str, Decimal]]:
        found = self.rise.parts.get("components", ())
        return [(COMPONENT_LABELS.get(name, name), Decimal(usd)) for name, usd in found]


@dataclass(frozen=True)
class Rose:
    """The rises of a day: the dearest, and how many more there are. is_checked False: nobody has looked yet."""

    day: date
    places: Sequence[PlaceRow]
    rows: Sequence[Row]
    more: int
    is_checked: bool


def read(where: CostFilter, now: datetime) -> Rose:
    """What rose in a filter on the newest day that is judged. One query."""
    day = judged_day(now)
    found = anomalies.looked_up(where, day)
    return Rose(
        day,
        [PlaceRow(rise) for rise in found.places],
        [Row(rise) for rise in found.endpoints[:SHOWN]],
        max(len(found.endpoints) - SHOWN, 0),
        found.is_checked,
    )
