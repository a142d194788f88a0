"""A simulator process per module, reset before each test, and boto3 clients of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.aws.simulator_process import ACCESS_KEY, SimulatorProcess

Client = Callable[..., Any]
DEADLINE_S = 15.0


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    """The module's simulator on the one-of-each fleet."""
    with SimulatorProcess("one_of_each") as running:
        yield running


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    """The module's simulator, as fresh from its fleet file."""
    return process.reset()


@pytest.fixture
def client(simulator: SimulatorProcess) -> Client:
    """client(service, region=…, credentials=…): unmodified boto3 clients that never retry."""
    return client_factory(simulator.url)


def client_factory(url: str) -> Client:
    """A maker of boto3 clients for an endpoint URL."""
    session: Any = boto3.session.Session()

    def make(service: str, region: str = "us-east-1", credentials: dict[str, Any] | None = None) -> Any:
        given = credentials or {
            "AccessKeyId": ACCESS_KEY,
            "SecretAccessKey": "simulated",
            "SessionToken": None,
        }
        return session.client(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


def settled(sagemaker: Any, name: str, seen: list[str] | None = None) -> dict[str, Any]:
    """Poll DescribeEndpoint until the status is a resting one; `seen` collects every status on the way."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        description: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
        status = description["EndpointStatus"]
        if seen is not None and (not seen or seen[-1] != status):
            seen.append(status)
        if status in ("InService", "Failed", "OutOfService"):
            return description
        assert time.monotonic() < deadline, f"{name} stays {status}"
