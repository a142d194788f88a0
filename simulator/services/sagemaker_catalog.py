"""SageMaker tags."""

from __future__ import annotations

from typing import Any

from simulator.call import Action, Call
from simulator.errors import validation_error

MAX_TAGS = 50


def _tags(call: Call, arn: str) -> dict[str, str]:
    tags = call.region.tags.get(arn.lower())
    if tags is None:
        raise validation_error(f"Could not find resource {arn}.")
    return tags


def add_tags(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """AddTags: a key that exists gets the new value."""
    tags = _tags(call, params["ResourceArn"])
    added = {tag["Key"]: tag["Value"] for tag in params["Tags"]}
    if len(tags | added) > MAX_TAGS:
        raise validation_error(f"Too many tags: at most {MAX_TAGS} are allowed per resource.")
    tags.update(added)
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def list_tags(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListTags."""
    tags = _tags(call, params["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def delete_tags(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteTags: unknown keys are ignored."""
    tags = _tags(call, params["ResourceArn"])
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


ACTIONS: dict[str, Action] = {
    "AddTags": add_tags,
    "ListTags": list_tags,
    "DeleteTags": delete_tags,
}
