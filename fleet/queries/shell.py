"""What the frame of every page shows: open incidents, running operations, accounts and the age of their data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import Concat, Least

from fleet import heartbeat
from fleet.models import Account, AlertRule, Heartbeat, Incident, Operation, Shard

NAMED = 3
"""As many late shards are named; the others are counted."""
_ID_DIGITS = 12


@dataclass(frozen=True)
class ShardAge:
    """One enabled shard: when its endpoints and its figures were last read, None for never."""

    alias: str
    region: str
    inventory_at: datetime | None
    metrics_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """The frame's figures over the whole fleet, whatever the page is narrowed to.

    accounts: (12-digit id, alias) of those with an enabled shard, by alias; regions: theirs, by name. late: shards
    whose last good sync is too old, or that never had one; never_read: the latter. oldest: the NAMED least recently
    read, never read ones first. oldest_at: the least recent good sync of a shard that had one.
    """

    open_incidents: int
    critical_incidents: int
    running_operations: int
    accounts: list[tuple[str, str]]
    regions: list[str]
    shards: int
    late: int
    never_read: int
    oldest_at: datetime | None
    oldest: tuple[ShardAge, ...]
    ticked_at: datetime | None = None

    def silent_since(self, now: datetime) -> datetime | None:
        """The last sign of life of the background work when it is too long ago, else None."""
        ticked = self.ticked_at
        return ticked if ticked and now - ticked > heartbeat.silence_limit() else None


def standing(now: datetime, late_after: timedelta) -> Standing:
    """Two queries, whatever the size of the fleet. now: aware; late_after: the age from which a sync is late."""
    counts = _counts()
    running = counts.pop("running", 0)
    rows = list(_oldest(now - late_after))
    found: Mapping[str, Any] = rows[0] if rows else {}
    accounts = [(each[:_ID_DIGITS], each[_ID_DIGITS:]) for each in found.get("accounts", ())]
    return Standing(
        open_incidents=sum(counts.values()),
        critical_incidents=counts.get(AlertRule.Severity.CRITICAL, 0),
        running_operations=running,
        accounts=sorted(accounts, key=lambda each: (each[1], each[0])),
        regions=sorted(found.get("regions", ())),
        shards=found.get("shards", 0),
        late=found.get("late", 0),
        never_read=found.get("never_read", 0),
        oldest_at=found.get("oldest_at"),
        oldest=tuple(
            ShardAge(row["account__alias"], row["region"], row["inventory_ok_at"], row["metrics_ok_at"])
            for row in rows
        ),
        ticked_at=found.get("ticked_at"),
    )


def _oldest(late_before: datetime) -> QuerySet[Shard, Any]:
    """The NAMED least recently read shards, each with the figures of all enabled ones and the last tick."""
    enabled = Shard.objects.filter(enabled=True, account__enabled=True)
    # Accounts are few beside their regions: no text of every shard is sorted to tell them apart.
    has_enabled = Exists(Shard.objects.filter(account=OuterRef("pk"), enabled=True))
    accounts = Account.objects.filter(has_enabled, enabled=True).order_by()
    named = accounts.annotate(text=Concat("account_id", "alias", output_field=CharField()))
    is_read = Q(inventory_ok_at__isnull=False, metrics_ok_at__isnull=False)
    is_late = ~is_read | Q(inventory_ok_at__lt=late_before) | Q(metrics_ok_at__lt=late_before)
    read_at = Case(When(is_read, then=Least("inventory_ok_at", "metrics_ok_at")))
    return (
        enabled.annotate(
            read_at=read_at,
            shards=Window(Count("pk")),
            never_read=Window(Count("pk", filter=~is_read)),
            late=Window(Count("pk", filter=is_late)),
            oldest_at=Window(Min(read_at)),
            accounts=ArraySubquery(named.values("text")),
            regions=ArraySubquery(enabled.order_by().values("region").distinct()),
            ticked_at=Subquery(Heartbeat.objects.filter(name=heartbeat.TICK).values("at")),
        )
        .order_by(F("read_at").asc(nulls_first=True), "account__alias", "region")
        .values(
            "account__alias", "region", "inventory_ok_at", "metrics_ok_at", "shards", "never_read", "late",
            "oldest_at", "accounts", "regions", "ticked_at",
        )[:NAMED]
    )  # fmt: skip


def _counts() -> dict[str, int]:
    """Open incidents by severity, and operations under way as "running"."""
    still_open = Incident.objects.filter(resolved_at=None).order_by()
    return dict(
        still_open.values("severity")
        .annotate(n=Count("pk"))
        .values_list("severity", "n")
        .union(
            Operation.objects.filter(state__in=Operation.ACTIVE)
            .order_by()
            .annotate(severity=Value("running", output_field=CharField()))
            .values("severity")
            .annotate(n=Count("pk"))
            .values_list("severity", "n"),
            all=True,
        )
    )
