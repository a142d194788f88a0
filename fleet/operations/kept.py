"""A checked change as its operation's row keeps it: fields of JSON from which the wish can be made again. Pure."""

from dataclasses import asdict

from fleet.operations.kinds import Change, ConcurrencyChange, MemoryChange, SplitChange, UnsplitChange
from fleet.operations.schedules import ScheduleChange


def changed_fields(change: Change) -> dict[str, object]:
    """The change as JSON."""
    if isinstance(change, ConcurrencyChange):
        return {
            "max_concurrency": change.max_concurrency,
            "provisioned_concurrency": change.provisioned_concurrency,
            "route": change.route.value,
        }
    if isinstance(change, MemoryChange):
        return {"memory_mb": change.memory_mb}
    if isinstance(change, ScheduleChange):
        return {key: value for key, value in asdict(change.wish).items() if value}
    if isinstance(change, SplitChange):
        return {"name": change.name, "instance_count": change.instance_count, "models": list(change.models)}
    if isinstance(change, UnsplitChange):
        return {"split": change.origin.code}
    return {"instance_type": change.option.name, "instance_count": change.instance_count}
