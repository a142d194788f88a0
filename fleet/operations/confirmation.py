"""What confirming a finished plan asks for: the name typed, a reason, and that the endpoint has not moved. Pure."""

from typing import Any

from fleet.errors import Refusal
from fleet.operations.kinds import Observed


def typed_name(typed: str, seen: Observed) -> list[Refusal]:
    """The endpoint's name typed by hand, exactly: names keep their case in AWS."""
    if typed == seen.endpoint:
        return []
    text = f"You typed “{typed}”; type the endpoint's name, {seen.endpoint}, exactly."
    return [Refusal("typed_name", "typed-name", text if typed else f"Type {seen.endpoint} to confirm.")]


def reason_given(reason: str) -> list[Refusal]:
    """Every change says why, for the audit log."""
    if reason.strip():
        return []
    return [Refusal("reason", "reason-missing", "Say why: the reason is kept in the audit log.")]


def stale(planned: dict[str, Any], seen: Observed) -> list[Refusal]:
    """Differences between the version a plan was made from and the newest one; empty when it still holds."""
    if schedule := planned.get("schedule"):
        return _stale_schedule(schedule, seen)
    now = seen.version()
    words = {
        "config_name": "endpoint config",
        "max_concurrency": "max concurrency",
        "provisioned_concurrency": "provisioned concurrency",
        "memory_mb": "memory",
    }
    moved = [
        f"{label} {_shown(planned.get(key))} → {_shown(now[key])}"
        for key, label in words.items()
        if planned.get(key) != now[key]
    ]
    if planned.get("has_scaling") != now["has_scaling"]:
        moved.append("a scalable target was " + ("registered" if now["has_scaling"] else "removed"))
    if not moved and planned.get("modified_at") == now["modified_at"]:
        return []
    what = "; ".join(moved) or f"AWS reports a modification at {now['modified_at']}"
    return [Refusal("", "stale", f"The endpoint changed since this plan was made: {what}. Plan again.")]


def _stale_schedule(planned: dict[str, Any], seen: Observed) -> list[Refusal]:
    """Of a schedule its target and actions count, and policies if it changes them: auto scaling goes on at its own."""
    with_policies = "policies" in planned
    now = next(
        (spot.version(with_policies=with_policies) for spot in seen.spots if spot.key == planned["key"]), None
    )
    if now == planned:
        return []
    if now is None:
        what = "what it schedules is gone"
    elif now["actions"] != planned["actions"]:
        what = "a scheduled action was written or deleted"
    elif with_policies and now["policies"] != planned["policies"]:
        what = "a scaling policy was written or deleted"
    else:
        what = f"the scalable target is {_bounds(now)}, it was {_bounds(planned)}"
    return [Refusal("", "stale", f"The schedule changed since this plan was made: {what}. Plan again.")]


def _bounds(of: dict[str, Any]) -> str:
    return "not registered" if of["minimum"] is None else f"{of['minimum']} – {of['maximum']}"


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
