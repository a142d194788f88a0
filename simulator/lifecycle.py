"""Endpoint life: what each change sets in motion and what it becomes when its time has come.

Nothing runs in the background: `settle` applies whatever is due at the instant of the next call.
"""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from simulator import activities
from simulator.components import settle_components
from simulator.events import announce
from simulator.jobs import settle_jobs
from simulator.records import Capacity, Endpoint, Transition, Variant, changed
from simulator.world import Durations, Region, World, seconds

PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
DEFAULT_REASON = (
    "The primary container for production variant {variant} did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint."
)


def capacity_of(variant: dict[str, Any]) -> Capacity:
    """The capacity that a ProductionVariant document of an endpoint config asks for."""
    serverless = variant.get("ServerlessConfig")
    if serverless:
        return Capacity(
            hosting="serverless",
            memory_mb=serverless["MemorySizeInMB"],
            max_concurrency=serverless["MaxConcurrency"],
            provisioned=serverless.get("ProvisionedConcurrency", 0),
        )
    return Capacity(
        hosting="instances",
        instance_type=variant.get("InstanceType", ""),
        instances=variant.get("InitialInstanceCount", 1),
        volume_gb=variant.get("VolumeSizeInGB", 0),
    )


def new_variant(document: dict[str, Any], seed: str) -> Variant:
    """A variant as its config describes it, not serving yet."""
    capacity = capacity_of(document)
    weight = float(document.get("InitialVariantWeight", 1.0))
    return Variant(
        name=document["VariantName"],
        model=document.get("ModelName", ""),
        weight=weight,
        desired_weight=weight,
        capacity=capacity,
        desired=capacity,
        document=document,
        seed=seed,
    )


def share_out(variants: list[Variant]) -> None:
    """Split an endpoint's requests over its variants by weight, in thousandths."""
    total = sum(variant.weight for variant in variants)
    for variant in variants:
        share = round(1000 * variant.weight / total) if total else 0
        variant.capacity = changed(variant.capacity, share=share)
        variant.desired = changed(variant.desired, share=share)


def hosting_kind(region: Region, config: dict[str, Any]) -> str:
    """The metric family of an instance-hosted endpoint: mme, mce, pipeline, component or real-time."""
    variant = config["ProductionVariants"][0]
    if "ModelName" not in variant:
        return "component"
    model = region.models.get(variant["ModelName"], {})
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    if any(container.get("Mode") == "MultiModel" for container in containers):
        return "mme"
    if len(containers) > 1:
        return "mce" if model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct" else "pipeline"
    return "real-time"


def begin_create(endpoint: Endpoint, region: Region, now: datetime, durations: Durations) -> None:
    """Creating; then InService, or Failed where the region marks the config as failing."""
    fails = _is_failing(region, endpoint.config_name)
    endpoint.status = "Creating"
    endpoint.transition = Transition(
        kind="create",
        steps=[(now + seconds(durations.create_s), "Failed" if fails else "InService")],
        config_name=endpoint.config_name,
        fails=fails,
        reason=DEFAULT_REASON.format(variant=endpoint.variants[0].name),
        started=now,
    )
    announce(endpoint, region, now)
    region.in_transition[endpoint.name] = endpoint


def begin_update(
    endpoint: Endpoint, region: Region, now: datetime, durations: Durations, change: Transition
) -> None:
    """Updating; then InService on the new state, or RollingBack and InService on the old one (F7)."""
    armed = endpoint.fail_next.pop(0) if endpoint.fail_next else ""
    fails = bool(armed) or _is_failing(region, change.config_name)
    change.started = now
    change.fails = fails
    change.reason = armed or DEFAULT_REASON.format(variant=endpoint.variants[0].name)
    if fails:
        half = durations.update_s / 2
        change.steps = [
            (now + seconds(half), "RollingBack"),
            (now + seconds(durations.update_s), "InService"),
        ]
    else:
        change.steps = [(now + seconds(durations.update_s), "InService")]
    endpoint.status = "Updating"
    endpoint.modified = now
    endpoint.failure_reason = ""
    endpoint.transition = change
    announce(endpoint, region, now)
    region.in_transition[endpoint.name] = endpoint


def begin_delete(endpoint: Endpoint, region: Region, now: datetime, durations: Durations) -> None:
    """Deleting; then gone, with its metrics kept as CloudWatch keeps them."""
    endpoint.status = "Deleting"
    endpoint.modified = now
    endpoint.transition = Transition("delete", [(now + seconds(durations.delete_s), "gone")], started=now)
    announce(endpoint, region, now)
    region.in_transition[endpoint.name] = endpoint


def settle(world: World, now: datetime) -> None:
    """Apply everything that is due, in every region."""
    for account in world.accounts.values():
        for region in account.regions.values():
            if region.in_transition or region.component_plans or region.job_plans:
                settle_region(region, now, world.durations)


def settle_region(region: Region, now: datetime, durations: Durations) -> None:
    """Apply everything that is due in one region."""
    for endpoint in list(region.in_transition.values()):
        _settle_endpoint(endpoint, region, now, durations)
    settle_components(region, now)
    settle_jobs(region, now)


def _settle_endpoint(endpoint: Endpoint, region: Region, now: datetime, durations: Durations) -> None:
    while endpoint.transition is not None and endpoint.transition.steps[0][0] <= now:
        due, status = endpoint.transition.steps.pop(0)
        endpoint.modified = due
        if status == "gone":
            _remove(endpoint, region, due)
            return
        endpoint.status = status
        if status in ("RollingBack", "Failed"):
            endpoint.failure_reason = endpoint.transition.reason
        if endpoint.transition.steps:
            announce(endpoint, region, due)
        else:
            _complete(endpoint, region, due, durations)
    if endpoint.reason_until is not None and endpoint.reason_until <= now:
        endpoint.failure_reason, endpoint.reason_until = "", None
    if endpoint.transition is None and endpoint.reason_until is None:
        region.in_transition.pop(endpoint.name, None)


def _complete(endpoint: Endpoint, region: Region, due: datetime, durations: Durations) -> None:
    change = endpoint.transition
    assert change is not None
    endpoint.transition = None
    activities.end(endpoint, region, change, due)
    if change.fails:
        if change.kind != "create":
            # The reason stays readable for a short while only; the next update would wipe it as well.
            endpoint.reason_until = due + seconds(durations.update_s * 2)
            for variant in endpoint.variants:
                variant.desired, variant.desired_weight = variant.capacity, variant.weight
        announce(endpoint, region, due)
        return
    if change.kind == "create":
        share_out(endpoint.variants)
        for variant in endpoint.variants:
            variant.deploy(variant.capacity, due)
    elif change.kind == "update":
        _switch_config(endpoint, change, due)
        endpoint.hosting_kind = hosting_kind(region, region.configs.get(change.config_name, change.config))
    else:
        for variant in endpoint.variants:
            variant.weight = variant.desired_weight = change.weights.get(variant.name, variant.weight)
            variant.capacity = variant.desired = change.capacities.get(variant.name, variant.capacity)
        share_out(endpoint.variants)
        for variant in endpoint.variants:
            variant.deploy(variant.capacity, due, anew=False)
    announce(endpoint, region, due)
    enforce_targets(endpoint, region, due, durations)


def _switch_config(endpoint: Endpoint, change: Transition, due: datetime) -> None:
    old = {variant.name: variant for variant in endpoint.variants}
    survivors = []
    for wanted in change.variants:
        present = old.pop(wanted.name, None)
        if present is None:
            source = endpoint.variants[0]
            wanted.traffic, wanted.seed = list(source.traffic), source.seed
            present = wanted
            present.history = [(0, None)]
        present.model, present.document = wanted.model, wanted.document
        present.weight = present.desired_weight = wanted.weight
        present.capacity = present.desired = wanted.capacity
        survivors.append(present)
    share_out(survivors)
    for present in survivors:
        present.deploy(present.capacity, due)
    for gone in old.values():
        gone.deploy(None, due)
        endpoint.retired_variants.append(gone)
    endpoint.variants = survivors
    endpoint.config_name = change.config_name


def enforce_targets(endpoint: Endpoint, region: Region, now: datetime, durations: Durations) -> None:
    """Auto scaling moves capacity that lies outside a registered range back into it (F12)."""
    capacities = {}
    for variant in endpoint.variants:
        wanted = clamped(region, endpoint, variant, now)
        if wanted != variant.capacity:
            capacities[variant.name] = wanted
    if not capacities:
        return
    for variant in endpoint.variants:
        variant.desired = capacities.get(variant.name, variant.desired)
    begin_update(endpoint, region, now, durations, Transition("capacity", [], capacities=capacities))


def clamped(region: Region, endpoint: Endpoint, variant: Variant, now: datetime) -> Capacity:
    """The variant's capacity moved inside its scalable targets' ranges, recording the scaling activity."""
    resource = f"endpoint/{endpoint.name}/variant/{variant.name}"
    capacity = variant.capacity
    for dimension, name in ((PROVISIONED, "provisioned"), (INSTANCES, "instances")):
        target = region.targets.get((resource, dimension))
        hosting = "serverless" if dimension == PROVISIONED else "instances"
        if target is None or capacity.hosting != hosting or not getattr(capacity, name):
            continue
        level = getattr(capacity, name)
        inside = min(max(level, target.document["MinCapacity"]), target.document["MaxCapacity"])
        if inside != level:
            capacity = changed(capacity, **{name: inside})
            edge = "minimum" if inside > level else "maximum"
            region.activities.insert(0, activities.begun(resource, dimension, inside, edge, now))
    return capacity


def _remove(endpoint: Endpoint, region: Region, due: datetime) -> None:
    for variant in endpoint.variants:
        variant.deploy(None, due)
    endpoint.deleted = due
    endpoint.transition = None
    region.in_transition.pop(endpoint.name, None)
    region.endpoints.pop(endpoint.name, None)
    region.tags.pop(endpoint.arn.lower(), None)
    region.retired.append(endpoint)
    prefix = f"endpoint/{endpoint.name}/variant/"
    for key in [key for key in region.targets if key[0].startswith(prefix)]:
        del region.targets[key]


def _is_failing(region: Region, config_name: str) -> bool:
    return any(fnmatchcase(config_name, pattern) for pattern in region.failing_configs if config_name)
