"""Applications and what hangs on them: the endpoints that a change to one of them may be felt in."""

from dataclasses import dataclass
from datetime import date, timedelta

from fleet.models import Endpoint

SHOWN = 8
REMIND_DAYS = (7, 1)
"""Days before the expiry date on which a mail goes out."""


@dataclass(frozen=True)
class BlastRadius:
    """The other open endpoints of an application; neighbours: the first of them by name."""

    application: str
    others: int
    neighbours: list[Endpoint]

    @property
    def total(self) -> int:
        """With the endpoint itself."""
        return self.others + 1


def blast_radius(endpoint: Endpoint) -> BlastRadius | None:
    """What shares the endpoint's application, over all accounts and regions; None when it belongs to none."""
    if not endpoint.application:
        return None
    others = Endpoint.objects.filter(application=endpoint.application, closed_at=None).exclude(pk=endpoint.pk)
    return BlastRadius(
        endpoint.application,
        others.count(),
        list(others.select_related("shard__account").order_by("name", "id")[:SHOWN]),
    )


def reminder_days(expires_on: date | None, today: date) -> list[date]:
    """Days on which reminders will still go out for this date."""
    if expires_on is None:
        return []
    days = [expires_on - timedelta(days=before) for before in REMIND_DAYS]
    return [day for day in days if day >= today]
