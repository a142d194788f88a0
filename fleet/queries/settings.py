"""What the Settings page lists: accounts with their regions, and people."""

from dataclasses import dataclass

from django.db.models import Prefetch

from fleet.models import Account, Endpoint, Shard, User


@dataclass(frozen=True)
class AccountRow:
    """One account and the regions that are switched on."""

    account: Account
    regions: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """IAM actions that the last live check found missing."""
        return [r["action"] for r in self.account.permissions.get("rows", []) if r["state"] == "denied"]


@dataclass(frozen=True)
class FirstSync:
    """How far the first reading of an account is. endpoints: found so far."""

    shards: list[Shard]
    endpoints: int

    @property
    def read(self) -> list[Shard]:
        return [shard for shard in self.shards if shard.inventory_ok_at]

    @property
    def failed(self) -> list[Shard]:
        """Regions whose inventory was refused, and that were never read."""
        return [
            shard
            for shard in self.shards
            if shard.inventory_ok_at is None and (shard.sections.get("inventory") or {}).get("error")
        ]

    @property
    def is_done(self) -> bool:
        return len(self.read) == len(self.shards)


def first_sync(account: Account) -> FirstSync:
    """Regions of the account with how their first reading went; two queries."""
    shards = list(account.shards.filter(enabled=True).select_related("account").order_by("region"))
    return FirstSync(shards, Endpoint.objects.filter(shard__in=shards, closed_at=None).count())


def accounts() -> list[AccountRow]:
    """Every account by alias; two queries."""
    enabled = Prefetch(
        "shards", queryset=Shard.objects.filter(enabled=True).order_by("region"), to_attr="watched"
    )
    return [
        AccountRow(account, tuple(shard.region for shard in account.watched))
        for account in Account.objects.prefetch_related(enabled)
    ]


def regions_of(account: Account) -> list[str]:
    """The regions of one account that are switched on, by name."""
    return list(account.shards.filter(enabled=True).order_by("region").values_list("region", flat=True))


def people() -> list[User]:
    """Everybody, active ones first, by name."""
    return list(User.objects.order_by("-is_active", "username"))
