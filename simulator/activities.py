"""Scaling activities of Application Auto Scaling: begun with a change of capacity, ended with the endpoint's update."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from simulator.records import Endpoint, Transition

if TYPE_CHECKING:
    from simulator.world import Region


def begun(resource: str, dimension: str, level: int, edge: str, now: datetime) -> dict[str, Any]:
    """A scaling activity that has just begun, as DescribeScalingActivities tells it."""
    noun = (
        "provisioned concurrency"
        if dimension.endswith("ProvisionedConcurrency")
        else "desired instance count"
    )
    return {
        "ActivityId": str(uuid5(NAMESPACE_URL, f"{resource}:{dimension}:{now.timestamp()}")),
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource,
        "ScalableDimension": dimension,
        "Description": f"Setting {noun} to {level}.",
        "Cause": f"{edge} capacity was set to {level}",
        "StartTime": now,
        "StatusCode": "InProgress",
        "StatusMessage": f"Successfully set {noun} to {level}. Waiting for change to be fulfilled by sagemaker.",
    }


def end(endpoint: Endpoint, region: Region, change: Transition, due: datetime) -> None:
    """Scaling activities end with the update that they began, as it ended."""
    prefix = f"endpoint/{endpoint.name}/variant/"
    for activity in region.activities:
        if activity["StatusCode"] == "InProgress" and activity["ResourceId"].startswith(prefix):
            what = activity["Description"].removeprefix("Setting ").removesuffix(".")
            if change.fails:
                ended = {
                    "StatusCode": "Failed",
                    "StatusMessage": f"Failed to set {what}. Reason: {change.reason}",
                }
            else:
                text = f"Successfully set {what}. Change successfully fulfilled by sagemaker."
                ended = {"StatusCode": "Successful", "StatusMessage": text}
            activity.update(ended, EndTime=due)
