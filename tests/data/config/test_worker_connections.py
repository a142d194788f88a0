"""A worker's connections to PostgreSQL outlive its tasks, and one that was cut off fails none of them."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from django.db import connection
from redis import Redis

from fleet.tasks import evaluate_alerts
from stack.processes import Part, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def backends() -> set[int]:
    """The server's processes behind everybody else's connections to this database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return {pid for (pid,) in cursor.fetchall()}


def test_tasks_share_a_connection_until_it_is_cut_off(
    redis: Redis, spawn: Callable[..., Part], child_env: Mapping[str, str], tmp_path: Path
) -> None:
    others, log = backends(), tmp_path / "worker.log"
    options = ["-Q", "analysis", "--concurrency", "1", "--loglevel", "INFO", "--without-mingle"]
    worker = spawn(
        "worker", sys.executable, "-m", "celery", "-A", "config", "worker", *options, env=child_env
    )

    def work(times: int) -> set[int]:
        evaluate_alerts.delay()
        assert wait_until(lambda: log.read_text().count("] succeeded in ") == times, 60), worker.tail()
        return backends() - others

    used = work(1)
    assert used
    assert work(2) == used
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) AS pid", [list(used)])
    assert wait_until(lambda: not backends() & used, 10)
    assert work(3)
    assert "raised unexpected" not in log.read_text()
