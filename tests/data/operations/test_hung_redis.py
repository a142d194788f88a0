"""A Redis that takes connections and never answers: clicks are stored and answered all the same."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import Operation, User
from stack.processes import Part
from tests.data.dashboards import rows
from tests.data.operations import cast

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 10


@contextmanager
def hung(server: Part) -> Iterator[None]:
    assert server.process is not None
    pid = server.process.pid
    os.kill(pid, signal.SIGSTOP)
    rescue = threading.Timer(3 * PATIENCE_S, os.kill, (pid, signal.SIGCONT))
    rescue.start()
    try:
        yield
    finally:
        rescue.cancel()
        os.kill(pid, signal.SIGCONT)


def test_a_confirmation_is_queued_and_answered(client: Client, redis_server: Part) -> None:
    alice = User.objects.create_user("alice", role=User.Role.OPERATOR)
    client.force_login(alice)
    operation = cast.planned(cast.endpoint(), alice)
    with hung(redis_server):
        started = time.monotonic()
        answer = client.post(reverse("operations:confirm", args=[operation.code]), {"reason": "INC-214"})
        page = client.get(answer["Location"])
        assert time.monotonic() - started < PATIENCE_S
    assert (answer.status_code, page.status_code) == (303, 200)
    assert Operation.objects.get().state == Operation.State.QUEUED


def test_sync_now_makes_the_shard_due_and_answers(client: Client, redis_server: Part) -> None:
    client.force_login(User.objects.create_user("alice", role=User.Role.OPERATOR))
    shard = rows.shard()
    with hung(redis_server):
        started = time.monotonic()
        asked = timezone.now()
        answer = client.post(reverse("sync:now", args=[shard.pk]))
        assert time.monotonic() - started < PATIENCE_S
    assert answer.status_code == 303
    shard.refresh_from_db()
    assert shard.inventory_due_at is not None
    assert shard.inventory_due_at >= asked
