"""Where something is, as every record says it."""

from typing import TypedDict

from fleet.models import Shard


class Place(TypedDict):
    """Where something is; None for what is in no single account."""

    account_id: str | None
    account: str | None
    region: str | None


def place(shard: Shard | None) -> Place:
    """Of a shard that comes with its account."""
    if shard is None:
        return {"account_id": None, "account": None, "region": None}
    return {"account_id": shard.account.account_id, "account": shard.account.alias, "region": shard.region}
