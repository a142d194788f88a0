"""How fresh the mirror is: per account region, what was read when, what failed, and what watching cost today.

`fleet` looks at every region of a scope, in as many queries for two as for two thousand; `rows` at those of one page.
"""

import json
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import BooleanField, Case, Count, F, Func, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import JSONObject

from fleet.models import CallTally, Endpoint, Shard
from fleet.queries import keyset
from fleet.queries.endpoint import section_error, section_errors
from fleet.queries.scope import ScopeFilter
from fleet.queries.sync_state import Backfill, Cause, Fleet, Place, Section, ShardRow, Tally

SECTIONS = ("inventory", "tags", "scaling", "quotas", "metrics", "prices")


def fleet(scope: ScopeFilter, *, now: datetime, late_after: timedelta) -> Fleet:
    """Two queries: account regions with the count of endpoints that cannot be described, today's calls by action."""
    day = now.astimezone(UTC).date()
    hidden = Endpoint.objects.filter(
        scope.q("shard"),
        shard__enabled=True,
        shard__account__enabled=True,
        closed_at=None,
        unreadable__isnull=False,
    )
    counted = hidden.order_by().values(everything=Value(1)).annotate(n=Count("pk")).values("n")
    # A time of each of thousands of regions takes longer to read than all their other columns.
    times = {
        f"{name}_of_unfinished": Case(When(_IS_UNFINISHED, then=F(name)))
        for name in ("backfill_from", "backfill_until", "backfill_done_until", "backfill_due_at")
    }
    columns = ("pk", "account__account_id", "account__alias", "region", "inventory_ok_at", "is_failing")
    shards = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True)
    known = shards.annotate(is_failing=_HAS_ERROR, unreadable=Subquery(counted), **times)
    found: list[tuple[Any, ...]] = list(known.values_list(*columns, *times, "unreadable"))
    places = [
        Place(
            pk,
            account,
            alias,
            region,
            at,
            is_failing,
            _is_late(at, now, late_after),
            _backfill(now, *history),
        )
        for pk, account, alias, region, at, is_failing, *history, _ in found
    ]
    places.sort(key=lambda place: (not place.is_failing, not place.is_late, place.alias, place.region))
    return Fleet(places, _actions(scope, day), day, (found[0][10] or 0) if found else 0)


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
    """These account regions with all their parts, in the order of `pks`. One query."""
    day = now.astimezone(UTC).date()
    fields = ("action", "calls", "throttles", "errors", "metrics_requested")
    tallies = CallTally.objects.filter(shard=OuterRef("pk"), day=day).order_by("-calls", "action")
    documents = ArraySubquery(tallies.values(document=JSONObject(**{name: name for name in fields})))
    found = Shard.objects.filter(pk__in=pks).select_related("account").annotate(today=documents).in_bulk()
    shards = [found[pk] for pk in pks if pk in found]
    return [_row(shard, [Tally(**document) for document in shard.today], now, late_after) for shard in shards]


def by_key(
    scope: ScopeFilter, *, now: datetime, late_after: timedelta, after: keyset.Key | None, limit: int
) -> keyset.Slice[ShardRow]:
    """The watched account regions by place, `limit` of them after a key (account id, region). Two queries."""
    watched = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True)
    named = watched.select_related("account").defer("sections")
    found = keyset.rows(named, ("account__account_id", "region"), after, limit)
    return keyset.Slice(rows([shard.pk for shard in found.rows], now=now, late_after=late_after), found.last)


_HAS_ERROR = Func(
    F("sections"),
    template="jsonb_path_exists(%(expressions)s, '$.*.error ? (@ != null)')",
    output_field=BooleanField(),
)
_IS_UNFINISHED = Q(backfill_done_until=None) | Q(backfill_done_until__lt=F("backfill_until"))

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
        backfill=_backfill(
            now, shard.backfill_from, shard.backfill_until, shard.backfill_done_until, shard.backfill_due_at
        ),
        is_late=_is_late(shard.inventory_ok_at, now, late_after),
    )


def _is_late(inventory_at: datetime | None, now: datetime, late_after: timedelta) -> bool:
    return inventory_at is None or now - inventory_at > late_after


def _backfill(
    now: datetime,
    start: datetime | None,
    end: datetime | None,
    done_until: datetime | None,
    due_at: datetime | None,
) -> Backfill | None:
    if start is None or end is None:
        return None
    return Backfill(start, end, done_until or start, due_at if due_at and due_at > now else None)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
