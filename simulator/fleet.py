"""Reads a fleet file (YAML) into a world. The file format is described in README.md."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from simulator import jobs
from simulator.clock import Clock, minute_of
from simulator.events import EventBus, Queue
from simulator.fleet_documents import endpoint_config, model_documents, scaling_target
from simulator.lifecycle import hosting_kind, new_variant, share_out
from simulator.records import Endpoint, Traffic, Variant, changed
from simulator.world import Account, Durations, Region, Role, World

OFFSET = re.compile(r"-(\d+(?:\.\d+)?)([smhdw])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
JOBS = {
    "transform_jobs": jobs.add_transform_job,
    "compilation_jobs": jobs.add_compilation_job,
    "recommendation_jobs": jobs.add_recommendation_job,
}
NEVER_SERVING = ("Creating", "Failed", "OutOfService")


def read(path: Path) -> tuple[dict[str, Any], str]:
    """The document of a fleet file (YAML, or JSON by its name) and a digest of its text."""
    text = path.read_text()
    if path.suffix == ".json":
        return json.loads(text), hashlib.sha256(text.encode()).hexdigest()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader either way
    return document, hashlib.sha256(text.encode()).hexdigest()


def build(
    document: dict[str, Any], clock: Clock, durations: Durations, epoch: datetime, bus: EventBus
) -> World:
    """The world a fleet document describes, with relative times counted from `epoch`."""
    world = World(clock=clock, durations=durations, epoch=epoch, bus=bus)
    for entry in document["accounts"]:
        account = _account(entry, epoch, bus)
        world.accounts[account.id] = account
    for entry in document.get("endpoints", []):
        for single in repeated(entry):
            add_endpoint(world, single)
    for entry in document.get("models", []):
        _add_models(_place(world, entry), entry | {"model": entry}, when(entry["created"], epoch))
    for entry in document.get("endpoint_configs", []):
        _add_config(_place(world, entry), entry | {"config": entry["name"]}, when(entry["created"], epoch))
    for key, add in JOBS.items():
        for entry in document.get(key, []):
            add(_place(world, entry), entry, when(entry["created"], epoch))
    for entry in document.get("queues", []):
        bus.queues.append(_queue(world, entry))
    return world


def _place(world: World, entry: dict[str, Any]) -> Region:
    return account_named(world, entry["account"]).region(entry["region"])


def _queue(world: World, entry: dict[str, Any]) -> Queue:
    account, region = account_named(world, entry["account"]), entry["region"]
    return Queue(
        name=entry["name"],
        account_id=account.id,
        region=region,
        arn=f"arn:{account.partition}:sqs:{region}:{account.id}:{entry['name']}",
        visibility_s=entry.get("visibility_s", 30),
        sources=entry.get("sources", [{"account": account.id, "region": region}]),
    )


def _account(entry: dict[str, Any], epoch: datetime, bus: EventBus) -> Account:
    account = Account(
        id=str(entry["id"]),
        alias=entry["alias"],
        bus=bus,
        partition=entry.get("partition", "aws"),
        access_keys=list(entry.get("access_keys", [])),
        roles={role["name"]: Role(**role) for role in entry.get("roles", [])},
        deny=list(entry.get("deny", [])),
        management=bool(entry.get("management", False)),
        allocation_tags=frozenset(entry["allocation_tags"]) if "allocation_tags" in entry else None,
        savings_plan=_savings_plan(entry.get("savings_plan", {}), epoch),
        chosen_regions=frozenset(entry.get("regions", [])),
        disabled_regions=frozenset(entry.get("disabled_regions", [])),
        missing=entry.get("missing", {}),
    )
    for name in entry.get("regions", []):
        account.region(name)
    for name, values in entry.get("quotas", {}).items():
        account.region(name).quotas.update(values)
    for name, billing in entry.get("billing", {}).items():
        account.region(name).billing = billing
    return account


def _savings_plan(entry: dict[str, Any], epoch: datetime) -> dict[str, Any]:
    return entry | {"since": _midnight(when(entry["since"], epoch))} if "since" in entry else entry


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def repeated(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """An entry with `repeat: n` stands for n endpoints, `{n}` in its name counting from 1."""
    count = entry.get("repeat")
    if count is None:
        return [entry]
    return [{**entry, "name": entry["name"].format(n=n), "repeat": None} for n in range(1, count + 1)]


def account_named(world: World, name: str) -> Account:
    """An account by alias or id. Raises ValueError when the fleet has none such."""
    for account in world.accounts.values():
        if name in (account.alias, account.id):
            return account
    raise ValueError(f"the fleet has no account {name!r}")


def when(value: str | datetime, epoch: datetime) -> datetime:
    """An instant: ISO text, or an offset before the epoch such as -90d, -3h, -40m."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=epoch.tzinfo)
    match = OFFSET.fullmatch(value)
    if match:
        return epoch - timedelta(seconds=float(match[1]) * UNITS[match[2]])
    return when(datetime.fromisoformat(value), epoch)


def add_endpoint(world: World, entry: dict[str, Any]) -> Endpoint:
    """Create one endpoint with its models, configs, tags, traffic and scaling, as if it had long existed."""
    region = account_named(world, entry["account"]).region(entry["region"])
    created = when(entry.get("created", "-90d"), world.epoch)
    name = entry["name"]
    _add_configs(region, entry, created, world.epoch)
    config = region.configs[entry.get("config", f"{name}-cfg-1")]
    like = entry.get("like", name)
    variants = [new_variant(doc, f"{like}/{doc['VariantName']}") for doc in config["ProductionVariants"]]
    shadows = [
        new_variant(doc, f"{like}/{doc['VariantName']}") for doc in config.get("ShadowProductionVariants", [])
    ]
    status = entry.get("status", "InService")
    endpoint = Endpoint(
        name=name,
        arn=region.arn(f"endpoint/{name}"),
        config_name=config["EndpointConfigName"],
        status=status,
        created=created,
        modified=when(entry.get("modified", created + timedelta(minutes=6)), world.epoch),
        variants=variants,
        shadows=shadows,
        async_config=config.get("AsyncInferenceConfig"),
        failure_reason=entry.get("failure_reason", ""),
        pinned=status != "InService",
        hosting_kind=hosting_kind(region, config),
        deployment_config=entry.get("deployment"),
        story=entry.get("story", ""),
    )
    if entry.get("instances", {}).get("count") == 0:
        for variant in variants:
            variant.capacity = variant.desired = changed(variant.capacity, instances=0)
    share_out(endpoint.variants)
    for variant in variants + shadows:
        _give_life(variant, entry, endpoint, world.epoch)
    _register(region, entry, endpoint, world.epoch)
    return endpoint


def _register(region: Region, entry: dict[str, Any], endpoint: Endpoint, epoch: datetime) -> None:
    region.endpoints[endpoint.name] = endpoint
    region.arns[endpoint.arn] = endpoint.arn
    region.tags[endpoint.arn] = {key: str(value) for key, value in entry.get("tags", {}).items()}
    region.failing_configs += entry.get("fail_updates_to", [])
    _add_components(region, entry, endpoint)
    for document in entry.get("scaling", []):
        target = scaling_target(document, endpoint, region)
        region.targets[(target.resource_id, target.dimension)] = target


def _give_life(variant: Variant, entry: dict[str, Any], endpoint: Endpoint, epoch: datetime) -> None:
    phases = entry.get("traffic", {"model": "idle"})
    for phase in phases if isinstance(phases, list) else [phases]:
        params = {key: value for key, value in phase.items() if key not in ("model", "since")}
        since = when(phase.get("since", endpoint.created), epoch)
        pairs = tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in params.items()))
        variant.traffic.append((minute_of(since), Traffic(phase["model"], pairs)))
    if endpoint.status not in NEVER_SERVING:
        variant.deploy(variant.capacity, endpoint.created)
        for change in entry.get("changes", []):
            _change(variant, change, endpoint, when(change["since"], epoch))


def _change(variant: Variant, change: dict[str, Any], endpoint: Endpoint, at: datetime) -> None:
    """What somebody raised or lowered later, in place: the config keeps saying what it began with."""
    held = {key: value for key, value in change.items() if key != "since"}
    variant.deploy(changed(variant.capacity, **held), at, anew=False)
    variant.desired = variant.capacity
    endpoint.modified = max(endpoint.modified, at)


def _add_configs(region: Region, entry: dict[str, Any], created: datetime, epoch: datetime) -> None:
    if not entry.get("lost_model"):
        _add_models(region, entry, created)
    name = entry.get("config", f"{entry['name']}-cfg-1")
    documents = [{**entry, "config": name, "config_created": entry.get("config_created", created)}]
    for other in entry.get("other_configs", []):
        documents.append({**entry, "config_created": created, **other})
    for document in documents:
        _add_config(region, document, when(document["config_created"], epoch))


def _add_models(region: Region, entry: dict[str, Any], created: datetime) -> None:
    for model in model_documents(entry, region):
        if model["ModelName"] not in region.models:
            region.models[model["ModelName"]] = model | {"CreationTime": created}
            region.know(model["ModelArn"])
            region.tags[model["ModelArn"]].update(entry.get("model", {}).get("tags", {}))


def _add_config(region: Region, entry: dict[str, Any], created: datetime) -> None:
    config = endpoint_config(entry, region) | {"CreationTime": created}
    region.configs[config["EndpointConfigName"]] = config
    region.know(config["EndpointConfigArn"])


def _add_components(region: Region, entry: dict[str, Any], endpoint: Endpoint) -> None:
    for component in entry.get("components", []):
        name = component["name"]
        copies = component.get("copies", 0)
        region.components[name] = {
            "InferenceComponentName": name,
            "InferenceComponentArn": region.arn(f"inference-component/{name}"),
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "VariantName": endpoint.variants[0].name,
            "Specification": {
                "ModelName": component.get("model", endpoint.variants[0].model or f"{name}-model"),
                "ComputeResourceRequirements": {
                    "NumberOfAcceleratorDevicesRequired": component.get("accelerators", 1),
                    "MinMemoryRequiredInMb": component.get("memory_mb", 8192),
                },
            },
            "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies},
            "CreationTime": endpoint.created,
            "LastModifiedTime": endpoint.modified,
            "InferenceComponentStatus": component.get("status", "InService"),
        }
        region.know(region.components[name]["InferenceComponentArn"])
