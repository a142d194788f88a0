"""Which mark in AWS's documents tells which hosting option."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fleet.sync.kinds import infer
from fleet.types import EndpointState, Kind, ServerlessCapacity, VariantState

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CONTAINER = {"Image": "image:1"}


def state(*, is_async: bool = False, serverless: ServerlessCapacity | None = None) -> EndpointState:
    variant = VariantState("AllTraffic", current_serverless=serverless)
    return EndpointState("e", "arn", "InService", "c", NOW, NOW, variants=(variant,), is_async=is_async)


def config(**variant: Any) -> dict[str, Any]:
    return {"ProductionVariants": [{"VariantName": "AllTraffic", **variant}]}


def model(**fields: Any) -> dict[str, Any]:
    return {"ModelName": "m", **fields}


ON_INSTANCES = config(ModelName="m", InstanceType="ml.m5.large")


MIXED = {
    "ProductionVariants": [
        {"VariantName": "a", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 1024}},
        {"VariantName": "b", "ModelName": "m", "InstanceType": "ml.m5.large"},
    ]
}


@pytest.mark.parametrize(
    ("kind", "seen", "document", "models"),
    [
        (Kind.SERVERLESS, state(serverless=ServerlessCapacity(1024, 5)), None, []),
        (Kind.SERVERLESS, state(), config(ModelName="m", ServerlessConfig={"MemorySizeInMB": 1024}), []),
        (Kind.ASYNCHRONOUS, state(is_async=True), ON_INSTANCES, [model(PrimaryContainer=CONTAINER)]),
        (Kind.ASYNCHRONOUS, state(), {**ON_INSTANCES, "AsyncInferenceConfig": {}}, []),
        (
            Kind.MULTI_MODEL,
            state(),
            ON_INSTANCES,
            [model(PrimaryContainer={**CONTAINER, "Mode": "MultiModel"})],
        ),
        (Kind.MULTI_MODEL, state(), ON_INSTANCES, [model(Containers=[{**CONTAINER, "Mode": "MultiModel"}])]),
        (Kind.MULTI_CONTAINER, state(), ON_INSTANCES, [model(Containers=[CONTAINER, CONTAINER])]),
        (Kind.INFERENCE_COMPONENT, state(), config(InstanceType="ml.g5.xlarge"), []),
        (Kind.REAL_TIME, state(), ON_INSTANCES, [model(PrimaryContainer=CONTAINER)]),
        (Kind.UNKNOWN, state(), ON_INSTANCES, []),
        (Kind.UNKNOWN, state(), {"ProductionVariants": []}, []),
        (
            Kind.UNKNOWN,
            state(),
            ON_INSTANCES,
            [model(PrimaryContainer={**CONTAINER, "Mode": "Hologram"})],
        ),
        (Kind.UNKNOWN, state(), MIXED, [model(PrimaryContainer=CONTAINER)]),
        (Kind.UNKNOWN, state(), None, []),
    ],
)
def test_kind(kind: Kind, seen: EndpointState, document: dict[str, Any] | None, models: list[Any]) -> None:
    found, reason = infer(seen, document, models)
    assert found is kind
    assert reason


@pytest.mark.parametrize(
    ("seen", "document", "models", "reason"),
    [
        (
            state(serverless=ServerlessCapacity(1024, 5)),
            None,
            [],
            "variant AllTraffic has CurrentServerlessConfig (DescribeEndpoint)",
        ),
        (
            state(),
            config(ModelName="m", ServerlessConfig={"MemorySizeInMB": 1024}),
            [],
            "variant AllTraffic has ServerlessConfig (DescribeEndpointConfig)",
        ),
        (state(is_async=True), ON_INSTANCES, [], "it has AsyncInferenceConfig (DescribeEndpoint)"),
        (
            state(),
            ON_INSTANCES,
            [model(PrimaryContainer={**CONTAINER, "Mode": "MultiModel"})],
            "a container of model m has Mode MultiModel (DescribeModel)",
        ),
        (
            state(),
            config(InstanceType="ml.g5.xlarge"),
            [],
            "variant AllTraffic names no model: models come as inference components (DescribeEndpointConfig)",
        ),
        (
            state(),
            MIXED,
            [],
            "variant a has ServerlessConfig but variant b has not, a mix AWS does not name (DescribeEndpointConfig)",
        ),
        (
            state(),
            ON_INSTANCES,
            [
                model(Containers=[CONTAINER, CONTAINER]),
                {"ModelName": "other", "PrimaryContainer": CONTAINER},
            ],
            "model m has 2 containers, run as a serial pipeline; model other differs (DescribeModel)",
        ),
        (
            state(),
            ON_INSTANCES,
            [model(Containers=[CONTAINER, CONTAINER], InferenceExecutionConfig={"Mode": "Tree"})],
            "model m has 2 containers, in mode Tree, which Flotilla does not know (DescribeModel)",
        ),
        (state(), None, [], "its endpoint config cannot be read (DescribeEndpointConfig)"),
    ],
)
def test_reason_names_the_mark_and_the_call_that_reports_it(
    seen: EndpointState, document: dict[str, Any] | None, models: list[Any], reason: str
) -> None:
    assert infer(seen, document, models)[1] == reason


def test_a_reason_always_fits_its_column() -> None:
    long = config(ModelName="n" * 63, InstanceType="ml.m5.large")
    strange = {"ModelName": "m" * 63, "PrimaryContainer": {"Mode": "M" * 300}}
    _, reason = infer(state(), long, [strange])
    assert len(reason) == 255
    assert reason.endswith("(DescribeModel)")


def test_reason_tells_direct_calls_from_a_serial_pipeline() -> None:
    containers = [CONTAINER, CONTAINER, CONTAINER]
    direct = model(Containers=containers, InferenceExecutionConfig={"Mode": "Direct"})
    assert "3 containers, called directly" in infer(state(), ON_INSTANCES, [direct])[1]
    assert "serial pipeline" in infer(state(), ON_INSTANCES, [model(Containers=containers)])[1]


def test_shadow_variant_does_not_change_the_kind() -> None:
    document = {**ON_INSTANCES, "ShadowProductionVariants": [{"VariantName": "shadow", "ModelName": "m"}]}
    assert infer(state(), document, [model(PrimaryContainer=CONTAINER)])[0] is Kind.REAL_TIME
