"""What rose: endpoints whose newest complete day cost more than their own weeks make likely, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from fleet.cost_rises import judged_day
from fleet.queries import anomalies
from fleet.queries.anomalies import Risen
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
class Rose:
    """The rises of a day: the dearest, and how many more there are. is_checked False: nobody has looked yet."""

    day: date
    rows: Sequence[Row]
    more: int
    is_checked: bool


def read(where: CostFilter, now: datetime) -> Rose:
    """What rose in a filter on the newest day that is judged. One query."""
    day = judged_day(now)
    found, checked = anomalies.looked_up(where, day)
    return Rose(day, [Row(rise) for rise in found[:SHOWN]], max(len(found) - SHOWN, 0), checked)
