"""Pure: which hosting option an endpoint uses, and by which mark in its documents one can tell."""

from collections.abc import Mapping, Sequence
from typing import Any

from fleet.types import EndpointState, Kind

Inferred = tuple[Kind, str]

REASON_LENGTH = 255
CONTAINER_MODES = frozenset({"", "SingleModel", "MultiModel"})
EXECUTION_MODES = {"Direct": "called directly", "Serial": "run as a serial pipeline"}
ENDPOINT, CONFIG, MODEL = "DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel"


def infer(
    state: EndpointState,
    config: Mapping[str, Any] | None,
    models: Sequence[Mapping[str, Any]],
) -> Inferred:
    """Kind and reason from DescribeEndpoint, its config (None = unreadable or gone) and the models it names.

    The reason follows the word "because": the variant or model, the mark, and in brackets the call that reports it.
    models: documents of the config's models that could be read. When marks are missing or contradict each other the
    kind is UNKNOWN, not a guess. Source: Amazon SageMaker API reference (botocore 1.44.5), shapes of these documents.
    """
    kind, mark, call = _inferred(state, config, models)
    tail = f" ({call})"
    return kind, mark[: REASON_LENGTH - len(tail)] + tail


def _inferred(
    state: EndpointState, config: Mapping[str, Any] | None, models: Sequence[Mapping[str, Any]]
) -> tuple[Kind, str, str]:
    variants = _variants(config)
    live = [v.name for v in state.variants if v.current_serverless]
    if live:
        return Kind.SERVERLESS, f"variant {live[0]} has CurrentServerlessConfig", ENDPOINT
    coming = [v.name for v in state.variants if v.desired_serverless]
    if coming:
        return Kind.SERVERLESS, f"variant {coming[0]} has DesiredServerlessConfig", ENDPOINT
    serverless = [v["VariantName"] for v in variants if "ServerlessConfig" in v]
    if serverless:
        return _by_serverless(serverless, variants)
    if state.is_async:
        return Kind.ASYNCHRONOUS, "it has AsyncInferenceConfig", ENDPOINT
    if config is None:
        return Kind.UNKNOWN, "its endpoint config cannot be read", CONFIG
    if "AsyncInferenceConfig" in config:
        return Kind.ASYNCHRONOUS, "its endpoint config has AsyncInferenceConfig", CONFIG
    if variants and not any(v.get("ModelName") for v in variants):
        text = f"variant {variants[0]['VariantName']} names no model: models come as inference components"
        return Kind.INFERENCE_COMPONENT, text, CONFIG
    return _by_models(variants, models)


def _by_serverless(serverless: Sequence[str], variants: Sequence[Mapping[str, Any]]) -> tuple[Kind, str, str]:
    others = [v["VariantName"] for v in variants if "ServerlessConfig" not in v]
    if others:
        text = f"variant {serverless[0]} has ServerlessConfig but variant {others[0]} has not, a mix AWS does not name"
        return Kind.UNKNOWN, text, CONFIG
    return Kind.SERVERLESS, f"variant {serverless[0]} has ServerlessConfig", CONFIG


def _by_models(
    variants: Sequence[Mapping[str, Any]], models: Sequence[Mapping[str, Any]]
) -> tuple[Kind, str, str]:
    told = [(model["ModelName"], _by_containers(model)) for model in models]
    for _, found in told:
        if found is not None:
            others = [name for name, other in told if other is None or other[0] is not found[0]]
            differs = f"; model {others[0]} differs" if others else ""
            return found[0], found[1] + differs, MODEL
    wanted = {v["ModelName"] for v in variants if v.get("ModelName")}
    missing = sorted(wanted - {model["ModelName"] for model in models})
    if missing:
        text = f"model {missing[0]} cannot be read, so its containers are not known"
        return Kind.UNKNOWN, text, MODEL
    if not variants:
        return Kind.UNKNOWN, "its endpoint config names no variant", CONFIG
    name = variants[0]["VariantName"]
    return Kind.REAL_TIME, f"variant {name} runs one single-model container on instances", MODEL


def _by_containers(model: Mapping[str, Any]) -> Inferred | None:
    """What the containers of one model tell; None for a single container of a single model."""
    containers, name = containers_of(model), model["ModelName"]
    modes = [str(container.get("Mode", "")) for container in containers]
    strange = next((mode for mode in modes if mode not in CONTAINER_MODES), None)
    if strange is not None:
        return Kind.UNKNOWN, f"a container of model {name} has Mode {strange}, which Flotilla does not know"
    if "MultiModel" in modes:
        return Kind.MULTI_MODEL, f"a container of model {name} has Mode MultiModel"
    if len(containers) > 1:
        mode = str((model.get("InferenceExecutionConfig") or {}).get("Mode", "Serial"))
        how = EXECUTION_MODES.get(mode, f"in mode {mode}, which Flotilla does not know")
        return Kind.MULTI_CONTAINER, f"model {name} has {len(containers)} containers, {how}"
    return None


def containers_of(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The containers of a DescribeModel document in invocation order."""
    if model.get("Containers"):
        return list(model["Containers"])
    return [model["PrimaryContainer"]] if model.get("PrimaryContainer") else []


def _variants(config: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The variants that serve; a shadow variant only gets copies and decides nothing."""
    return [] if config is None else list(config.get("ProductionVariants", ()))
