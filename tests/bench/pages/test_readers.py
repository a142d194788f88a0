"""Eight people at once who look at 10,000 endpoints, beside Django's admin and during a sync."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from stack.layout import ROOT
from stack.processes import Part, wait_until
from tests.bench.pages import fleets, load, people
from tests.bench.report import Table, percentile

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

PEER = (
    "/admin/fleet/endpoint/", "/admin/fleet/endpoint/?o=1", "/admin/fleet/endpoint/?o=-7",
    "/admin/fleet/endpoint/?p=2", "/admin/fleet/endpoint/?kind__exact=serverless&team__exact=risk",
    "/admin/fleet/endpoint/?q=model-77",
)  # fmt: skip
TURNS, PAGES, PEER_PAGES = 3, 100, 3
"""Turns of the eight readers, and the pages each of them takes in one: ours, and the peer's."""
WARM = 5
"""Pages before the first turn, in which the server's processes load what they need."""
BARS = (("B4", "overview", 100, 3.0), ("B5", "list", 200, 2.0), ("B5", "part", 200, 2.0))
"""Of eight readers: bench, page, milliseconds, and how many times as quick as the peer."""
READ, PAUSES = 20, (1.0, 3.0)
"""Pages that each of eight people reads during a sync, and for how many seconds at least and at most."""
BESIDE_S = 60
"""Seconds that the work beside the readers goes on."""
CANNED = ROOT / "tests" / "bench" / "metrics" / "canned.py"


def test_eight_readers_at_once_beside_djangos_admin(
    table: Table, served: tuple[int, int, Part], spawn: Callable[..., Part], cloudwatch: str
) -> None:
    """B4, B5, B10: the readers' own milliseconds, the two servers in turn.

    Each reader is another person with another scope, who sorts, filters, searches and turns pages of the list, or goes
    round the windows of the overview: at 430 different addresses of the list, and at 40 of the overview.
    """
    ours, theirs, web = served
    size = 10_000 if table.is_full else 1_000
    fleets.build(size)
    looks = {"overview": people.overview(), "list": people.lists(), "part": people.lists(is_part=True)}
    admin = people.same(PEER, {"Cookie": fleets.session_cookie(), "Accept-Encoding": "gzip"})
    rounds: dict[str, list[float]] = {name: [] for name in (*looks, "admin")}
    for each in looks.values():
        load.readers(ours, each, WARM)
    load.readers(theirs, admin, 1)
    # Django adds the costs up for every page: at 10,000 endpoints one takes it seconds, and eight share two cores.
    for turn in range(TURNS):
        for name, each in looks.items():
            rounds[name].append(percentile(load.readers(ours, each, PAGES, turn * PAGES), 0.95))
        rounds["admin"].append(percentile(load.readers(theirs, admin, PEER_PAGES), 0.95))
    about = f"p95 of 8 readers, {size:,} endpoints"
    for bench, name, bar, at_least in BARS:
        table.add(
            bench=bench, case=f"{name}, {about}", unit="ms", ours=rounds[name], peer_name="Django admin",
            peer=rounds["admin"], at_least=at_least, gates=size >= 10_000,
        )  # fmt: skip
        table.bar(bench=bench, case=f"{name}, {about}, bar", value=rounds[name], unit="ms", at_most=bar)
    during(table, ours, looks, size, spawn, cloudwatch)
    table.bar(
        bench="B10",
        case=f"web process after it, {size:,} endpoints",
        value=memory_mb(web),
        unit="MB",
        at_most=200,
    )


def during(
    table: Table,
    port: int,
    looks: dict[str, list[load.Reader]],
    size: int,
    spawn: Callable[..., Part],
    cloudwatch: str,
) -> None:
    """B4, B5: the same readers while metrics, sums and changes are written beside them, at a worker's pace."""
    rounds: dict[str, list[float]] = {name: [] for name in looks}
    for turn in range(TURNS):
        with _beside(f"beside-{turn}", turn, spawn, cloudwatch) as pace:
            for name, each in looks.items():
                rounds[name].append(percentile(load.readers(port, each, PAGES, turn * PAGES), 0.95))
        case = f"regions written beside 8 readers ÷ pace, turn {turn + 1}, {size:,} endpoints"
        table.bar(bench="B4", case=case, value=pace[0], unit="×")
    for bench, name, bar, _ in BARS:
        case = f"{name}, p95 of 8 readers during a sync, {size:,} endpoints"
        table.bar(bench=bench, case=case, value=rounds[name], unit="ms", at_most=bar)


def test_eight_people_who_read_what_they_open_during_a_sync(
    table: Table, served: tuple[int, int, Part], spawn: Callable[..., Part], cloudwatch: str
) -> None:
    """B4, B5: the same eight, each of whom looks at a page for a while, beside a worker that keeps its pace."""
    port, _, _ = served
    size = 10_000 if table.is_full else 1_000
    fleets.build(size)
    looks = {"overview": people.overview(), "list": people.lists(), "part": people.lists(is_part=True)}
    for each in looks.values():
        load.readers(port, each, WARM)
    for turn, (bench, name, bar, _) in enumerate(BARS):
        with _beside(f"beside-{name}", turn, spawn, cloudwatch) as pace:
            found = load.readers(port, looks[name], READ, WARM, pauses=PAUSES)
        case = f"{name}, p95 of 8 people during a sync, {size:,} endpoints"
        table.bar(bench=bench, case=case, value=percentile(found, 0.95), unit="ms", at_most=bar)
        case = f"regions written beside 8 people ÷ pace, {name}, {size:,} endpoints"
        table.bar(bench=bench, case=case, value=pace[0], unit="×")


@contextmanager
def _beside(name: str, turn: int, spawn: Callable[..., Part], cloudwatch: str) -> Iterator[list[float]]:
    """Write beside what is done inside. What is given holds afterwards how far the pace was kept."""
    argv = [sys.executable, "-m", "tests.bench.pages.beside", str(BESIDE_S), str(turn * BESIDE_S * 7)]
    env = {"AWS_ENDPOINT_URL": cloudwatch, "FLOTILLA_LOG_LEVEL": "WARNING", "PYTHONPATH": str(ROOT)}
    worker = spawn(name, *argv, env=env)
    assert wait_until(partial(_has_begun, worker), timeout_s=60), worker.tail()
    pace: list[float] = []
    yield pace
    assert wait_until(partial(_has_ended, worker), timeout_s=3 * BESIDE_S)
    assert worker.exit_code() == 0, worker.tail()
    done, asked, _cpu = worker.tail(1).split()
    pace.append(int(done) / int(asked))


def _has_begun(worker: Part) -> bool:
    return "begun" in worker.tail()


def _has_ended(worker: Part) -> bool:
    return not worker.is_running()


@pytest.fixture
def cloudwatch() -> Iterator[str]:
    """A canned CloudWatch, five points a series. AWS does its work elsewhere: here it gets what nobody else wants."""
    argv = ["nice", "-n", "19", sys.executable, str(CANNED), "5"]
    canned = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert canned.stdout is not None
    yield f"http://127.0.0.1:{canned.stdout.readline().strip()}"
    canned.kill()
    canned.wait()


def memory_mb(web: Part) -> float:
    """Resident memory of the largest of the server's processes, MB."""
    assert web.process is not None
    parents = {web.process.pid}
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if int(fields["PPid"]) in parents or int(status.parent.name) in parents:
            found.append(int(fields.get("VmRSS", "0 kB").split()[0]) / 1000)
    return max(found)
