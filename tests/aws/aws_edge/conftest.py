"""A simulator of its own for the AWS edge; no database."""

from collections.abc import Iterator

import pytest

from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess


@pytest.fixture(scope="session")
def edge_process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess() as process:
        yield process


@pytest.fixture
def simulator(edge_process: SimulatorProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    edge_process.reset("two_endpoints")
    with pointed(edge_process, monkeypatch):
        yield edge_process
