"""A generated company in a simulator, our rows for it, and a real Celery worker that looks after its inventory."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from config.celery import app
from fleet.models import Shard
from fleet.sync import due
from fleet.sync.due import TOGETHER
from fleet.tasks import sync_shards
from simulator import load_fleet
from stack.processes import Part
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync import company
from tests.aws.sync.conftest import MIRROR_TABLES

PATIENCE_S = 600
PROCESSES = 4


@dataclass
class Company:
    """One company under measurement."""

    simulator: SimulatorProcess
    worker: Part
    shards: list[Shard] = field(default_factory=list)

    def forget(self) -> None:
        """As if nothing had ever been read."""
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE fleet_endpoint, fleet_endpointconfig, fleet_hostedmodel CASCADE")
            cursor.execute("TRUNCATE fleet_scalabletarget, fleet_quota, fleet_calltally CASCADE")
        Shard.objects.update(sections={}, inventory_ok_at=None, failures=0)

    def warm_up(self) -> None:
        """Have each worker process load what it needs and make its clients; then forget what was read."""
        self._sync_s(Shard.objects.filter(pk__in=[shard.pk for shard in self.shards[: PROCESSES * TOGETHER]]))
        self.forget()

    def sync_s(self) -> float:
        """Seconds from one tick's ring for every shard until the last of them is through."""
        return self._sync_s(Shard.objects.all())

    def _sync_s(self, shards: "QuerySet[Shard]") -> float:
        Shard.objects.update(inventory_due_at=timezone.now() + timedelta(days=1))
        shards.update(inventory_due_at=None)
        begun, started = timezone.now(), time.perf_counter()
        due.ring(
            begun,
            inventory=lambda *ids: sync_shards.apply_async(ids),
            metrics=lambda _: None,
            backfill=lambda _: None,
            prices=lambda: None,
        )
        late = shards.exclude(inventory_ok_at__gte=begun)
        while late.exists():
            assert time.perf_counter() - started < PATIENCE_S, self.worker.tail()
            # Asked more often, the question would take a hundredth of the processors that it is about.
            time.sleep(0.2)
        return time.perf_counter() - started

    def memory_mb(self) -> tuple[float, float]:
        """(peak of the largest worker process, all of them now with shared pages counted once), in MB."""
        assert self.worker.process is not None
        pids = [self.worker.process.pid, *_children(self.worker.process.pid)]
        peaks = [_kilobytes(Path(f"/proc/{pid}/status"), "VmHWM") for pid in pids]
        shares = [_kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss") for pid in pids]
        return max(peaks) / 1024, sum(shares) / 1024

    def cpu_s(self) -> float:
        """CPU seconds the worker's processes have used so far: unlike wall time the same on a busy machine."""
        assert self.worker.process is not None
        pids = [self.worker.process.pid, *_children(self.worker.process.pid)]
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
        return sum(int(stat[11]) + int(stat[12]) for stat in stats) / os.sysconf("SC_CLK_TCK")

    def versions(self) -> dict[tuple[str, int], tuple[int, str]]:
        """The writing transaction of every row of the mirror, and a digest of what stands in it."""
        found: dict[tuple[str, int], tuple[int, str]] = {}
        with connection.cursor() as cursor:
            for table in MIRROR_TABLES:
                cursor.execute(f"SELECT id, xmin::text::bigint, md5(t::text) FROM {table} AS t")  # noqa: S608
                found |= {(table, pk): (writer, digest) for pk, writer, digest in cursor.fetchall()}
        return found


Found = Callable[[int, int, int], Company]


@pytest.fixture
def found(
    tmp_path: Path, spawn: Callable[..., Part], monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> Iterator[Found]:
    """found(endpoints, accounts, regions): the company, nothing of it read yet; up to the end of the test."""

    def start(endpoints: int, accounts: int, regions: int) -> Company:
        fleet = load_fleet.write(tmp_path / f"fleet-{endpoints}.json", endpoints, accounts, regions)
        simulator = running.enter_context(SimulatorProcess(fleet))
        running.enter_context(pointed(simulator, monkeypatch, load_fleet.ACCESS_KEY))
        aws = simulator.environment(load_fleet.ACCESS_KEY)
        options = ["--queues", "inventory", "--concurrency", str(PROCESSES), "--loglevel", "WARNING"]
        options += ["--without-gossip", "--without-mingle", "--hostname", f"bench-{endpoints}@%h"]
        argv = [sys.executable, "-m", "celery", "-A", "config", "worker", *options]
        worker = spawn(
            f"worker-{endpoints}",
            *argv,
            ready=_answers,
            timeout_s=90,
            env={**aws, "FLOTILLA_LOG_LEVEL": "WARNING"},
        )
        return Company(simulator, worker, company.take_in(accounts, regions))

    with ExitStack() as running:
        yield start


def _answers() -> bool:
    return bool(app.control.ping(timeout=1))


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()]


def _kilobytes(path: Path, name: str) -> int:
    line = next(line for line in path.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
