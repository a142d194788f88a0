"""Another instance type or count of a variant: what is refused, what is sent, what a person is told. Pure."""

from dataclasses import replace
from datetime import datetime

from fleet.costs import compare
from fleet.costs.instances import has_local_disk
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.errors import Refusal
from fleet.instance_types import has_gpu
from fleet.operations import preview
from fleet.operations.cost_change import CostChange, told
from fleet.operations.documents import clone_config, config_name
from fleet.operations.guards import (
    MAX_INSTANCES,
    against_instance_quota,
    leave,
    there,
    unknown_fields,
    whole_number,
)
from fleet.operations.kinds import (
    Context,
    InstanceOption,
    InstancesChange,
    InstancesWish,
    Observed,
    OperationKind,
    Route,
)
from fleet.operations.plan import Plan, config_steps
from fleet.operations.preview import Difference, Warning
from fleet.operations.schedules import INSTANCES, Spot
from fleet.types import Capacity, EndpointStatus, Kind

KINDS = (Kind.REAL_TIME, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER, Kind.ASYNCHRONOUS)
"""Kinds whose variants name a model and run on instances."""


def spot_of(seen: Observed) -> Spot | None:
    """The instances of the endpoint's one variant; None when there are none, or several to choose from."""
    found = [spot for spot in seen.spots if spot.dimension == INSTANCES]
    return found[0] if len(found) == 1 else None


def as_it_is(spot: Spot, now: datetime) -> Capacity:
    """What runs today, as `compare` takes it."""
    return compare.at_start(
        now=now, instance_type=spot.instance_type, instance_count=spot.level, volume_gb=spot.volume_gb
    )


def standing(seen: Observed, context: Context) -> list[Refusal]:
    """Refusals that hold whatever is asked."""
    return leave(seen, context) + (there(seen) or _state(seen))


def check(
    wish: InstancesWish, seen: Observed, context: Context
) -> tuple[InstancesChange | None, list[Refusal]]:
    """Check a wish; the change is None whenever a refusal is given."""
    refusals = [*standing(seen, context), *unknown_fields(seen)]
    spot = spot_of(seen)
    count, problems = whole_number(wish.instance_count, "instance_count", "Instance count")
    if count is not None and not 1 <= count <= MAX_INSTANCES:
        text = f"Instance count is {count:,}; it must be at least 1 and at most {MAX_INSTANCES}."
        problems.append(Refusal("instance_count", "count-out-of-range", text))
    option = context.instances.get(wish.instance_type.strip())
    problems += _type(wish, option, seen, context)
    if option is not None and count is not None and spot is not None and not problems:
        problems += _nothing_new(option, count, spot) or against_instance_quota(option, count, seen)
    if refusals or problems or option is None or count is None or spot is None:
        return None, [*refusals, *problems]
    return InstancesChange(spot, option, count), []


def build(change: InstancesChange, seen: Observed, code: str, cost: CostChange | None) -> Plan:
    """The plan of a change that passed the guards."""
    spot, name = change.spot, config_name(seen.endpoint, code)
    wanted = {"InstanceType": change.option.name, "InitialInstanceCount": change.instance_count}
    config = clone_config(seen.config_document, name, spot.variant, instances=wanted)
    if has_local_disk(change.option.name):
        # No volume is attached to these types, and AWS refuses a config that asks for one.
        for variant in config["ProductionVariants"]:
            if variant["VariantName"] == spot.variant:
                variant.pop("VolumeSizeInGB", None)
    return Plan(
        kind=OperationKind.CHANGE_INSTANCES,
        title=f"Change instances of {seen.endpoint}",
        summary=f"{_words(spot)} → {change.instance_count} × {change.option.name}",
        route=Route.NEW_CONFIG,
        route_reason="Other instances need a new endpoint config. AWS starts them beside the old ones.",
        differences=_differences(change, seen, name),
        unchanged=preview.unchanged(seen, config),
        warnings=warnings(change, seen),
        cost=cost,
        calls=preview.config_calls(seen, config, scaling=""),
        steps=config_steps(seen, config),
        wanted={
            "config_name": name,
            "instance_type": change.option.name,
            "instance_count": change.instance_count,
        },
        config=config,
    )


def cost_change(
    change: InstancesChange, seen: Observed, traffic: Traffic, book: PriceBook, *, now: datetime
) -> CostChange:
    """What the change costs or saves in a month under the traffic that was observed."""
    spot, name = change.spot, change.option.name
    before = as_it_is(spot, now)
    volume = None if has_local_disk(name) else spot.volume_gb
    after = replace(before, instance_type=name, instance_count=change.instance_count, volume_gb=volume)
    return told(compare.compare(seen.region, before, after, traffic, book))


def _state(seen: Observed) -> list[Refusal]:
    if seen.kind not in KINDS:
        text = f"{seen.endpoint} is {seen.kind}: it has no variant with instances of its own to change."
        return [Refusal("", "no-instances", text)]
    if not seen.config_document:
        text = f"The endpoint config {seen.config_name} has not been read from AWS, so it cannot be copied."
        return [Refusal("", "config-unread", text)]
    if seen.status != EndpointStatus.IN_SERVICE:
        text = f"{seen.endpoint} is {seen.status}. AWS accepts a change only while it is InService."
        return [Refusal("", "not-in-service", text)]
    spot = spot_of(seen)
    if spot is None:
        text = (
            f"{seen.endpoint} has several variants on instances, or none that is known: Flotilla changes one."
        )
        return [Refusal("", "several-variants", text)]
    if spot.is_registered:
        text = (
            f"A scalable target decides how many instances run, {spot.minimum} to {spot.maximum}, and AWS refuses "
            "another type while it is registered. Change its bounds, or deregister it first, under Change schedule."
        )
        return [Refusal("", "scalable-target", text)]
    return []


def _type(
    wish: InstancesWish, option: InstanceOption | None, seen: Observed, context: Context
) -> list[Refusal]:
    field, name = "instance_type", wish.instance_type.strip()
    if option is None:
        text = f"“{name}” is not an instance type for hosting." if name else "Choose an instance type."
        return [Refusal(field, "unknown-instance", text)]
    if option.usd_per_hour is None and not (context.is_admin and wish.accept_unpriced):
        text = f"No price is known for {name} in {seen.region}, so the cost cannot be shown."
        text += (
            " Tick “price unknown, go on” to accept that."
            if context.is_admin
            else " An admin may accept that."
        )
        return [Refusal(field, "no-price", text)]
    return []


def _nothing_new(option: InstanceOption, count: int, spot: Spot) -> list[Refusal]:
    if (option.name, count) != (spot.instance_type, spot.level):
        return []
    return [Refusal("", "no-change", f"Nothing would change: it runs on {_words(spot)} already.")]


def _words(spot: Spot) -> str:
    return f"{'?' if spot.level is None else spot.level} × {spot.instance_type}"


def _differences(change: InstancesChange, seen: Observed, name: str) -> tuple[Difference, ...]:
    """Only what changes."""
    spot, found = change.spot, []
    if change.option.name != spot.instance_type:
        found.append(Difference("Instance type", spot.instance_type, change.option.name))
        disks = {True: "local NVMe, no volume", False: "a volume"}
        before, after = (has_local_disk(each) for each in (spot.instance_type, change.option.name))
        if before != after:
            found.append(Difference("Storage", disks[before], disks[after]))
    if change.instance_count != spot.level:
        level = "not known" if spot.level is None else str(spot.level)
        found.append(Difference("Instances", level, str(change.instance_count)))
    return (*found, Difference("Endpoint config", seen.config_name, name))


def warnings(change: InstancesChange, seen: Observed) -> tuple[Warning, ...]:
    """What the change brings with it.

    Source: Amazon SageMaker developer guide, "Set multi-model endpoint model caching behavior" (models are loaded when
    they are called), read November 2026.
    """
    spot, option, found = change.spot, change.option, []
    if seen.kind == Kind.MULTI_MODEL:
        text = "New instances start with no model in memory: first calls wait for loading until the cache has filled."
        found.append(Warning("cold-cache", text))
    if has_local_disk(spot.instance_type) and not has_local_disk(option.name):
        text = f"{option.name} has no local disk: AWS attaches a volume of its default size; models must fit."
        found.append(Warning("volume", text))
    if change.instance_count == 1 and (spot.level or 0) > 1:
        found.append(Warning("one-instance", "One instance is left: nothing serves while it fails."))
    if has_gpu(option.name) != has_gpu(spot.instance_type):
        found.append(
            Warning("gpu", "One of the types has a GPU, the other has not: the container must suit it.")
        )
    if option.memory_mb is None:
        text = f"Flotilla does not know how much memory {option.name} has; check it."
        found.append(Warning("memory-unknown", text))
    if option.quota is None:
        text = (
            f"How many {option.name} {seen.account} may run in {seen.region}: quota not read. "
            "AWS refuses or undoes the update when there are too few; old and new ones run side by side for a while."
        )
        found.append(Warning("quota-not-read", text))
    return tuple(found)
