"""What the pages of operations on instances say: other instances, a second endpoint for some models, its way back."""

from typing import Any

from django.urls import reverse

from dashboards import wording
from dashboards.operations.words import Effect, before_after
from fleet.models import Operation
from fleet.operations import instance_changes, split_facts, splits
from fleet.operations.cost_change import CostChange
from fleet.operations.drafts import Draft
from fleet.operations.kinds import InstancesChange, OperationKind, SplitChange, UnsplitChange

NOTHING = Effect("", "", False, (), (), None, None)


def instances_effect(found: Draft) -> Effect:
    """Words for a draft of other instances."""
    change = found.change
    if not isinstance(change, InstancesChange):
        return NOTHING
    option = change.option
    held = option.held + change.instance_count
    facts = (
        ("Way", "new endpoint config"),
        ("Memory of one", wording.UNKNOWN if option.memory_mb is None else f"{option.memory_mb:,} MB"),
        ("vCPUs of one", wording.count(option.vcpus)),
        ("Account's quota", f"{held} of {'?' if option.quota is None else option.quota} {option.name}"),
    )
    return _effect(
        found.cost, facts, [warning.text for warning in instance_changes.warnings(change, found.seen)]
    )


def split_effect(found: Draft) -> Effect:
    """Words for a draft of a second endpoint, and of deleting it."""
    change = found.change
    if isinstance(change, UnsplitChange):
        return _effect(found.cost, (("Stays", change.origin.endpoint),), [])
    if not isinstance(change, SplitChange):
        return NOTHING
    facts = (
        ("Way", "a new endpoint beside this one"),
        ("Models that move", f"{len(change.models):,}"),
        ("Account's quota", splits.words(change.spot, change.option, change.instance_count)),
    )
    return _effect(found.cost, facts, [warning.text for warning in splits.warnings(change, found.seen)])


def split_result(operation: Operation) -> dict[str, Any]:
    """What is left to do after a split, for the template; {} for any other operation."""
    if operation.kind != OperationKind.SPLIT_MODELS:
        return {}
    made = split_facts.made(operation)
    before, wanted = operation.observed.get("instance_count"), operation.parameters["instance_count"]
    form = reverse("operations:change-instances", args=[operation.endpoint_id])
    rest = f"{form}?instance_type={operation.plan['wanted']['instance_type']}&instance_count={wanted}"
    return {
        "split": {
            "name": operation.parameters["name"],
            "models": operation.parameters["models"],
            "made": made,
            "rest_count": wanted,
            "rest_url": rest if before is not None and before > wanted else "",
            "delete_url": reverse("operations:delete-split", args=[made.pk]) if made else "",
        }
    }


def _effect(cost: CostChange | None, facts: tuple[tuple[str, str], ...], notes: list[str]) -> Effect:
    difference = cost.difference if cost else None
    return Effect(
        cost=wording.usd_change(difference),
        cost_note=before_after(cost.before, cost.after, difference) if cost else "",
        is_less=difference is not None and difference < 0,
        facts=facts,
        notes=tuple(notes),
        quota_used=None,
        quota=None,
    )
