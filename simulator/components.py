"""The life of inference components: what a change of copies or specification becomes when its time has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.world import Durations, Region


@dataclass
class ComponentPlan:
    """What is due: the status that ends a change, its copies, and why it fails if it does."""

    due: datetime
    status: str
    copies: int
    reason: str


def begin_component(
    region: Region, name: str, status: str, copies: int, reason: str, now: datetime, durations: Durations
) -> None:
    """Creating, Updating or Deleting; a new component whose copies find no room fails, a changed one stays."""
    component = region.components[name]
    component["InferenceComponentStatus"] = status
    component["LastModifiedTime"] = now
    component["RuntimeConfig"] = {**component["RuntimeConfig"], "DesiredCopyCount": copies}
    component.pop("FailureReason", None)
    span = {"Creating": durations.create_s, "Deleting": durations.delete_s}.get(status, durations.update_s)
    end = "gone" if status == "Deleting" else "Failed" if reason and status == "Creating" else "InService"
    region.component_plans[name] = ComponentPlan(
        datetime.fromtimestamp(now.timestamp() + span, now.tzinfo), end, copies, reason
    )


def settle_components(region: Region, now: datetime) -> None:
    """Apply every plan that is due."""
    for name, plan in list(region.component_plans.items()):
        if plan.due > now:
            continue
        del region.component_plans[name]
        component = region.components[name]
        if plan.status == "gone":
            del region.components[name]
            region.tags.pop(component["InferenceComponentArn"].lower(), None)
            for key in [key for key in region.targets if key[0] == f"inference-component/{name}"]:
                del region.targets[key]
            continue
        current = component["RuntimeConfig"]["CurrentCopyCount"] if plan.reason else plan.copies
        component["InferenceComponentStatus"] = plan.status
        component["LastModifiedTime"] = plan.due
        component["RuntimeConfig"] = {"DesiredCopyCount": current, "CurrentCopyCount": current}
        if plan.reason:
            component["FailureReason"] = plan.reason
