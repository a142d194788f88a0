"""A simulator process per session, reset per test, and an account with its shards pointed at it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from fleet.aws import sessions
from fleet.models import Account, Shard
from tests.aws.simulator_process import SimulatorProcess


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
    for name, value in simulator_process.environment().items():
        monkeypatch.setenv(name, value)
    sessions.reset()
    yield simulator_process
    sessions.reset()


@pytest.fixture
def shard(db: None) -> Shard:
    """us-east-1 of the account that the test's credentials belong to."""
    account = Account.objects.create(account_id="111122223333", alias="test")
    return Shard.objects.create(account=account, region="us-east-1")


@pytest.fixture
def now(simulator: SimulatorProcess) -> datetime:
    """The simulator's instant."""
    return simulator.now()


MINUTE = timedelta(minutes=1)
