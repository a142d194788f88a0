"""From a checked change to the plan a person confirms: route, diff, warnings, exact calls, steps. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fleet.operations import preview
from fleet.operations.cost_change import CostChange
from fleet.operations.documents import clone_config, config_name
from fleet.operations.kinds import (
    NOTHING_SEEN,
    PROVISIONED_DIMENSION,
    ConcurrencyChange,
    Conversion,
    MemoryChange,
    Observed,
    OperationKind,
    Route,
    Usage,
)
from fleet.operations.preview import Call, Difference, Warning


@dataclass(frozen=True)
class StepPlan:
    """One step. `action` names a function of fleet.operations.steps."""

    action: str
    title: str
    parameters: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything that is shown before confirmation and carried out after it.

    wanted: what must be live at the end. config: the CreateEndpointConfig request, {} when no config is created.
    unchanged: names of the config fields that are copied as they are.
    """

    kind: OperationKind
    title: str
    summary: str
    route: Route
    route_reason: str
    differences: tuple[Difference, ...]
    unchanged: tuple[str, ...]
    warnings: tuple[Warning, ...]
    cost: CostChange | None
    calls: tuple[Call, ...]
    steps: tuple[StepPlan, ...]
    wanted: Mapping[str, Any]
    config: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The plan for the operation's row; money as text."""
        document: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return document


def build(
    change: ConcurrencyChange | MemoryChange | Conversion,
    seen: Observed,
    code: str,
    cost: CostChange | None = None,
    usage: Usage = NOTHING_SEEN,
) -> Plan:
    """The plan of a change that passed the guards. Raises ValueError when the endpoint is not serverless."""
    if seen.serverless is None:
        raise ValueError(f"{seen.endpoint} is not serverless")
    if isinstance(change, Conversion):
        return _conversion(change, seen, code, cost, usage)
    if isinstance(change, MemoryChange):
        return _memory(change, seen, code, cost, usage)
    route, reason = choose_route(change, seen)
    if route is Route.IN_PLACE:
        return _in_place(change, seen, reason, cost, usage)
    return _new_config(change, seen, code, reason, cost, usage)


def choose_route(change: ConcurrencyChange, seen: Observed) -> tuple[Route, str]:
    """Which of the two ways is taken, and why.

    Source: Amazon SageMaker API reference, ProductionVariantServerlessUpdateConfig (ProvisionedConcurrency has a
    minimum of 1, so the in-place call cannot remove it) and developer guide "Update a serverless endpoint".
    """
    live = seen.serverless
    if change.route is Route.NEW_CONFIG:
        return Route.NEW_CONFIG, "You asked for a new endpoint config."
    had = live.provisioned_concurrency if live else None
    if had is not None and change.provisioned_concurrency is None:
        reason = (
            "Removing provisioned concurrency needs a config without it: the in-place call takes 1 and more."
        )
        return Route.NEW_CONFIG, reason
    return Route.IN_PLACE, "Only concurrency changes, so no new endpoint config is needed."


def _in_place(
    change: ConcurrencyChange, seen: Observed, reason: str, cost: CostChange | None, usage: Usage
) -> Plan:
    update = {"MaxConcurrency": change.max_concurrency}
    if change.provisioned_concurrency is not None:
        update["ProvisionedConcurrency"] = change.provisioned_concurrency
    wanted = _wanted(change, seen, config="")
    request = {
        "EndpointName": seen.endpoint,
        "DesiredWeightsAndCapacities": [{"VariantName": seen.variant, "ServerlessUpdateConfig": update}],
    }
    steps = (
        _read_step(seen),
        StepPlan(
            "update-capacity",
            "Send UpdateEndpointWeightsAndCapacities",
            request,
            "Accepted by AWS, or refused",
        ),
        *_closing_steps(
            "Prove the live concurrency", "InService alone is not enough: the figures must match"
        ),
    )
    return Plan(
        kind=OperationKind.CHANGE_CONCURRENCY,
        title=f"Change concurrency of {seen.endpoint}",
        summary=preview.concurrency_summary(change, seen),
        route=Route.IN_PLACE,
        route_reason=reason,
        differences=preview.concurrency_differences(change, seen),
        unchanged=preview.unchanged(seen, {}),
        warnings=preview.concurrency_warnings(change, seen, Route.IN_PLACE, usage),
        cost=cost,
        calls=preview.in_place_calls(seen, request),
        steps=steps,
        wanted=wanted,
        config={},
    )


def _new_config(
    change: ConcurrencyChange, seen: Observed, code: str, reason: str, cost: CostChange | None, usage: Usage
) -> Plan:
    name = config_name(seen.endpoint, code)
    capacity: dict[str, Any] = {"MaxConcurrency": change.max_concurrency, "ProvisionedConcurrency": None}
    if change.provisioned_concurrency is not None:
        capacity["ProvisionedConcurrency"] = change.provisioned_concurrency
    config = clone_config(seen.config_document, name, seen.variant, serverless=capacity)
    return Plan(
        kind=OperationKind.CHANGE_CONCURRENCY,
        title=f"Change concurrency of {seen.endpoint}",
        summary=preview.concurrency_summary(change, seen),
        route=Route.NEW_CONFIG,
        route_reason=reason,
        differences=(
            *preview.concurrency_differences(change, seen),
            Difference("Endpoint config", seen.config_name, name),
        ),
        unchanged=preview.unchanged(seen, config),
        warnings=preview.concurrency_warnings(change, seen, Route.NEW_CONFIG, usage),
        cost=cost,
        calls=preview.config_calls(seen, config, scaling=""),
        steps=config_steps(seen, config),
        wanted=_wanted(change, seen, config=name),
        config=config,
    )


def _memory(change: MemoryChange, seen: Observed, code: str, cost: CostChange | None, usage: Usage) -> Plan:
    name, live = config_name(seen.endpoint, code), seen.serverless
    assert live is not None
    # Concurrency may have been changed in place since the config was made: the copy has what is live.
    capacity = {
        "MemorySizeInMB": change.memory_mb,
        "MaxConcurrency": live.max_concurrency,
        "ProvisionedConcurrency": live.provisioned_concurrency,
    }
    config = clone_config(seen.config_document, name, seen.variant, serverless=capacity)
    kept = ConcurrencyChange(live.max_concurrency, live.provisioned_concurrency, Route.NEW_CONFIG)
    return Plan(
        kind=OperationKind.CHANGE_MEMORY,
        title=f"Change memory of {seen.endpoint}",
        summary=f"{live.memory_mb:,} → {change.memory_mb:,} MB",
        route=Route.NEW_CONFIG,
        route_reason="Another memory size needs a new endpoint config: the in-place call changes concurrency only.",
        differences=preview.memory_differences(change, seen, name),
        unchanged=preview.unchanged(seen, config),
        warnings=preview.memory_warnings(change, seen, usage),
        cost=cost,
        calls=preview.config_calls(seen, config, scaling=""),
        steps=config_steps(seen, config),
        wanted={**_wanted(kept, seen, config=name), "memory_mb": change.memory_mb},
        config=config,
    )


def _conversion(change: Conversion, seen: Observed, code: str, cost: CostChange | None, usage: Usage) -> Plan:
    name = config_name(seen.endpoint, code)
    instances = {"InstanceType": change.option.name, "InitialInstanceCount": change.instance_count}
    config = clone_config(seen.config_document, name, seen.variant, instances=instances)
    return Plan(
        kind=OperationKind.CONVERT,
        title=f"Convert {seen.endpoint} to real-time",
        summary=f"{change.instance_count} × {change.option.name}",
        route=Route.NEW_CONFIG,
        route_reason="Another hosting option needs a new endpoint config.",
        differences=preview.conversion_differences(change, seen, name),
        unchanged=preview.unchanged(seen, config),
        warnings=preview.conversion_warnings(change, seen, usage),
        cost=cost,
        calls=preview.config_calls(seen, config, scaling="deregister" if seen.scaling else "none"),
        steps=config_steps(seen, config, deregister=seen.scaling is not None),
        wanted={
            "config_name": name,
            "instance_type": change.option.name,
            "instance_count": change.instance_count,
        },
        config=config,
    )


def _wanted(change: ConcurrencyChange, seen: Observed, config: str) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "config_name": config or seen.config_name,
        "max_concurrency": change.max_concurrency,
        "provisioned_concurrency": change.provisioned_concurrency,
    }
    if seen.scaling is not None:
        # Auto scaling may move provisioned concurrency right after the change; inside the range that is no fault.
        wanted["provisioned_range"] = [seen.scaling.minimum, seen.scaling.maximum]
    return wanted


def config_steps(seen: Observed, config: Mapping[str, Any], deregister: bool = False) -> tuple[StepPlan, ...]:
    """The steps of a change with a new config; deregister: the scalable target first."""
    name = config["EndpointConfigName"]
    steps = [_read_step(seen)]
    if deregister and seen.scaling is not None:
        parameters = {"resource_id": seen.scaling.resource_id, "dimension": PROVISIONED_DIMENSION}
        steps.append(
            StepPlan(
                "deregister-scaling",
                "Deregister the scalable target",
                parameters,
                "Read back: no target left",
            )
        )
    steps += [
        StepPlan(
            "create-config", f"Create endpoint config {name}", {"name": name}, "Read back, field by field"
        ),
        StepPlan(
            "update-endpoint",
            "Send UpdateEndpoint",
            {"EndpointName": seen.endpoint, "EndpointConfigName": name},
            "Accepted by AWS, or refused",
        ),
        *_closing_steps("Prove the live config", "InService alone is not enough: the config name must match"),
    ]
    return tuple(steps)


def _read_step(seen: Observed) -> StepPlan:
    return StepPlan(
        "read-state", "Read the live state", {}, f"Stops here if {seen.endpoint} moved since the preview"
    )


def _closing_steps(title: str, note: str) -> tuple[StepPlan, StepPlan]:
    return (
        StepPlan("wait", "Wait for InService", {}, "AWS decides how long this takes"),
        StepPlan("prove", title, {}, note),
    )
