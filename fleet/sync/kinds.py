"""Pure: which hosting option an endpoint uses, and by which mark in its documents one can tell."""

from collections.abc import Mapping, Sequence
from typing import Any

from fleet.types import EndpointState, Kind

Inferred = tuple[Kind, str]


def infer(
    state: EndpointState,
    config: Mapping[str, Any] | None,
    models: Sequence[Mapping[str, Any]],
) -> Inferred:
    """Kind and reason from DescribeEndpoint, its config (None = unreadable or gone) and the models it names.

    models: documents of the config's models that could be read. When marks are missing the kind is UNKNOWN, not
    a guess. Source: Amazon SageMaker API reference (botocore 1.44.5), shapes of these documents.
    """
    variants = _variants(config)
    if any(v.current_serverless or v.desired_serverless for v in state.variants):
        return Kind.SERVERLESS, "its live variant reports a serverless configuration"
    if any("ServerlessConfig" in v for v in variants):
        return Kind.SERVERLESS, "its endpoint config has ServerlessConfig"
    if state.is_async or (config is not None and "AsyncInferenceConfig" in config):
        return Kind.ASYNCHRONOUS, "it has AsyncInferenceConfig"
    if config is None:
        return Kind.UNKNOWN, "its endpoint config cannot be read"
    if variants and not any(v.get("ModelName") for v in variants):
        return Kind.INFERENCE_COMPONENT, "its variants name no model: models come as inference components"
    return _by_models(variants, models)


def _by_models(variants: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]]) -> Inferred:
    for model in models:
        containers = containers_of(model)
        if any(container.get("Mode") == "MultiModel" for container in containers):
            return Kind.MULTI_MODEL, f"a container of model {model['ModelName']} has Mode MultiModel"
        if len(containers) > 1:
            mode = (model.get("InferenceExecutionConfig") or {}).get("Mode", "Serial")
            how = "called directly" if mode == "Direct" else "run as a serial pipeline"
            return Kind.MULTI_CONTAINER, f"model {model['ModelName']} has {len(containers)} containers, {how}"
    wanted = {v["ModelName"] for v in variants if v.get("ModelName")}
    missing = sorted(wanted - {model["ModelName"] for model in models})
    if missing:
        return Kind.UNKNOWN, f"model {missing[0]} cannot be read, so its containers are not known"
    return Kind.REAL_TIME, "its variants run one single-model container on instances"


def containers_of(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers of a DescribeModel document in invocation order."""
    if model.get("Containers"):
        return list(model["Containers"])
    return [model["PrimaryContainer"]] if model.get("PrimaryContainer") else []


def _variants(config: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if config is None:
        return []
    return [*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())]
