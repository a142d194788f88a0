"""What the Settings page lists: accounts with their regions, and people."""

from dataclasses import dataclass

from django.db.models import Prefetch

from fleet.models import Account, Shard, User


@dataclass(frozen=True)
class AccountRow:
    """One account and the regions that are switched on."""

    account: Account
    regions: tuple[str, ...]


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
