"""Answers read by shape against botocore's own parser."""

import json
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.parsers import ResponseParserFactory

from fleet.aws import shapes

MODELS = botocore.session.Session().get_service_model("sagemaker")
AT = 1_763_700_000.123
CASES: dict[str, dict[str, Any]] = {
    "ListEndpoints": {
        "Endpoints": [
            {"EndpointName": "a", "CreationTime": AT, "LastModifiedTime": AT, "EndpointStatus": "Whatever"}
        ],
        "NextToken": None,
    },
    "DescribeEndpoint": {
        "EndpointName": "a",
        "ProductionVariants": [
            {"VariantName": "v", "CurrentWeight": 1.5, "VariantStatus": [{"StartTime": AT}]}
        ],
        "ShadowProductionVariants": None,
    },
    "DescribeModel": {
        "ModelName": "m",
        "PrimaryContainer": {"Environment": {"A": "b"}},
        "Containers": [None],
    },
}


def read(operation: str, raw: Any) -> tuple[Any, list[str]]:
    shape = MODELS.operation_model(operation).output_shape
    assert shape is not None
    odd: list[str] = []
    reader = shapes.Reader().of(shape)
    assert reader is not None
    return reader(raw, odd), odd


@pytest.mark.parametrize("operation", CASES)
def test_an_answer_reads_as_botocore_reads_it(operation: str) -> None:
    factory = ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=shapes.utc_time)
    answer = {"body": json.dumps(CASES[operation]).encode(), "headers": {}, "status_code": 200}
    shape = MODELS.operation_model(operation).output_shape
    assert shape is not None
    theirs = factory.create_parser("json").parse(answer, shape)
    del theirs["ResponseMetadata"]
    assert read(operation, CASES[operation]) == (theirs, [])


def test_times_are_aware() -> None:
    found, _ = read("ListEndpoints", CASES["ListEndpoints"])
    assert found["Endpoints"][0]["CreationTime"] == datetime.fromtimestamp(AT, UTC)


def test_fields_that_the_sdk_lacks_are_noticed_at_any_depth() -> None:
    raw = {"EndpointName": "a", "Fresh": 1, "ProductionVariants": [{"VariantName": "v", "Newer": {"x": 1}}]}
    assert read("DescribeEndpoint", raw) == (
        {"EndpointName": "a", "ProductionVariants": [{"VariantName": "v"}]},
        ["Fresh", "Newer"],
    )


@pytest.mark.parametrize("raw", [[], "text", {"Endpoints": {}}, {"Endpoints": ["text"]}])
def test_what_is_not_of_the_shape_is_refused(raw: Any) -> None:
    with pytest.raises(TypeError):
        read("ListEndpoints", raw)
