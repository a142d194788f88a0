"""What AWS holds at this instant, of every account and region: what a mirror is compared with, asked by no AWS call."""

from __future__ import annotations

from typing import Any

from simulator.records import Capacity, Endpoint, ScalableTarget, Variant
from simulator.truth import kind_of
from simulator.world import Region, World


def holdings(world: World) -> dict[str, list[dict[str, Any]]]:
    """Endpoints, configs, models, components and scalable targets; each entry with its account and region."""
    found: dict[str, list[dict[str, Any]]] = {}
    for region in world.regions():
        place = {"account": region.account_id, "region": region.name}
        for what, entries in _of_region(region).items():
            found.setdefault(what, []).extend({**place, **entry} for entry in entries)
    return found


def _of_region(region: Region) -> dict[str, list[dict[str, Any]]]:
    return {
        "endpoints": [_endpoint(region, endpoint) for endpoint in region.endpoints.values()],
        "configs": [{"document": document} for document in region.configs.values()],
        "models": [{"document": document} for document in region.models.values()],
        "components": [{"document": document} for document in region.components.values()],
        "targets": [_target(target) for target in region.targets.values()],
    }


def _endpoint(region: Region, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "arn": endpoint.arn,
        "kind": kind_of(endpoint, endpoint.variants[0]),
        "status": endpoint.status,
        "config": endpoint.config_name,
        "created": endpoint.created,
        "modified": endpoint.modified,
        "tags": region.tags.get(endpoint.arn.lower(), {}),
        "variants": [
            *(_variant(variant, is_shadow=False) for variant in endpoint.variants),
            *(_variant(variant, is_shadow=True) for variant in endpoint.shadows),
        ],
    }


def _variant(variant: Variant, *, is_shadow: bool) -> dict[str, Any]:
    """A variant as it serves. Of serverless and instances, what belongs to the other one is null."""
    held: Capacity = variant.capacity
    is_serverless = held.hosting == "serverless"
    return {
        "name": variant.name,
        "shadow": is_shadow,
        "model": variant.model,
        "weight": variant.weight,
        "memory_mb": held.memory_mb if is_serverless else None,
        "max_concurrency": held.max_concurrency if is_serverless else None,
        "provisioned": (held.provisioned or None) if is_serverless else None,
        "instance_type": "" if is_serverless else held.instance_type,
        "instances": 0 if is_serverless else held.instances,
        "desired_instances": None if is_serverless else variant.desired.instances,
    }


def _target(target: ScalableTarget) -> dict[str, Any]:
    return {
        "document": target.document,
        "policies": list(target.policies.values()),
        "actions": list(target.actions.values()),
    }
