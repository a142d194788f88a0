"""What happened to one endpoint: observed changes, scaling and operations of ours in one line of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fleet.models import Endpoint, Operation, ScalingActivity
from fleet.queries import config_history

TIMELINE_LENGTH = 100


@dataclass(frozen=True)
class Moment:
    """One line of the timeline: an observed change, a scaling activity, or an operation of ours.

    status: AWS's word on an activity that did not succeed, or not yet; "" for everything else.
    """

    at: datetime
    what: str
    text: str
    by: str
    category: str
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    operation: Operation | None = None
    status: str = ""

    @property
    def configs(self) -> tuple[str, str] | None:
        """The two configs a config change lies between, None for other changes or where one is not known."""
        names = [str(side.get("config_name") or "") for side in (self.before, self.after)]
        return (names[0], names[1]) if self.category == "config" and all(names) else None

    @property
    def details(self) -> list[dict[str, Any]]:
        """Field by field what differed, in the words of the configuration; empty where the sentence says it all."""
        fields = [key for key in {**self.before, **self.after} if key != "config_name"]
        if len(fields) < 2:
            return []
        return [
            {
                "field": config_history.worded(key),
                "before": self.before.get(key),
                "after": self.after.get(key),
            }
            for key in fields
        ]


def timeline(endpoint: Endpoint) -> list[Moment]:
    """The newest changes, scaling activities and operations together, newest first; three queries."""
    seen = endpoint.changes.select_related("operation__requested_by")[:TIMELINE_LENGTH]
    moments = [
        Moment(
            at=change.at,
            what="observed",
            text=change.summary,
            by=_by(change.operation),
            category=change.category,
            before=change.before,
            after=change.after,
            operation=change.operation,
        )
        for change in seen
    ]
    moments += [
        Moment(
            at=operation.confirmed_at or operation.planned_at,
            what="operation",
            text=operation.kind,
            by=_by(operation),
            category="operation",
            operation=operation,
        )
        for operation in operations(endpoint)
    ]
    moments += [_scaled(row) for row in _activities(endpoint)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:TIMELINE_LENGTH]


def operations(endpoint: Endpoint) -> list[Operation]:
    """The newest operations on the endpoint, newest first."""
    return list(endpoint.operations.select_related("requested_by")[:TIMELINE_LENGTH])


def _activities(endpoint: Endpoint) -> list[ScalingActivity]:
    found = ScalingActivity.objects.filter(history__endpoint=endpoint).order_by("-begun_at", "-id")
    return list(found[:TIMELINE_LENGTH])


def _scaled(activity: ScalingActivity) -> Moment:
    is_done = activity.status == ScalingActivity.SUCCESSFUL
    return Moment(
        at=activity.begun_at,
        what="scaling",
        text=activity.description if is_done else f"{activity.description} {activity.status_message}".strip(),
        by="Application Auto Scaling",
        category="scaling",
        status="" if is_done else activity.status,
    )


def _by(operation: Operation | None) -> str:
    if operation is None:
        return ""
    return operation.requested_by.get_username() if operation.requested_by else "Flotilla"
