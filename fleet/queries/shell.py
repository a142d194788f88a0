"""What the frame of every page shows: open incidents, running operations, accounts and the age of their data."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Value

from fleet.models import AlertRule, Incident, Operation, Shard


@dataclass(frozen=True)
class ShardAge:
    """One enabled shard; synced_at None means its inventory was never read."""

    account_id: str
    alias: str
    region: str
    synced_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """The frame's figures over the whole fleet, whatever the page is narrowed to."""

    open_incidents: int
    critical_incidents: int
    running_operations: int
    shards: tuple[ShardAge, ...]

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
    shards = Shard.objects.filter(enabled=True, account__enabled=True).values_list(
        "account__account_id", "account__alias", "region", "inventory_ok_at"
    )
    return Standing(
        open_incidents=sum(counts.values()),
        critical_incidents=counts.get(AlertRule.Severity.CRITICAL, 0),
        running_operations=running,
        shards=tuple(ShardAge(*row) for row in shards),
    )
