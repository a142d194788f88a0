"""moto as a second opinion: for calls both serve, the same members, values and error codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from tests.aws.simulator.conftest import Client, client_factory, settled
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
MODEL = {
    "ModelName": "m",
    "PrimaryContainer": {"Image": "i", "Mode": "SingleModel"},
    "ExecutionRoleArn": "arn:aws:iam::111122223333:role/run",
}
ABSENT_TYPE = {**VARIANT, "InstanceType": "ml.zz.large"}
ABSENT_MODEL = {**VARIANT, "ModelName": "absent"}
STEPS: list[tuple[str, dict[str, Any]]] = [
    ("create_model", MODEL),
    ("describe_model", {"ModelName": "m"}),
    ("describe_model", {"ModelName": "absent"}),
    ("list_models", {"NameContains": "m", "MaxResults": 1}),
    ("create_endpoint_config", {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]}),
    ("create_endpoint_config", {"EndpointConfigName": "d", "ProductionVariants": [ABSENT_TYPE]}),
    ("create_endpoint_config", {"EndpointConfigName": "d", "ProductionVariants": [ABSENT_MODEL]}),
    ("describe_endpoint_config", {"EndpointConfigName": "c"}),
    ("describe_endpoint_config", {"EndpointConfigName": "absent"}),
    ("list_endpoint_configs", {"MaxResults": 1}),
    ("create_endpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
    ("create_endpoint", {"EndpointName": "f", "EndpointConfigName": "absent"}),
    ("describe_endpoint", {"EndpointName": "e"}),
    ("describe_endpoint", {"EndpointName": "absent"}),
    ("list_endpoints", {"MaxResults": 1}),
    ("delete_endpoint", {"EndpointName": "absent"}),
    ("delete_endpoint", {"EndpointName": "e"}),
    ("delete_endpoint_config", {"EndpointConfigName": "c"}),
    ("delete_endpoint_config", {"EndpointConfigName": "absent"}),
    ("delete_model", {"ModelName": "m"}),
    ("delete_model", {"ModelName": "absent"}),
]


@pytest.fixture(scope="module")
def moto() -> Iterator[Client]:
    """Clients of moto's own server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield client_factory(f"http://{host}:{port}")
    finally:
        server.stop()


def answers(sagemaker: Any) -> list[Any]:
    """What each step answers: its document, or the code and message of its error."""
    found: list[Any] = []
    for action, params in STEPS:
        if action in ("describe_endpoint", "delete_endpoint") and params["EndpointName"] == "e":
            settled(sagemaker, "e")
        try:
            document = getattr(sagemaker, action)(**params)
        except ClientError as error:
            found.append((error.response["Error"]["Code"], error.response["Error"]["Message"]))
        else:
            document.pop("ResponseMetadata")
            found.append(comparable(document))
    return found


def comparable(value: Any) -> Any:
    """A document without times, account numbers, page tokens and empty members."""
    if isinstance(value, dict):
        pairs = {key: comparable(item) for key, item in value.items() if key != "NextToken"}
        return {key: item for key, item in pairs.items() if item not in (None, {}, [])}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, datetime):
        return "a time"
    return re.sub(r":\d{12}:", ":account:", value) if isinstance(value, str) else value


def lacking(wanted: Any, given: Any, path: str = "") -> list[str]:
    """Where `given` lacks a member of `wanted` or has another value; more members are welcome."""
    if isinstance(wanted, dict) and isinstance(given, dict):
        return [
            problem
            for key, item in wanted.items()
            for problem in (lacking(item, given[key], f"{path}.{key}") if key in given else [f"{path}.{key}"])
        ]
    if isinstance(wanted, list) and isinstance(given, list) and len(wanted) == len(given):
        return [
            p
            for n, pair in enumerate(zip(wanted, given, strict=True))
            for p in lacking(*pair, f"{path}[{n}]")
        ]
    return [] if wanted == given else [f"{path}: {wanted!r} against {given!r}"]


def test_both_answer_alike(simulator: SimulatorProcess, client: Client, moto: Client) -> None:
    pairs = zip(STEPS, answers(moto("sagemaker")), answers(client("sagemaker")), strict=True)
    for step, theirs, ours in pairs:
        if isinstance(theirs, tuple):
            assert (step, ours[0]) == (step, theirs[0])
        else:
            assert (step, lacking(theirs, ours)) == (step, [])
