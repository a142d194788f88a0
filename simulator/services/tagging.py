"""Resource Groups Tagging API: tags of many resources in one listing."""

from __future__ import annotations

from typing import Any

from simulator.call import Action, Call
from simulator.paging import page

DEFAULT_PAGE = 50


def get_resources(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetResources: only resources that carry or carried tags, as AWS lists them."""
    kinds = params.get("ResourceTypeFilters", [])
    filters = params.get("TagFilters", [])
    arns = params.get("ResourceARNList")
    rows = []
    for key, tags in sorted(call.region.tags.items()):
        arn = call.region.arns.get(key, key)
        if arns is not None and arn not in arns:
            continue
        if tags and _is_of(arn, kinds) and all(_has(tags, wanted) for wanted in filters):
            rows.append({"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]})
    size = params.get("ResourcesPerPage", DEFAULT_PAGE)
    shown, token = page(rows, params.get("PaginationToken"), size, "PaginationTokenExpiredException")
    return {"PaginationToken": token or "", "ResourceTagMappingList": shown}


def _is_of(arn: str, kinds: list[str]) -> bool:
    service, resource = arn.split(":")[2], arn.split(":")[5].split("/")[0]
    return not kinds or any(kind in (service, f"{service}:{resource}") for kind in kinds)


def _has(tags: dict[str, str], wanted: dict[str, Any]) -> bool:
    values = wanted.get("Values", [])
    return wanted.get("Key") in tags and (not values or tags[wanted["Key"]] in values)


ACTIONS: dict[str, Action] = {"GetResources": get_resources}
