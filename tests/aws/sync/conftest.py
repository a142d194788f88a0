"""A simulator process per session, reset per test, and an account with its shard pointed at it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from django.db import connection

from fleet.models import Account, Shard
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

MIRROR_TABLES = (
    "fleet_endpoint",
    "fleet_endpointconfig",
    "fleet_productionvariant",
    "fleet_hostedmodel",
    "fleet_container",
    "fleet_variantstatus",
    "fleet_capacityperiod",
    "fleet_inferencecomponent",
    "fleet_scalabletarget",
    "fleet_scalingpolicy",
    "fleet_scheduledaction",
    "fleet_quota",
    "fleet_changeevent",
)


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as process:
        yield process


@pytest.fixture
def simulator(
    simulator_process: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimulatorProcess]:
    """The simulator with its two-endpoint fleet; boto3 finds it by the environment alone."""
    simulator_process.reset("two_endpoints")
    with pointed(simulator_process, monkeypatch):
        yield simulator_process


@pytest.fixture
def account(db: None) -> Account:
    """The account that the test's credentials belong to."""
    return Account.objects.create(account_id="111122223333", alias="test")


@pytest.fixture
def shard(account: Account) -> Shard:
    """us-east-1 of that account."""
    return Shard.objects.create(account=account, region="us-east-1")


@pytest.fixture
def now(simulator: SimulatorProcess) -> datetime:
    """The simulator's instant."""
    return simulator.now()


@pytest.fixture
def sagemaker(simulator: SimulatorProcess) -> Any:
    """Somebody else's client: whoever changes endpoints behind Flotilla's back."""
    return boto3.client("sagemaker", region_name="us-east-1")


@pytest.fixture
def row_versions(db: None) -> Callable[[], dict[str, list[tuple[int, int]]]]:
    """Primary key and writing transaction of every row of the mirror: equal means nothing was written."""

    def versions() -> dict[str, list[tuple[int, int]]]:
        with connection.cursor() as cursor:
            found = {}
            for table in MIRROR_TABLES:
                cursor.execute(f"SELECT id, xmin::text::bigint FROM {table} ORDER BY id")  # noqa: S608
                found[table] = cursor.fetchall()
            return found

    return versions
