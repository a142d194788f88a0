"""What a person reads before confirming: changed fields, warnings, and the calls as they will be sent. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.operations.documents import flattened
from fleet.operations.kinds import (
    PROVISIONED_DIMENSION,
    ConcurrencyChange,
    Conversion,
    MemoryChange,
    Observed,
    Route,
    Usage,
)


@dataclass(frozen=True)
class Difference:
    """One changed field, in words for people."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Warning:
    """Something to know before confirming; irreversible ones are shown twice."""

    code: str
    text: str
    is_irreversible: bool = False


@dataclass(frozen=True)
class Call:
    """One AWS call as it will be sent; skipped ones are shown with the reason in `note`."""

    service: str
    action: str
    arguments: str
    note: str = ""
    is_skipped: bool = False


def concurrency_summary(change: ConcurrencyChange, seen: Observed) -> str:
    """The change in a line: "max concurrency 20 → 40, provisioned none → 10"."""
    live, parts = seen.serverless, []
    if live is not None and live.max_concurrency != change.max_concurrency:
        parts.append(f"max concurrency {live.max_concurrency} → {change.max_concurrency}")
    if live is not None and live.provisioned_concurrency != change.provisioned_concurrency:
        before, after = live.provisioned_concurrency, change.provisioned_concurrency
        parts.append(f"provisioned {_none(before)} → {_none(after)}")
    return ", ".join(parts)


def concurrency_differences(change: ConcurrencyChange, seen: Observed) -> tuple[Difference, ...]:
    """Only what changes."""
    live = seen.serverless
    assert live is not None
    pairs = (
        ("Max concurrency", live.max_concurrency, change.max_concurrency),
        ("Provisioned concurrency", live.provisioned_concurrency, change.provisioned_concurrency),
    )
    return tuple(Difference(label, _none(a), _none(b)) for label, a, b in pairs if a != b)


def concurrency_warnings(
    change: ConcurrencyChange, seen: Observed, route: Route, usage: Usage
) -> tuple[Warning, ...]:
    """What the change brings with it."""
    live, found = seen.serverless, []
    assert live is not None
    if route is Route.NEW_CONFIG:
        text = "Cold starts follow: AWS starts the container and loads the model afresh under a new config."
        found.append(Warning("cold-starts", text))
    if live.provisioned_concurrency is not None and change.provisioned_concurrency is None:
        lost = live.provisioned_concurrency
        found.append(
            Warning(
                "warm-lost",
                f"{lost} warm slots are given up; calls after a pause wait for a cold start again. "
                f"{_cold_starts(usage)}",
            )
        )
    if change.max_concurrency < live.max_concurrency:
        text = f"Calls beyond {change.max_concurrency} at a time are refused; today {live.max_concurrency} are served."
        found.append(Warning("lower-max", text))
    return tuple(found)


def _cold_starts(usage: Usage) -> str:
    if usage.cold_starts_per_day is None:
        return "How many cold starts a day there are today is not known."
    return f"Even with them about {usage.cold_starts_per_day:,.1f} cold starts a day were seen in the last 7 days."


def memory_differences(change: MemoryChange, seen: Observed, name: str) -> tuple[Difference, ...]:
    """Only what changes."""
    assert seen.serverless is not None
    return (
        Difference("Memory", f"{seen.serverless.memory_mb:,} MB", f"{change.memory_mb:,} MB"),
        Difference("Endpoint config", seen.config_name, name),
    )


def memory_warnings(change: MemoryChange, seen: Observed, usage: Usage) -> tuple[Warning, ...]:
    """What another memory size brings with it.

    Source: Amazon SageMaker developer guide, "Serverless Inference" (vCPUs come with memory), read November 2026.
    """
    live, percent = seen.serverless, usage.memory_percent
    assert live is not None
    is_less = change.memory_mb < live.memory_mb
    text = "Cold starts follow: AWS starts the container and loads the model afresh under a new config."
    found = [Warning("cold-starts", text)]
    used = None if percent is None else round(live.memory_mb * percent / 100)
    if is_less and used is None:
        text = f"How much memory is in use is not known; {change.memory_mb:,} MB may be too little for the model."
        found.append(Warning("memory-not-known", text))
    elif used is not None and used > change.memory_mb:
        text = f"{used:,} MB are in use in the busiest hour: {change.memory_mb:,} MB does not hold the model."
        found.append(Warning("memory-too-small", text))
    longer = "longer" if is_less else "shorter"
    text = f"CPU comes with memory: calls may take {longer}. The cost takes their duration as it is today."
    found.append(Warning("cpu", text))
    return tuple(found)


def conversion_differences(change: Conversion, seen: Observed, name: str) -> tuple[Difference, ...]:
    """Only what changes."""
    live = seen.serverless
    assert live is not None
    memory = f"{change.option.memory_mb:,} MB" if change.option.memory_mb is not None else "memory not known"
    before = f"max concurrency {live.max_concurrency}"
    if live.provisioned_concurrency is not None:
        before += f", provisioned {live.provisioned_concurrency}"
    found = [
        Difference("Hosting", "Serverless", "Real-time"),
        Difference("Memory", f"{live.memory_mb:,} MB", f"{memory}, {change.option.name}"),
        Difference("Capacity", before, f"{change.instance_count} × {change.option.name}"),
        Difference("Scaling", "by AWS, per call", "none until you add a policy"),
        Difference("Endpoint config", seen.config_name, name),
    ]
    return tuple(found)


def conversion_warnings(change: Conversion, seen: Observed, usage: Usage) -> tuple[Warning, ...]:
    """What the conversion brings with it; the first cannot be undone."""
    found = [
        Warning(
            "one-way",
            "Cannot be undone: AWS refuses real-time to serverless for an existing endpoint. "
            "Going back means a new endpoint under a new name.",
            is_irreversible=True,
        ),
        Warning("always-on", "Instances are paid for every hour, also without a single call."),
    ]
    if seen.scaling is not None:
        policies = ", ".join(seen.scaling.policies) or "no policy"
        found.append(
            Warning(
                "scaling-removed",
                f"The scalable target of provisioned concurrency ({seen.scaling.minimum}–{seen.scaling.maximum}) is "
                f"deregistered first; AWS deletes what hangs on it ({policies}), also if the update fails later.",
            )
        )
    return (*found, *_fit_warnings(change, seen, usage))


def _fit_warnings(change: Conversion, seen: Observed, usage: Usage) -> list[Warning]:
    """What is not known about whether the instances will do."""
    option, count, peak, found = change.option, change.instance_count, usage.peak_concurrency, []
    if option.memory_mb is None:
        text = f"Flotilla does not know how much memory {option.name} has; check it."
        found.append(Warning("memory-unknown", text))
    if option.quota is None:
        text = (
            f"How many {option.name} {seen.account} may run in {seen.region}: quota not read. "
            "AWS refuses or undoes the update when there are too few."
        )
        found.append(Warning("quota-not-read", text))
    if peak is not None and count < peak:
        planned, they = ("One instance is planned", "it carries")
        if count > 1:
            planned, they = f"{count} instances are planned", "they carry"
        text = (
            f"{planned}; today's peak is {peak:,} calls at a time; "
            f"Flotilla does not forecast whether {they} them."
        )
        found.append(Warning("below-peak", text))
    return found


def config_calls(seen: Observed, config: Mapping[str, Any], scaling: str) -> tuple[Call, ...]:
    """The calls of a change with a new config. scaling: "deregister", "none" (shown as skipped) or ""."""
    name = config["EndpointConfigName"]
    calls = [_describe_call(seen)]
    if seen.scaling is not None and scaling == "deregister":
        scaled = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": seen.scaling.resource_id,
            "ScalableDimension": PROVISIONED_DIMENSION,
        }
        calls.append(Call("application-autoscaling", "DeregisterScalableTarget", arguments(scaled)))
    calls += [
        Call("sagemaker", "CreateEndpointConfig", arguments(config), "and the tags of the config of today"),
        Call(
            "sagemaker",
            "UpdateEndpoint",
            arguments({"EndpointName": seen.endpoint, "EndpointConfigName": name}),
        ),
    ]
    if scaling == "none":
        calls.append(
            _skipped(
                "application-autoscaling",
                "DeregisterScalableTarget",
                "no target is registered for this variant",
            )
        )
    return tuple(calls)


def in_place_calls(seen: Observed, request: Mapping[str, Any]) -> tuple[Call, ...]:
    """The calls of a change without a new config."""
    return (
        _describe_call(seen),
        Call("sagemaker", "UpdateEndpointWeightsAndCapacities", arguments(request)),
        _skipped("sagemaker", "CreateEndpointConfig", "the concurrency is changed in place"),
    )


def _describe_call(seen: Observed) -> Call:
    note = f"stops here if the version moved (LastModifiedTime {seen.modified_at})"
    return Call("sagemaker", "DescribeEndpoint", arguments({"EndpointName": seen.endpoint}), note)


def _skipped(service: str, action: str, note: str) -> Call:
    return Call(service, action, "", note, is_skipped=True)


def arguments(request: Mapping[str, Any]) -> str:
    """A request as a preview shows it, a parameter a line."""
    return "\n".join(f"{key}={_inline(value)}" for key, value in request.items())


def _inline(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def unchanged(seen: Observed, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of the config that the change leaves as they are; with no new config that is all of them."""
    before = flattened(seen.config_document)
    if not config:
        return tuple(before)
    after = flattened(config)
    return tuple(path for path, value in before.items() if after.get(path) == value)


def _none(value: int | None) -> str:
    return "none" if value is None else str(value)
