"""Points boto3 at a simulator for a test, by the environment alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fleet.aws import sessions
from tests.aws.simulator_process import ACCESS_KEY, SimulatorProcess


@contextmanager
def pointed(
    process: SimulatorProcess, monkeypatch: pytest.MonkeyPatch, access_key: str = ACCESS_KEY
) -> Iterator[SimulatorProcess]:
    """AWS is this process inside the block; clients made for another one are forgotten before and after."""
    for name, value in process.environment(access_key).items():
        monkeypatch.setenv(name, value)
    sessions.reset()
    try:
        yield process
    finally:
        sessions.reset()
