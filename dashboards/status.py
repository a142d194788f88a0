"""Words, icons and colours of every state: AWS's nine endpoint statuses and our own. Colour never stands alone."""

from dataclasses import dataclass

from fleet.types import EndpointStatus, Kind


@dataclass(frozen=True)
class Look:
    """How a state is drawn. tone: ok, changing, attention, failed or off. is_aws: the word is AWS's own (mono)."""

    word: str
    icon: str
    tone: str
    is_aws: bool = False


def _aws(status: EndpointStatus, icon: str, tone: str) -> tuple[str, Look]:
    return status.value, Look(status.value, icon, tone, is_aws=True)


_LOOKS: dict[str, Look] = dict(
    [
        _aws(EndpointStatus.IN_SERVICE, "circle-check", "ok"),
        _aws(EndpointStatus.CREATING, "refresh", "changing"),
        _aws(EndpointStatus.UPDATING, "refresh", "changing"),
        _aws(EndpointStatus.SYSTEM_UPDATING, "refresh", "changing"),
        _aws(EndpointStatus.ROLLING_BACK, "refresh", "attention"),
        _aws(EndpointStatus.DELETING, "refresh", "changing"),
        _aws(EndpointStatus.FAILED, "alert-octagon", "failed"),
        _aws(EndpointStatus.OUT_OF_SERVICE, "alert-octagon", "failed"),
        _aws(EndpointStatus.UPDATE_ROLLBACK_FAILED, "alert-octagon", "failed"),
    ]
) | {
    "InProgress": Look("InProgress", "refresh", "changing", is_aws=True),
    "Completed": Look("Completed", "circle-check", "ok", is_aws=True),
    "Pending": Look("Pending", "clock", "changing", is_aws=True),
    "Successful": Look("Successful", "circle-check", "ok", is_aws=True),
    "Overridden": Look("Overridden", "circle-dashed", "off", is_aws=True),
    "Unfulfilled": Look("Unfulfilled", "alert-triangle", "attention", is_aws=True),
    "Stopping": Look("Stopping", "refresh", "changing", is_aws=True),
    "Stopped": Look("Stopped", "circle-dashed", "off", is_aws=True),
    "critical": Look("Critical", "alert-octagon", "failed"),
    "warning": Look("Warning", "alert-triangle", "attention"),
    "changing": Look("Changing", "refresh", "changing"),
    "in-service": Look("In service", "circle-check", "ok"),
    "off": Look("Off or unknown", "circle-dashed", "off"),
    "resolved": Look("Resolved", "circle-check", "off"),
    "unreadable": Look("Cannot be read", "circle-dashed", "off"),
    "closed": Look("Deleted in AWS", "circle-dashed", "off"),
    "planned": Look("Planned", "circle-dashed", "off"),
    "queued": Look("Queued", "clock", "changing"),
    "running": Look("Running", "refresh", "changing"),
    "verifying": Look("Verifying", "refresh", "changing"),
    "succeeded": Look("Applied", "circle-check", "ok"),
    "applied": Look("Applied", "circle-check", "ok"),
    "failed": Look("Failed", "alert-octagon", "failed"),
    "rolled-back": Look("Rolled back", "alert-octagon", "failed"),
    "overwritten": Look("Overwritten", "alert-triangle", "attention"),
    "refused": Look("Refused by AWS", "alert-octagon", "failed"),
    "stale": Look("Stopped: AWS had moved", "alert-triangle", "attention"),
    "unknown": Look("Unknown", "circle-dashed", "off"),
    "cancelled": Look("Cancelled", "circle-dashed", "off"),
    "expired": Look("Expired", "circle-dashed", "off"),
    "pending": Look("Pending", "clock", "off"),
    "sending": Look("Sending", "refresh", "changing"),
    "sent": Look("Sent", "circle-check", "ok"),
    "ok": Look("Up to date", "circle-check", "ok"),
    "late": Look("Late", "alert-triangle", "attention"),
    "budget-passed": Look("Used up", "alert-octagon", "failed"),
    "budget-ahead": Look("Forecast to be passed", "alert-triangle", "attention"),
    "budget-on-track": Look("On track", "circle-check", "ok"),
    "disabled": Look("Disabled", "circle-dashed", "off"),
}

KIND_LABELS: dict[str, str] = {
    Kind.REAL_TIME: "Real-time",
    Kind.SERVERLESS: "Serverless",
    Kind.ASYNCHRONOUS: "Asynchronous",
    Kind.MULTI_MODEL: "Multi-model",
    Kind.MULTI_CONTAINER: "Multi-container",
    Kind.INFERENCE_COMPONENT: "Inference comp.",
    Kind.UNKNOWN: "Unknown kind",
}

ACTIVITY_LABELS: dict[str, str] = {
    "active": "Active",
    "idle": "Idle",
    "cannot-tell": "Cannot tell",
}

CONFIDENCE_LABELS: dict[str, str] = {
    "measured": "measured",
    "estimated": "estimated",
    "assumed-rate": "rate assumed",
    "assumed": "assumed",
    "no-data": "no data",
    "unpriced": "unpriced",
}
"""How far a cost line can be trusted."""

COMPONENT_LABELS: dict[str, str] = {
    "instance-time": "Instance time",
    "execution-on-demand": "Execution, on demand",
    "kept-warm": "Kept warm",
    "execution-provisioned": "Execution, provisioned",
    "storage": "Storage",
    "batch-time": "Batch instance time",
    "data-in": "Data in",
    "data-out": "Data out",
}


def look(state: str) -> Look:
    """How to draw `state`; a word nobody knows (AWS may invent some) is shown as it came, in grey."""
    return _LOOKS.get(state) or Look(state, "circle-dashed", "off", is_aws=True)


def all_looks() -> dict[str, Look]:
    """Every known state, for the pattern page."""
    return dict(_LOOKS)
