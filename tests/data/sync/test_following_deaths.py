"""What follows metrics and takes its worker down is counted, told, rests apart from the metrics, and comes back."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from redis import Redis

from fleet.models import Container, HostedModel, Shard, VariantStatus
from fleet.sync import quarantine
from fleet.sync.quarantine import AGAIN
from fleet.sync.shard import run_metrics
from fleet.types import Kind
from stack.processes import Part, wait_until
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)
MINUTE = timedelta(minutes=1)
RUN = """
import sys, datetime, django
django.setup()
from fleet.sync.shard import run_metrics
run_metrics(int(sys.argv[1]), now=datetime.datetime.fromisoformat(sys.argv[2]))
"""


@pytest.fixture
def shard() -> Shard:
    """One endpoint with two containers, whose metrics were just read: only what follows has something to do."""
    found = rows.shard()
    endpoint = rows.endpoint(found, "two-containers", Kind.MULTI_CONTAINER)
    model = HostedModel.objects.create(
        shard=found, name="two-containers-model", arn="arn", created_at=endpoint.created_at
    )
    Container.objects.create(model=model, position=0, hostname="first", image="image")
    VariantStatus.objects.update(metrics_why="busy", metrics_until=NOW, metrics_due_at=NOW + 3 * AGAIN)
    return found


def error(shard: Shard, work: str) -> dict[str, Any]:
    shard.refresh_from_db()
    return (shard.sections.get(work) or {}).get("error") or {}


def die(spawn: Callable[..., Part], shard: Shard, table: str, has_begun: Callable[[], bool]) -> None:
    """A run that waits for a table which the work needs, killed there as the kernel does that is out of memory."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        child = spawn("run", sys.executable, "-c", RUN, str(shard.pk), NOW.isoformat())
        assert wait_until(has_begun, 30), child.tail()
        assert child.process is not None
        os.kill(child.process.pid, signal.SIGKILL)
        assert wait_until(lambda: not child.is_running(), 10)


@pytest.mark.parametrize(("work", "table"), [("parts", "fleet_parthour"), ("activity", "fleet_hourbucket")])
def test_work_after_metrics_that_kills_its_worker_rests_alone(
    work: str, table: str, shard: Shard, spawn: Callable[..., Part], redis: Redis, client: Client
) -> None:
    for _ in range(2):  # what runs that died leave behind
        quarantine.begun(shard.pk, work)
    if work == "activity":
        Container.objects.all().delete()  # nothing of single parts is to be read
    die(spawn, shard, table, Shard.objects.filter(**{f"{work}_unfinished": 3}).exists)
    if work == "parts":
        Container.objects.all().delete()
    assert run_metrics(shard.pk, now=NOW + MINUTE).errors == {}
    assert error(shard, work) == {}, "while its lease stands the third run may be alive"
    redis.flushall()
    later = NOW + 15 * MINUTE
    assert run_metrics(shard.pk, now=later).errors == {}
    assert error(shard, work)["code"] == "Quarantined"
    assert shard.metrics_ok_at == later, "the metrics go on"
    assert (shard.metrics_unfinished, getattr(shard, f"{work}_unfinished")) == (0, 3)
    run_metrics(shard.pk, now=later + AGAIN - MINUTE)
    assert error(shard, work)["code"] == "Quarantined", "it rests"

    client.force_login(rows.user("operator", None))
    assert "rests, so that the others are read" in client.get(f"/sync/{shard.pk}/").content.decode()
    client.post(f"/sync/{shard.pk}/now/")
    shard.refresh_from_db()
    assert getattr(shard, f"{work}_due_at") < later + AGAIN, "whoever looked into it has it tried at once"
    Shard.objects.update(**{f"{work}_due_at": later + AGAIN})

    run_metrics(shard.pk, now=later + AGAIN)
    assert error(shard, work) == {}, "an hour later it gets its chance"
    assert getattr(shard, f"{work}_unfinished") == 0


def test_work_after_metrics_that_ends_is_no_death(shard: Shard) -> None:
    Container.objects.all().delete()
    for n in range(4):
        run_metrics(shard.pk, now=NOW + 20 * n * MINUTE)
    shard.refresh_from_db()
    assert (shard.parts_unfinished, shard.activity_unfinished, shard.metrics_unfinished) == (0, 0, 0)
    assert shard.sections["activity"]["ok_at"] == (NOW + 60 * MINUTE).isoformat()
