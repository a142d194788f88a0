"""What a page looks at: which accounts and regions, and which window of time. Parsed in dashboards.scope."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q

LENGTHS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""Windows of fixed length by their name in the URL; "month" is the other one."""
WINDOW_KEYS = (*LENGTHS, "month")


def window_start(key: str, end: datetime) -> datetime:
    """Where the window `key` (of WINDOW_KEYS) begins when it ends at `end`. Raises KeyError on another key."""
    if key == "month":
        return end.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return end - LENGTHS[key]


@dataclass(frozen=True)
class ScopeFilter:
    """Accounts (12-digit ids) and regions a page is narrowed to; empty means all of them."""

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        return not (self.accounts or self.regions)

    def q(self, shard: str = "") -> Q:
        """Condition on a queryset; `shard` is the lookup path to the Shard ("" on Shard itself).

        Endpoint.objects.filter(scope.q("shard")); DailyCost.objects.filter(scope.q("endpoint__shard")).
        """
        prefix = f"{shard}__" if shard else ""
        condition = Q()
        if self.accounts:
            condition &= Q(**{f"{prefix}account__account_id__in": self.accounts})
        if self.regions:
            condition &= Q(**{f"{prefix}region__in": self.regions})
        return condition


@dataclass(frozen=True)
class TimeRange:
    """A half-open window [start, end), aware UTC; key is its name in the URL."""

    key: str
    label: str
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def has_fine_buckets(self) -> bool:
        """True up to 24 hours: short enough to draw minute and five-minute buckets."""
        return self.length <= timedelta(hours=24)

    @property
    def previous(self) -> "TimeRange":
        """The window of equal length right before this one."""
        return TimeRange(self.key, f"the {self.label} before", self.start - self.length, self.start)

    @property
    def days(self) -> list[date]:
        """Every UTC day the window touches, oldest first."""
        first, last = (
            self.start.astimezone(UTC).date(),
            (self.end - timedelta(microseconds=1)).astimezone(UTC).date(),
        )
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]
