"""How fresh the mirror is: per account region, what was read when, what failed, and what watching cost today.

`fleet` looks at every region of a scope, in as many queries for two as for two thousand; `rows` at those of one page.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db import connection
from django.db.models import BooleanField, F, Func, Sum

from fleet.models import CallTally, Endpoint, Shard
from fleet.queries import keyset
from fleet.queries.endpoint import SectionError, section_error, section_errors
from fleet.queries.scope import ScopeFilter

USD_PER_METRIC = Decimal("0.01") / 1000
"""GetMetricData: USD 0.01 per 1,000 metrics requested, outside the free tier (Amazon CloudWatch pricing, 2023)."""

SECTIONS = ("inventory", "tags", "scaling", "quotas", "metrics", "prices")
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
class Place:
    """One account region as the whole fleet is looked at. is_late: no good inventory within the limit, or never."""

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


def fleet(scope: ScopeFilter, *, now: datetime, late_after: timedelta) -> Fleet:
    """Three queries: account regions, today's calls by action, endpoints that cannot be described."""
    day = now.astimezone(UTC).date()
    shards = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True)
    found = shards.annotate(is_failing=_HAS_ERROR).values_list(
        "pk",
        "account__account_id",
        "account__alias",
        "region",
        "inventory_ok_at",
        "is_failing",
        "backfill_from",
        "backfill_until",
        "backfill_done_until",
    )
    places = [
        Place(*row[:6], is_late=_is_late(row[4], now, late_after), backfill=_backfill(*row[6:]))
        for row in found
    ]
    places.sort(key=lambda place: (not place.is_failing, not place.is_late, place.alias, place.region))
    hidden = Endpoint.objects.filter(
        scope.q("shard"),
        shard__enabled=True,
        shard__account__enabled=True,
        closed_at=None,
        unreadable__isnull=False,
    )
    return Fleet(places, _actions(scope, day), day, hidden.count())


def causes(places: Sequence[Place]) -> list[Cause]:
    """What is wrong at these account regions, the most widespread first: one query, one cause for many regions."""
    failing = [place.pk for place in places if place.is_failing]
    if not failing:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_CAUSES, [failing])
        rows = cursor.fetchall()
    found = [
        Cause(section_error(sections[0], json.loads(error)), sections, _time(since), shard_ids)
        for error, sections, since, shard_ids in rows
    ]
    return sorted(found, key=lambda cause: (-len(cause.shard_ids), cause.error.since, cause.key))


def rows(pks: Collection[int], *, now: datetime, late_after: timedelta) -> list[ShardRow]:
    """These account regions with all their parts, in the order of `pks`. Two queries."""
    day = now.astimezone(UTC).date()
    shards = Shard.objects.filter(pk__in=pks).select_related("account").in_bulk()
    tallies: dict[int, list[Tally]] = {}
    for tally in CallTally.objects.filter(shard__in=pks, day=day).order_by("-calls", "action"):
        one = Tally(tally.action, tally.calls, tally.throttles, tally.errors, tally.metrics_requested)
        tallies.setdefault(tally.shard_id, []).append(one)
    return [_row(shards[pk], tallies.get(pk, []), now, late_after) for pk in pks if pk in shards]


def by_key(
    scope: ScopeFilter, *, now: datetime, late_after: timedelta, after: keyset.Key | None, limit: int
) -> keyset.Slice[ShardRow]:
    """The watched account regions by place, `limit` of them after a key (account id, region). Three queries."""
    watched = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True)
    named = watched.select_related("account").defer("sections")
    found = keyset.rows(named, ("account__account_id", "region"), after, limit)
    return keyset.Slice(rows([shard.pk for shard in found.rows], now=now, late_after=late_after), found.last)


_HAS_ERROR = Func(
    F("sections"),
    template="jsonb_path_exists(%(expressions)s, '$.*.error ? (@ != null)')",
    output_field=BooleanField(),
)

# The words name account, role and region, so equal troubles are told by kind, code and action.
_CAUSES = """
    SELECT (array_agg(part.value -> 'error' ORDER BY part.value #>> '{error,since}'))[1],
           array_agg(DISTINCT part.key ORDER BY part.key),
           min(part.value #>> '{error,since}'),
           array_agg(DISTINCT shard.id)
    FROM fleet_shard AS shard, jsonb_each(shard.sections) AS part
    WHERE shard.id = ANY(%s) AND jsonb_typeof(part.value -> 'error') = 'object'
    GROUP BY part.value #>> '{error,kind}', part.value #>> '{error,code}', part.value #>> '{error,action}'
"""


def _actions(scope: ScopeFilter, day: date) -> list[Tally]:
    """Calls of the day by action, most called first."""
    sums = (
        CallTally.objects.filter(scope.q("shard"), day=day, shard__enabled=True, shard__account__enabled=True)
        .values("action")
        .annotate(n=Sum("calls"), t=Sum("throttles"), e=Sum("errors"), m=Sum("metrics_requested"))
        .order_by("-n", "action")
    )
    return [Tally(row["action"], row["n"], row["t"], row["e"], row["m"]) for row in sums]


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
                shard.sections[name].get("duration_ms"),
                by_name.get(name),
            )
            for name in names
        ],
        errors=errors,
        tallies=tallies,
        backfill=_backfill(shard.backfill_from, shard.backfill_until, shard.backfill_done_until),
        is_late=_is_late(shard.inventory_ok_at, now, late_after),
    )


def _is_late(inventory_at: datetime | None, now: datetime, late_after: timedelta) -> bool:
    return inventory_at is None or now - inventory_at > late_after


def _backfill(start: datetime | None, end: datetime | None, done_until: datetime | None) -> Backfill | None:
    if start is None or end is None:
        return None
    return Backfill(start, end, done_until or start)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
