"""Summing up as the worker does, at the one instant that the tests of a module share."""

from datetime import UTC, datetime

from fleet import rollups
from fleet.models import DailyCost, Shard, StaleDay

NOW = datetime.now(UTC).replace(second=30, microsecond=0)


def sum_up(now: datetime = NOW, *, is_history_new: bool = False) -> None:
    """Every shard and place, as the worker would have done."""
    shards = list(Shard.objects.values_list("pk", flat=True))
    rollups.update_shards(shards, now=now, with_history=shards if is_history_new else ())
    days = DailyCost.objects.order_by("day").values_list("day", flat=True).distinct()
    shard = Shard.objects.first()
    StaleDay.objects.bulk_create(StaleDay(shard=shard, day=day) for day in days)
    rollups.update_places()
