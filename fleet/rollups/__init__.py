"""The one writer of figures that pages would otherwise add up themselves; each can be worked out again at any time."""

from fleet.rollups.places import update_places
from fleet.rollups.shard import USUAL_DAYS, overdue, update_shards

__all__ = ["USUAL_DAYS", "overdue", "update_places", "update_shards"]
