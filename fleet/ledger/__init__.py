"""The one writer of DailyCost: what each variant cost on each UTC day, recomputed when its inputs changed."""

from fleet.ledger.update import update_shard

__all__ = ["update_shard"]
