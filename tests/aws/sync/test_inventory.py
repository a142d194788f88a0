"""The mirror equals what the simulator holds, and looks closely only where it must."""

from datetime import datetime

import pytest

from fleet.models import Endpoint, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]


def test_first_run_mirrors_every_endpoint(simulator: SimulatorProcess, shard: Shard, now: datetime) -> None:
    outcome = run_inventory(shard.pk, now=now)
    assert outcome.errors == {}
    rows = {e.name: e for e in Endpoint.objects.all()}
    assert set(rows) == {"alpha-serverless", "beta-realtime"}
    assert rows["alpha-serverless"].kind == "serverless"
