"""The quota ledger: per account and region what counts against each quota, what is allowed, and what is left.

One statement, whatever the fleet's size; a second one names the endpoints behind the lines of one page.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection

from fleet import serverless_quotas as known
from fleet.models import Operation, Shard
from fleet.queries import keyset
from fleet.queries.quota_sql import LINES, ORDERS
from fleet.queries.scope import ScopeFilter

NEAR, TIGHT = 0.80, 0.95
"""Shares of a quota from which a line is near its limit, and at it."""
SORTS = tuple(ORDERS)


class Group(StrEnum):
    """Kinds of quota a reader may narrow the page to."""

    CONCURRENCY = "concurrency"
    ENDPOINTS = "endpoints"
    INSTANCES = "instances"


_PATTERNS = {
    Group.CONCURRENCY: [known.CONCURRENCY, known.PROVISIONED],
    Group.ENDPOINTS: [known.SERVERLESS_ENDPOINTS, known.ALL_ENDPOINTS],
    Group.INSTANCES: [f"{known.INSTANCES}%"],
}


@dataclass(frozen=True)
class Line:
    """One quota of one account and region.

    used: what endpoints hold now, AWS's higher figure while it is changing one; pending: what active operations of
    Flotilla add to it. claim: what would be held with every scalable target at its maximum; None where nothing
    scales. reported: Service Quotas' value, documented: AWS's default; limit: the first of them that is known, None
    when neither is. error: {"action", "code", "message", "since"} of the last attempt to read Service Quotas.
    """

    shard_id: int
    account_id: str
    alias: str
    partition: str
    region: str
    subject: str
    used: int
    pending: int
    claim: int | None
    provisioned: int | None
    provisioned_claim: int | None
    endpoints: int
    reported: float | None
    reported_name: str
    documented: int | None
    quotas_read_at: datetime | None
    error: Mapping[str, Any] | None
    mirror_at: datetime | None

    @property
    def limit(self) -> int | None:
        value = self.documented if self.reported is None else self.reported
        return None if value is None else int(value)

    @property
    def held(self) -> int:
        """What counts: in use and on its way."""
        return self.used + self.pending

    @property
    def room(self) -> int | None:
        """What is left, negative when more is held than allowed."""
        return None if self.limit is None else self.limit - self.held

    @property
    def share(self) -> float | None:
        """held ÷ limit; None without a limit. A limit of 0 that is used counts as full."""
        if self.limit is None:
            return None
        return self.held / self.limit if self.limit else float(self.held > 0)

    @property
    def instance_type(self) -> str:
        """The type of an instance quota, "" for others."""
        prefix = known.INSTANCES
        return self.subject.removeprefix(prefix) if self.subject.startswith(prefix) else ""

    @property
    def group(self) -> Group:
        if self.instance_type:
            return Group.INSTANCES
        is_count = self.subject in _PATTERNS[Group.ENDPOINTS]
        return Group.ENDPOINTS if is_count else Group.CONCURRENCY


@dataclass(frozen=True)
class Ledger:
    """Lines of one page, and counts over all lines of the filter.

    over: more is held than allowed; short: not over, but `more` would not fit; denied: Service Quotas cannot be read.
    """

    lines: list[Line]
    total: int = 0
    over: int = 0
    short: int = 0
    tight: int = 0
    near: int = 0
    unknown: int = 0
    denied: int = 0
    shards: int = 0


def ledger(
    scope: ScopeFilter,
    *,
    groups: tuple[Group, ...] = (),
    sort: str = "share",
    descending: bool = True,
    offset: int = 0,
    limit: int | None = None,
    least_share: float = 0,
    more: int = 0,
    shards: Sequence[int] | None = None,
) -> Ledger:
    """Quotas of every watched account region of the scope, tightest first; one query.

    groups: kinds of quota, () for all. limit None: all lines. least_share: only lines with at least that share of
    their limit held (lines without a known limit are left out then). more: what somebody thinks of adding to each.
    shards: narrows to account regions by id; None for all of the scope.
    """
    order = ORDERS[sort].format(way="DESC" if descending else "ASC")
    asked: dict[str, Any] = {"offset": offset, "limit": limit, "least_share": least_share, "more": more}
    asked["shards"] = None if shards is None else list(shards)
    rows = list(_select(LINES.format(order=order), {**_bound(scope, groups), **asked}))
    if not rows:
        return Ledger([])
    first = rows[0]
    lines = [_line(row) for row in rows]
    names = ("total", "over", "short", "tight", "near", "unknown", "denied", "shards")
    return Ledger(lines, **{name: first[f"n_{name}"] for name in names})


def by_key(scope: ScopeFilter, *, after: keyset.Key | None, limit: int) -> keyset.Slice[Line]:
    """The lines by place and subject, `limit` of them after a key (account id, region, subject). Two queries.

    Every account region has a line, so `limit` + 1 of them hold the page and what tells whether another one follows.
    """
    watched = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True).select_related("account")
    place = ("account__account_id", "region")
    first = None if after is None else after[:2]
    here = watched.filter(**dict(zip(place, first, strict=True))) if first else watched.none()
    shards = [*here, *keyset.rows(watched, place, first, limit + 1).rows]
    order = {shard.pk: n for n, shard in enumerate(shards)}
    begun = {shard.pk for shard in shards if first == (shard.account.account_id, shard.region)}
    lines = [
        line
        for line in ledger(scope, shards=list(order)).lines
        if after is None or line.shard_id not in begun or line.subject > str(after[2])
    ]
    lines.sort(key=lambda line: (order[line.shard_id], line.subject))
    return keyset.cut(lines, lambda line: (line.account_id, line.region, line.subject), limit)


def _bound(scope: ScopeFilter, groups: tuple[Group, ...]) -> dict[str, Any]:
    defaults = [
        (region, subject, value)
        for region in known.documented_regions()
        for subject, value in known.documented(region).items()
    ]
    return {
        "accounts": list(scope.accounts),
        "regions": list(scope.regions),
        "patterns": [pattern for group in groups for pattern in _PATTERNS[group]],
        "default_regions": [row[0] for row in defaults],
        "default_subjects": [row[1] for row in defaults],
        "default_values": [row[2] for row in defaults],
        "active": [state.value for state in Operation.ACTIVE],
        "near": NEAR,
        "tight": TIGHT,
    }


def _line(row: Mapping[str, Any]) -> Line:
    section = json.loads(row["section"]) if row["section"] else {}
    read_at = section.get("ok_at")
    return Line(
        shard_id=row["shard_id"],
        account_id=row["account_id"],
        alias=row["alias"],
        partition=row["partition"],
        region=row["region"],
        subject=row["subject"],
        used=row["used"],
        pending=row["pending"],
        claim=row["claim"],
        provisioned=row["provisioned"],
        provisioned_claim=row["provisioned_claim"],
        endpoints=row["endpoints"],
        reported=row["reported"],
        reported_name=row["reported_name"] or "",
        documented=row["documented"],
        quotas_read_at=datetime.fromisoformat(read_at) if read_at else None,
        error=section.get("error"),
        mirror_at=row["inventory_ok_at"],
    )


def _select(sql: str, bound: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, bound)
        names = [column.name for column in cursor.description or ()]
        for row in cursor.fetchall():
            yield dict(zip(names, row, strict=True))
