"""What the frame of every page shows: open incidents, running operations, accounts and the age of their data."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Subquery, Value

from fleet import heartbeat
from fleet.models import AlertRule, Heartbeat, Incident, Operation, Shard


@dataclass(frozen=True)
class ShardAge:
    """One enabled shard: when its endpoints and its figures were last read, None for never."""

    account_id: str
    alias: str
    region: str
    inventory_at: datetime | None
    metrics_at: datetime | None

    @property
    def synced_at(self) -> datetime | None:
        """The older of the two, None while one of them was never read."""
        if self.inventory_at is None or self.metrics_at is None:
            return None
        return min(self.inventory_at, self.metrics_at)


@dataclass(frozen=True)
class Standing:
    """The frame's figures over the whole fleet, whatever the page is narrowed to."""

    open_incidents: int
    critical_incidents: int
    running_operations: int
    shards: tuple[ShardAge, ...]
    ticked_at: datetime | None = None

    @property
    def accounts(self) -> list[tuple[str, str]]:
        """(12-digit id, alias) of every account with an enabled shard, by alias."""
        return list(dict.fromkeys((shard.account_id, shard.alias) for shard in self.shards))

    @property
    def regions(self) -> list[str]:
        """Every region of an enabled shard, by name."""
        return sorted({shard.region for shard in self.shards})

    def late(self, now: datetime, after: timedelta) -> list[ShardAge]:
        """Shards whose last good sync is older than `after`, or that never had one."""
        return [shard for shard in self.shards if shard.synced_at is None or now - shard.synced_at > after]

    def silent_since(self, now: datetime) -> datetime | None:
        """The last sign of life of the background work when it is too long ago, else None."""
        ticked = self.ticked_at
        return ticked if ticked and now - ticked > heartbeat.silence_limit() else None


def standing() -> Standing:
    """Two queries, whatever the size of the fleet."""
    still_open = Incident.objects.filter(resolved_at=None).order_by()
    counts = dict(
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
    running = counts.pop("running", 0)
    tick = Heartbeat.objects.filter(name=heartbeat.TICK).values("at")
    rows = (
        Shard.objects.filter(enabled=True, account__enabled=True)
        .annotate(ticked_at=Subquery(tick))
        .values_list(
            "account__account_id", "account__alias", "region", "inventory_ok_at", "metrics_ok_at", "ticked_at"
        )
    )
    shards = list(rows)
    return Standing(
        open_incidents=sum(counts.values()),
        critical_incidents=counts.get(AlertRule.Severity.CRITICAL, 0),
        running_operations=running,
        shards=tuple(ShardAge(*row[:5]) for row in shards),
        ticked_at=shards[0][5] if shards else None,
    )
