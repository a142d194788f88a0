"""What is known of the sync: account regions, their parts, calls, histories and causes of failure. Values only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from fleet.costs.observer import USD_PER_METRIC
from fleet.models import Shard
from fleet.queries.endpoint import SectionError

FAILED, LATE, GOOD = "failed", "late", "ok"


@dataclass(frozen=True)
class Tally:
    """Calls of one AWS action today (UTC)."""

    action: str
    calls: int
    throttles: int
    errors: int
    metrics_requested: int


@dataclass(frozen=True)
class Section:
    """One part of a shard's sync; ok_at None: never succeeded. duration_ms: of the last attempt, None before it."""

    name: str
    ok_at: datetime | None
    tried_at: datetime | None
    duration_ms: int | None
    error: SectionError | None


@dataclass(frozen=True)
class Backfill:
    """Hourly history being fetched over [start, end), known up to done_until. share is between 0 and 1.

    rests_until: when it is tried again after its runs died, None while it is gone on with.
    """

    start: datetime
    end: datetime
    done_until: datetime
    rests_until: datetime | None = None

    @property
    def share(self) -> float:
        """The part of the history that is stored."""
        whole = (self.end - self.start).total_seconds()
        done = (min(self.done_until, self.end) - self.start).total_seconds()
        return max(0.0, min(1.0, done / whole)) if whole > 0 else 1.0

    @property
    def is_done(self) -> bool:
        return self.done_until >= self.end

    @property
    def is_running(self) -> bool:
        """Whether more of it is fetched now, minute by minute."""
        return not self.is_done and self.rests_until is None

    @property
    def days(self) -> int:
        """Days to fetch in all, rounded."""
        return round((self.end - self.start) / timedelta(days=1))

    @property
    def days_done(self) -> int:
        """Whole days stored."""
        return int((min(self.done_until, self.end) - self.start) / timedelta(days=1))


@dataclass(frozen=True)
class ShardRow:
    """One account region. is_late: no good inventory within the limit, or never."""

    shard: Shard
    sections: list[Section]
    errors: list[SectionError]
    tallies: list[Tally]
    backfill: Backfill | None
    is_late: bool

    @property
    def calls(self) -> int:
        return sum(tally.calls for tally in self.tallies)

    @property
    def throttles(self) -> int:
        return sum(tally.throttles for tally in self.tallies)

    @property
    def metrics_requested(self) -> int:
        return sum(tally.metrics_requested for tally in self.tallies)

    @property
    def cloudwatch_usd(self) -> Decimal:
        """Estimated CloudWatch charge today, unrounded."""
        return self.metrics_requested * USD_PER_METRIC


@dataclass(frozen=True)
class Place:
    """One account region as the whole fleet is looked at. is_late: no good inventory within the limit, or never.

    backfill: its history while it is still being fetched, else None.
    """

    pk: int
    account_id: str
    alias: str
    region: str
    inventory_at: datetime | None
    is_failing: bool
    is_late: bool
    backfill: Backfill | None

    @property
    def name(self) -> str:
        return f"{self.alias} · {self.region}"

    @property
    def state(self) -> str:
        """FAILED, LATE or GOOD."""
        if self.is_failing:
            return FAILED
        return LATE if self.is_late else GOOD


@dataclass(frozen=True)
class Fleet:
    """Every enabled account region of a scope, the ones in trouble first, and today's calls over all of them.

    unreadable: endpoints that AWS does not describe. day: of the calls, UTC.
    """

    places: list[Place]
    actions: list[Tally]
    day: date
    unreadable: int = 0

    @cached_property
    def failing(self) -> list[Place]:
        return [place for place in self.places if place.is_failing]

    @cached_property
    def late(self) -> list[Place]:
        return [place for place in self.places if place.is_late]

    @property
    def calls(self) -> int:
        return sum(tally.calls for tally in self.actions)

    @property
    def throttles(self) -> int:
        return sum(tally.throttles for tally in self.actions)

    @property
    def metrics_requested(self) -> int:
        return sum(tally.metrics_requested for tally in self.actions)

    @property
    def cloudwatch_usd(self) -> Decimal:
        return self.metrics_requested * USD_PER_METRIC

    @cached_property
    def oldest(self) -> datetime | None:
        """The oldest good inventory; None when a shard never had one."""
        times = [place.inventory_at for place in self.places]
        return min((t for t in times if t), default=None) if all(times) else None

    @cached_property
    def backfills(self) -> list[Place]:
        """Those whose history is still being fetched, the least complete first."""
        unfinished = [place for place in self.places if place.backfill and not place.backfill.is_done]
        return sorted(unfinished, key=lambda place: place.backfill.share if place.backfill else 1.0)

    @property
    def is_fetching(self) -> bool:
        """Whether any history is gone on with now."""
        return any(place.backfill.is_running for place in self.backfills if place.backfill)


@dataclass(frozen=True)
class Cause:
    """One reason why parts cannot be read, with every account region it holds for.

    error: the oldest of them, word for word. sections: the parts concerned. since: the oldest.
    """

    error: SectionError
    sections: list[str]
    since: datetime | None
    shard_ids: list[int]

    @property
    def key(self) -> str:
        """Its name in a URL."""
        return f"{self.error.code}/{self.error.action}"
