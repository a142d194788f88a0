"""One operation, many workers at the same instant: one of them carries it out, AWS sees each write once."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from fleet.models import Endpoint, Operation
from fleet.operations.execute import advance
from fleet.operations.kinds import ConcurrencyWish, Route
from tests.aws.operations.conftest import Planner
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]


def test_five_deliveries_at_once_make_one_config_and_one_update(
    simulator: SimulatorProcess,
    endpoint: Endpoint,
    queued: Planner,
    settle: Callable[[Operation], Operation],
) -> None:
    operation = queued(ConcurrencyWish("40", "", Route.NEW_CONFIG))
    simulator.fault("latency", "sagemaker:*", seconds=0.1)
    start = threading.Barrier(5)

    def deliver(_: int) -> float | None:
        start.wait(timeout=10)
        try:
            return advance(operation.pk, now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        pauses = list(pool.map(deliver, range(5)))
    assert len([pause for pause in pauses if pause is not None]) == 1, (
        "one worker carries it on, four step aside"
    )

    operation = settle(operation)
    assert operation.verdict == "applied", operation.verdict_detail
    calls = simulator.calls()["calls"]
    assert calls["sagemaker:CreateEndpointConfig"] == 1
    assert calls["sagemaker:UpdateEndpoint"] == 1
    assert Counter(w["action"] for w in simulator.calls()["writes"]).total() == 2
