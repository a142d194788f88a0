"""A second multi-model endpoint that takes some of the models: what is refused, sent and told; and its way back. Pure.

Both endpoints have the same SageMaker model, so each can serve every model behind its S3 prefix and loads what it is
called for. What splits the caches is which endpoint callers name: that is theirs to change.

Source: Amazon SageMaker developer guide, "Set multi-model endpoint model caching behavior" and "Invoke a multi-model
endpoint"; API reference, CreateEndpoint and InvokeEndpoint (botocore 1.44.5), read November 2026.
"""

import re
from dataclasses import replace
from datetime import datetime

from fleet.costs import compare
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.errors import Refusal
from fleet.operations import instance_changes, preview
from fleet.operations.cost_change import CostChange, told
from fleet.operations.documents import clone_config, config_name
from fleet.operations.guards import MAX_INSTANCES, against_instance_quota, unknown_fields, whole_number
from fleet.operations.kinds import (
    Context,
    InstanceOption,
    Observed,
    OperationKind,
    Route,
    SplitChange,
    SplitWish,
)
from fleet.operations.plan import Plan, StepPlan
from fleet.operations.preview import Call, Difference, Warning, arguments
from fleet.operations.schedules import Spot
from fleet.types import Kind

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", re.ASCII)
"""EndpointName (botocore 1.44.5)."""
LONGEST_NAME = 63
LONGEST_MODEL = 1024
"""TargetModel of InvokeEndpoint (botocore 1.44.5)."""
MOST_MODELS = 5_000
SHOWN = 5
"""Models named in a preview's line; the whole list stands below it."""
ROUTE_REASON = (
    "A second endpoint is made from a copy of this one's config. This one is neither updated nor stopped."
)


def standing(seen: Observed, context: Context) -> list[Refusal]:
    """Refusals that hold whatever is asked. A scalable target of the old endpoint does not stand in the way."""
    found = [each for each in instance_changes.standing(seen, context) if each.code != "scalable-target"]
    if not found and seen.kind != Kind.MULTI_MODEL:
        text = f"{seen.endpoint} is {seen.kind}: only the models of a multi-model endpoint can be split."
        found.append(Refusal("", "not-multi-model", text))
    return found


def check(
    wish: SplitWish, seen: Observed, context: Context, *, is_taken: bool, hosted: int | None
) -> tuple[SplitChange | None, list[Refusal]]:
    """Check a wish; the change is None whenever a refusal is given.

    is_taken: an endpoint of the new name is known there. hosted: how many models somebody entered, None = nobody has.
    """
    refusals = [*standing(seen, context), *unknown_fields(seen)]
    name, models = wish.name.strip(), named(wish.models)
    count, problems = whole_number(wish.instance_count, "instance_count", "Instance count")
    if count is not None and not 1 <= count <= MAX_INSTANCES:
        text = f"Instance count is {count:,}; it must be at least 1 and at most {MAX_INSTANCES}."
        problems.append(Refusal("instance_count", "count-out-of-range", text))
    problems += _name(name, seen, is_taken=is_taken) + _models(models, hosted)
    spot = instance_changes.spot_of(seen)
    option = context.instances.get(spot.instance_type) if spot else None
    if spot is not None and option is None:
        text = f"{spot.instance_type} is not an instance type that is known for hosting."
        problems.append(Refusal("", "unknown-instance", text))
    if spot is not None and option is not None and count is not None and not problems:
        own = replace(option, held=option.held + (spot.level or 0))
        problems += against_instance_quota(own, count, seen)
    if refusals or problems or option is None or count is None or spot is None:
        return None, [*refusals, *problems]
    return SplitChange(spot, option, name, count, models), []


def named(text: str) -> tuple[str, ...]:
    """Models as typed, one a line, each once, in their order."""
    return tuple(dict.fromkeys(line for each in text.splitlines() if (line := each.strip())))


def build(change: SplitChange, seen: Observed, code: str, cost: CostChange | None) -> Plan:
    """The plan of a split that passed the guards."""
    spot, name = change.spot, config_name(change.name, code)
    wanted = {"InstanceType": spot.instance_type, "InitialInstanceCount": change.instance_count}
    config = clone_config(seen.config_document, name, spot.variant, instances=wanted)
    config.pop("ShadowProductionVariants", None)
    return Plan(
        kind=OperationKind.SPLIT_MODELS,
        title=f"Split models of {seen.endpoint}",
        summary=f"{change.name}: {change.instance_count} × {spot.instance_type}, {_count(change.models)}",
        route=Route.NEW_ENDPOINT,
        route_reason=ROUTE_REASON,
        differences=_differences(change, name),
        unchanged=preview.unchanged(seen, config),
        warnings=warnings(change, seen),
        cost=cost,
        calls=_calls(change, seen, config),
        steps=_steps(change, seen, name),
        wanted={
            "new_endpoint": change.name,
            "config_name": name,
            "instance_type": spot.instance_type,
            "instance_count": change.instance_count,
        },
        config=config,
    )


def cost_change(
    change: SplitChange, seen: Observed, traffic: Traffic, book: PriceBook, *, now: datetime
) -> CostChange:
    """What both endpoints cost a month beside what the one does today; what callers move costs the same in both."""
    spot = change.spot
    before = instance_changes.as_it_is(spot, now)
    both = None if spot.level is None else spot.level + change.instance_count
    return told(compare.compare(seen.region, before, replace(before, instance_count=both), traffic, book))


def warnings(change: SplitChange, seen: Observed) -> tuple[Warning, ...]:
    """What the split brings with it, and what it leaves to people."""
    spot, name, found = change.spot, change.name, []
    text = (
        f"Flotilla moves no calls: {name} serves nothing until callers name it for these models. Both endpoints can "
        "serve every model, so callers may move one after the other."
    )
    found.append(Warning("callers-move", text))
    found.append(
        Warning("cold-cache", f"{name} starts with no model in memory: the first call of each waits for it.")
    )
    if spot.is_registered:
        text = f"No scaling comes with it: {name} keeps {change.instance_count} until a target is registered for it."
        found.append(Warning("no-scaling", text))
    if change.instance_count == 1:
        found.append(Warning("one-instance", f"{name} has one instance: nothing serves while it fails."))
    if seen.config_document.get("ShadowProductionVariants"):
        found.append(Warning("no-shadow", "Its shadow variants are not copied."))
    if change.option.quota is None:
        text = f"How many {spot.instance_type} {seen.account} may run in {seen.region}: quota not read."
        found.append(Warning("quota-not-read", text))
    return tuple(found)


def _name(name: str, seen: Observed, *, is_taken: bool) -> list[Refusal]:
    if not name:
        return [Refusal("name", "missing", "Name is missing.")]
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        text = f"A name has letters, digits and single words joined by -, at most {LONGEST_NAME} characters."
        return [Refusal("name", "name", text)]
    if is_taken or name == seen.endpoint:
        return [Refusal("name", "taken", f"{seen.account} has an endpoint {name} in {seen.region} already.")]
    return []


def _models(models: tuple[str, ...], hosted: int | None) -> list[Refusal]:
    if not models:
        text = "Name the models that move, one a line, as callers send them in TargetModel."
        return [Refusal("models", "missing", text)]
    if len(models) > MOST_MODELS:
        return [
            Refusal("models", "too-many", f"{len(models):,} models; the most in one plan is {MOST_MODELS:,}.")
        ]
    odd = next((each for each in models if len(each) > LONGEST_MODEL or not each.isprintable()), None)
    if odd is not None:
        return [Refusal("models", "model-name", f"“{odd[:80]}” cannot be a TargetModel.")]
    if hosted is not None and len(models) >= hosted:
        text = f"{len(models):,} models would move, and {hosted:,} are hosted: leave some where they are."
        return [Refusal("models", "all-move", text)]
    return []


def _count(models: tuple[str, ...]) -> str:
    return "1 model" if len(models) == 1 else f"{len(models):,} models"


def _differences(change: SplitChange, name: str) -> tuple[Difference, ...]:
    shown = ", ".join(change.models[:SHOWN])
    more = f" and {len(change.models) - SHOWN:,} more" if len(change.models) > SHOWN else ""
    return (
        Difference("New endpoint", "none", change.name),
        Difference("Its instances", "none", f"{change.instance_count} × {change.spot.instance_type}"),
        Difference("Its endpoint config", "none", name),
        Difference("For callers to send there", "none", f"{_count(change.models)}: {shown}{more}"),
    )


def _steps(change: SplitChange, seen: Observed, config: str) -> tuple[StepPlan, ...]:
    return (
        StepPlan(
            "read-state", "Read the live state", {}, f"Stops here if {seen.endpoint} moved since the preview"
        ),
        StepPlan(
            "create-config", f"Create endpoint config {config}", {"name": config}, "Read back, field by field"
        ),
        StepPlan(
            "create-endpoint",
            f"Create endpoint {change.name}",
            {"EndpointName": change.name, "EndpointConfigName": config},
            "Read back: it is there, on this config",
        ),
        StepPlan(
            "prove-created",
            f"Prove that {change.name} serves",
            {"EndpointName": change.name},
            "InService alone is not enough: config and instances must match",
        ),
    )


def _calls(change: SplitChange, seen: Observed, config: dict[str, object]) -> tuple[Call, ...]:
    described = f"stops here if the version moved (LastModifiedTime {seen.modified_at})"
    request = {"EndpointName": change.name, "EndpointConfigName": config["EndpointConfigName"]}
    return (
        Call("sagemaker", "DescribeEndpoint", arguments({"EndpointName": seen.endpoint}), described),
        Call("sagemaker", "CreateEndpointConfig", arguments(config), "and the tags of the config of today"),
        Call("sagemaker", "CreateEndpoint", arguments(request), f"and the tags of {seen.endpoint}"),
        Call("sagemaker", "UpdateEndpoint", "", f"{seen.endpoint} stays as it is", is_skipped=True),
    )


def words(spot: Spot, option: InstanceOption, count: int) -> str:
    """ "1 of 5 ml.c5.xlarge after it": the account's use of the type."""
    after = option.held + (spot.level or 0) + count
    return f"{after} of {'?' if option.quota is None else option.quota} {option.name}"
