"""The way back of a split: the endpoint that it made is deleted, with its config. Pure."""

from dataclasses import replace
from datetime import datetime

from fleet.costs import compare
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.errors import Refusal
from fleet.operations import instance_changes
from fleet.operations.cost_change import CostChange, told
from fleet.operations.guards import leave, there
from fleet.operations.kinds import Context, Observed, OperationKind, Route, SplitOrigin, UnsplitChange
from fleet.operations.plan import Plan, StepPlan
from fleet.operations.preview import Call, Difference, Warning, arguments
from fleet.types import EndpointStatus

DELETABLE = (EndpointStatus.IN_SERVICE, EndpointStatus.FAILED)


def check(
    seen: Observed, context: Context, origin: SplitOrigin | None
) -> tuple[UnsplitChange | None, list[Refusal]]:
    """Whether the endpoint may be deleted. origin None: no split of Flotilla's made it as it is."""
    refusals = leave(seen, context) + (there(seen) or _state(seen, origin))
    if refusals or origin is None:
        return None, refusals
    return UnsplitChange(origin), []


def build(change: UnsplitChange, seen: Observed, cost: CostChange | None) -> Plan:
    """The plan of a deletion that passed the guards."""
    name, config = seen.endpoint, seen.config_name
    return Plan(
        kind=OperationKind.DELETE_SPLIT,
        title=f"Delete {name}",
        summary=f"{name} and its config go; {change.origin.endpoint} stays",
        route=Route.NEW_ENDPOINT,
        route_reason=f"{name} was made by op-{change.origin.code}, beside {change.origin.endpoint}.",
        differences=(
            Difference("Endpoint", name, "deleted"),
            Difference("Its endpoint config", config, "deleted"),
        ),
        unchanged=(),
        warnings=_warnings(change, seen),
        cost=cost,
        calls=(
            Call(
                "sagemaker",
                "DescribeEndpoint",
                arguments({"EndpointName": name}),
                "stops here if its config moved",
            ),
            Call("sagemaker", "DeleteEndpoint", arguments({"EndpointName": name})),
            Call(
                "sagemaker",
                "DeleteEndpointConfig",
                arguments({"EndpointConfigName": config}),
                "once it is gone",
            ),
        ),
        steps=_steps(name, config),
        wanted={"deleted_endpoint": name, "config_name": config},
        config={},
    )


def cost_change(seen: Observed, traffic: Traffic, book: PriceBook, *, now: datetime) -> CostChange | None:
    """What is saved a month; None where its instances are not known."""
    spot = instance_changes.spot_of(seen)
    if spot is None or spot.level is None:
        return None
    before = instance_changes.as_it_is(spot, now)
    return told(compare.compare(seen.region, before, replace(before, instance_count=0), traffic, book))


def _state(seen: Observed, origin: SplitOrigin | None) -> list[Refusal]:
    if origin is None:
        text = f"No split made {seen.endpoint} as it is now. Flotilla deletes only what it made itself."
        return [Refusal("", "not-a-split", text)]
    if seen.status not in DELETABLE:
        text = f"{seen.endpoint} is {seen.status}. AWS deletes an endpoint only while it does not change."
        return [Refusal("", "not-in-service", text)]
    if origin.calls:
        text = (
            f"{seen.endpoint} had {origin.calls:,.0f} calls in the last hour. Have callers name {origin.endpoint} "
            "again first: what still calls it would fail."
        )
        return [Refusal("", "still-called", text)]
    return []


def _warnings(change: UnsplitChange, seen: Observed) -> tuple[Warning, ...]:
    text = f"Whoever still names {seen.endpoint} gets errors from then on. Another one is made by a new split only."
    found = [Warning("deleted", text, is_irreversible=True)]
    if change.origin.calls is None:
        text = f"Whether {seen.endpoint} was called in the last hour is not known: CloudWatch was not read for it yet."
        found.append(Warning("calls-unknown", text))
    return tuple(found)


def _steps(name: str, config: str) -> tuple[StepPlan, ...]:
    return (
        StepPlan(
            "delete-endpoint",
            f"Delete endpoint {name}",
            {"EndpointName": name, "EndpointConfigName": config},
            "Stops here if it is on another config",
        ),
        StepPlan(
            "wait-gone", "Wait until it is gone", {"EndpointName": name}, "AWS decides how long this takes"
        ),
        StepPlan(
            "delete-config",
            f"Delete endpoint config {config}",
            {"name": config},
            "Read back: no longer there",
        ),
        StepPlan(
            "prove-gone",
            "Prove that both are gone",
            {"EndpointName": name, "name": config},
            "Neither is known",
        ),
    )
