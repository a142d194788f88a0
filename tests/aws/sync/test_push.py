"""Events through a real queue: what they say is looked up, however they arrive."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.utils import timezone

from fleet import locks, tasks
from fleet.errors import AccessDenied
from fleet.models import Account, Endpoint, EventQueue, Shard
from fleet.sync import push
from fleet.sync.shard import run_inventory
from stack.layout import ROOT
from stack.processes import wait_until
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

QUEUE = "https://sqs.us-east-1.amazonaws.com/111122223333/flotilla"
LATER = timedelta(hours=1)


@pytest.fixture
def company(
    simulator_process: SimulatorProcess, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[SimulatorProcess]:
    """Two accounts, mirrored, with nothing due for an hour; their events go to one queue."""
    simulator_process.reset("listening")
    with pointed(simulator_process, monkeypatch):
        _take_in()
        yield simulator_process


def _take_in() -> None:
    role = "arn:aws:iam::444455556666:role/Reader"
    test = Account.objects.create(account_id="111122223333", alias="test", set_up_at=timezone.now())
    other = Account.objects.create(
        account_id="444455556666",
        alias="other",
        role_arn=role,
        external_id="shared-secret",
        set_up_at=timezone.now(),
    )
    for account, region in ((test, "us-east-1"), (other, "us-east-1"), (other, "eu-west-1")):
        shard = Shard.objects.create(account=account, region=region)
        assert not run_inventory(shard.pk, now=timezone.now()).errors
    Shard.objects.update(inventory_due_at=timezone.now() + LATER)


def _change(name: str = "alpha", concurrency: int = 30) -> None:
    """Somebody else gives an endpoint of the first account another maximum."""
    boto3.client("sagemaker", "us-east-1").update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": concurrency}}
        ],
    )


def _listen() -> push.Heard:
    return push.listen_once(QUEUE, now=timezone.now, wait_s=1)


def _due() -> set[str]:
    return {str(shard) for shard in Shard.objects.filter(inventory_due_at__lte=timezone.now())}


def _max_concurrency() -> int | None:
    return Endpoint.objects.get(name="alpha").variants.get().max_concurrency


def test_a_change_is_mirrored_without_waiting_for_the_next_listing(company: SimulatorProcess) -> None:
    _change()
    heard = _listen()
    assert (heard.messages >= 1, heard.ignored) == (True, 0)
    assert _due() == {"test/us-east-1"}
    tasks.sync_due(*heard.shard_ids)
    assert Endpoint.objects.get(name="alpha").status in {"Updating", "InService"}
    assert _due() == set(), "claimed: the next tick has nothing left to do"
    assert wait_until(lambda: _heard_and_synced() == 30, 30, 0.2)


def _heard_and_synced() -> int | None:
    tasks.sync_due(*_listen().shard_ids)
    return _max_concurrency()


def test_messages_are_deleted_once_their_shards_are_due(company: SimulatorProcess) -> None:
    _change()
    wait_until(lambda: _listen().messages > 0, 5)
    # Hidden for a second, visible again if they were still there.
    wait_until(lambda: _listen().messages == 0, 10)
    assert [_listen().messages for _ in range(2)] == [0, 0]
    row = EventQueue.objects.get()
    assert row.error is None
    assert row.heard_at is not None
    assert row.messages >= 2, "Updating, then InService"


def test_an_event_of_a_busy_shard_is_not_lost(company: SimulatorProcess) -> None:
    shard = Shard.objects.get(account__alias="test")
    push.mark([shard.pk], timezone.now())
    with locks.lease(f"inventory:{shard.pk}") as lease:
        assert lease is not None
        tasks.sync_due(shard.pk)
    assert _due() == {"test/us-east-1"}, "the run under way may have listed before the change"


def test_a_failing_shard_keeps_its_pause(company: SimulatorProcess) -> None:
    Shard.objects.update(failures=3)
    _change()
    assert wait_until(lambda: _listen().messages > 0, 20)
    assert _due() == set()


@pytest.mark.parametrize("kind", ["event-duplicate", "event-late", "event-lost"])
def test_however_events_arrive_the_mirror_ends_at_the_truth(company: SimulatorProcess, kind: str) -> None:
    company.fault(kind, seconds=1.5)
    for concurrency in (30, 40):
        _change(concurrency=concurrency)
        assert wait_until(_is_in_service, 30, 0.1)

    def converged() -> bool:
        tasks.sync_due(*_listen().shard_ids)
        if kind == "event-lost":
            Shard.objects.update(inventory_due_at=timezone.now())
            tasks.sync_due(*Shard.objects.values_list("pk", flat=True))
        return _max_concurrency() == 40

    assert wait_until(converged, 40, 0.2)


def _is_in_service() -> bool:
    client = boto3.client("sagemaker", "us-east-1")
    return bool(client.describe_endpoint(EndpointName="alpha")["EndpointStatus"] == "InService")


def test_a_queue_that_may_not_be_read_says_so(company: SimulatorProcess) -> None:
    company.fault("deny", "sqs:ReceiveMessage")
    with pytest.raises(AccessDenied):
        _listen()
    error = EventQueue.objects.get().error or {}
    assert error["action"] == "sqs:ReceiveMessage"
    company.clear_faults()
    _listen()
    assert EventQueue.objects.get().error is None


def test_the_command_listens_until_it_is_stopped(company: SimulatorProcess, settings: Any) -> None:
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    env = {**os.environ, "FLOTILLA_EVENT_QUEUES": QUEUE, "DATABASE_URL": url, "REDIS_URL": settings.REDIS_URL}
    argv = [sys.executable, str(ROOT / "manage.py"), "listen"]
    process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "Listening to 1 queue.\n"
        _change()
        assert wait_until(lambda: _due() == {"test/us-east-1"}, 60, 0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
