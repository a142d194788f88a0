"""What a run asks of PostgreSQL: thousands of shards a minute make every statement count."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet.models import Endpoint, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


def test_a_first_look_reads_no_table_that_is_empty_and_a_quiet_one_takes_three_statements(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    with CaptureQueriesContext(connection) as first:
        assert run_inventory(shard.pk, now=now, is_routine=True).errors == {}
    assert Endpoint.objects.count() == 2
    reads = [query["sql"] for query in first if query["sql"].startswith("SELECT")]
    assert not [sql for sql in reads if "fleet_endpointconfig" in sql or "fleet_quota" in sql]
    assert not [sql for sql in reads if "fleet_scalabletarget" in sql or "fleet_transformjob" in sql]
    for minute in (1, 2):
        run_inventory(shard.pk, now=now + minute * MINUTE, is_routine=True)

    asked = []
    for minute in (3, 4, 5):
        with CaptureQueriesContext(connection) as run:
            assert run_inventory(shard.pk, now=now + minute * MINUTE, is_routine=True).errors == {}
        asked.append([query["sql"].split()[0] for query in run])
    # Every few minutes, at a moment of its own, a shard also looks at what tells of no change itself.
    assert asked.count(["WITH", "SELECT", "WITH"]) >= 2
