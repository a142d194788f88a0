"""What an earlier run stored of a shard's scaling: at most three statements, whatever the number of targets."""

from dataclasses import dataclass, field

from fleet import loading
from fleet.models import ScalableTarget, ScalingPolicy, ScheduledAction, Shard


@dataclass
class Stored:
    """A target, its policies and scheduled actions by their names."""

    target: ScalableTarget
    policies: dict[str, ScalingPolicy] = field(default_factory=dict)
    actions: dict[str, ScheduledAction] = field(default_factory=dict)


def known(shard: Shard) -> dict[tuple[str, str], Stored]:
    """The shard's targets by resource id and dimension."""
    targets = loading.read(ScalableTarget, "WHERE t.shard_id = %s ORDER BY t.resource_id", [shard.pk])
    stored = {target.pk: Stored(target) for target in targets}
    if stored:
        for policy in loading.read(ScalingPolicy, _OF_TARGETS, [list(stored)]):
            stored[policy.target_id].policies[policy.name] = policy
        for action in loading.read(ScheduledAction, _OF_TARGETS, [list(stored)]):
            stored[action.target_id].actions[action.name] = action
    return {(row.target.resource_id, row.target.dimension): row for row in stored.values()}


_OF_TARGETS = "WHERE t.target_id = ANY(%s) ORDER BY t.name"
