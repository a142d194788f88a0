"""How fresh the mirror is: per account region, what was read when, what failed, and what watching cost today."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fleet.models import CallTally, Endpoint, Shard
from fleet.queries.endpoint import SectionError, section_errors
from fleet.queries.scope import ScopeFilter

USD_PER_METRIC = Decimal("0.01") / 1000
"""GetMetricData: USD 0.01 per 1,000 metrics requested, outside the free tier (Amazon CloudWatch pricing, 2023)."""

SECTIONS = ("inventory", "tags", "scaling", "quotas", "metrics", "prices")


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
    """One part of a shard's sync; ok_at None: never succeeded."""

    name: str
    ok_at: datetime | None
    tried_at: datetime | None
    error: SectionError | None


@dataclass(frozen=True)
class Backfill:
    """Hourly history being fetched over [start, end), known up to done_until. share is between 0 and 1."""

    start: datetime
    end: datetime
    done_until: datetime

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
class SyncPage:
    """Every enabled shard of the scope, the ones in trouble first; unreadable: endpoints AWS does not describe."""

    rows: list[ShardRow]
    day: date
    unreadable: int = 0

    @property
    def failing(self) -> list[ShardRow]:
        return [row for row in self.rows if row.errors]

    @property
    def late(self) -> list[ShardRow]:
        return [row for row in self.rows if row.is_late]

    @property
    def calls(self) -> int:
        return sum(row.calls for row in self.rows)

    @property
    def metrics_requested(self) -> int:
        return sum(row.metrics_requested for row in self.rows)

    @property
    def cloudwatch_usd(self) -> Decimal:
        return self.metrics_requested * USD_PER_METRIC

    @property
    def oldest(self) -> datetime | None:
        """The oldest good inventory; None when a shard never had one."""
        times = [row.shard.inventory_ok_at for row in self.rows]
        return min((t for t in times if t), default=None) if all(times) else None

    @property
    def backfills(self) -> list[ShardRow]:
        """Shards whose history is still being fetched."""
        return [row for row in self.rows if row.backfill and not row.backfill.is_done]

    @property
    def actions(self) -> list[Tally]:
        """Calls by action over all shards, most called first."""
        return added(tally for row in self.rows for tally in row.tallies)


def page(scope: ScopeFilter, *, now: datetime, late_after: timedelta) -> SyncPage:
    """Three queries: shards with their accounts, today's tallies, endpoints that cannot be described."""
    day = now.astimezone(UTC).date()
    shards = list(
        Shard.objects.filter(scope.q(), enabled=True, account__enabled=True).select_related("account")
    )
    tallies: dict[int, list[Tally]] = {}
    for tally in CallTally.objects.filter(shard__in=shards, day=day).order_by("-calls", "action"):
        one = Tally(tally.action, tally.calls, tally.throttles, tally.errors, tally.metrics_requested)
        tallies.setdefault(tally.shard_id, []).append(one)
    rows = [_row(shard, tallies.get(shard.pk, []), now, late_after) for shard in shards]
    rows.sort(key=lambda row: (not row.errors, not row.is_late, row.shard.account.alias, row.shard.region))
    hidden = Endpoint.objects.filter(shard__in=shards, closed_at=None, unreadable__isnull=False)
    return SyncPage(rows, day, hidden.count())


def added(tallies: Iterable[Tally]) -> list[Tally]:
    """Tallies of the same action added, most called first."""
    sums: dict[str, Tally] = {}
    for t in tallies:
        old = sums.get(t.action, Tally(t.action, 0, 0, 0, 0))
        sums[t.action] = Tally(
            t.action,
            old.calls + t.calls,
            old.throttles + t.throttles,
            old.errors + t.errors,
            old.metrics_requested + t.metrics_requested,
        )
    return sorted(sums.values(), key=lambda tally: (-tally.calls, tally.action))


def _row(shard: Shard, tallies: list[Tally], now: datetime, late_after: timedelta) -> ShardRow:
    errors = section_errors(shard.sections)
    by_name = {error.section: error for error in errors}
    known = [name for name in SECTIONS if name in shard.sections]
    names = known + sorted(set(shard.sections) - set(SECTIONS))
    return ShardRow(
        shard=shard,
        sections=[
            Section(
                name,
                _time(shard.sections[name].get("ok_at")),
                _time(shard.sections[name].get("tried_at")),
                by_name.get(name),
            )
            for name in names
        ],
        errors=errors,
        tallies=tallies,
        backfill=_backfill(shard),
        is_late=shard.inventory_ok_at is None or now - shard.inventory_ok_at > late_after,
    )


def _backfill(shard: Shard) -> Backfill | None:
    if shard.backfill_from is None or shard.backfill_until is None:
        return None
    return Backfill(
        shard.backfill_from, shard.backfill_until, shard.backfill_done_until or shard.backfill_from
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
