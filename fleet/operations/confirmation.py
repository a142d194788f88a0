"""What confirming a finished plan asks for: the name typed, a reason, and that the endpoint has not moved. Pure."""

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


def stale(planned: dict[str, object], seen: Observed) -> list[Refusal]:
    """Differences between the version a plan was made from and the newest one; empty when it still holds."""
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


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
