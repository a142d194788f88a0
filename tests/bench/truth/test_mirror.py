"""The mirror of a company equals what AWS holds, and its buckets add up to what really happened, to the last figure."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from fleet.models import FineBucket, HourBucket, Shard
from fleet.sync import due, many
from fleet.sync.shard import run_metrics
from simulator import load_fleet
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync import company, holdings, totals
from tests.bench.report import Table

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

QUICK, FULL = (600, 12, 5), (10_000, 100, 20)
READERS = 4


@pytest.fixture
def size(table: Table) -> tuple[int, int, int]:
    """Endpoints, accounts and regions."""
    return FULL if table.is_full else QUICK


@pytest.fixture
def simulator(
    size: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimulatorProcess]:
    """A simulator of its own with the generated company, in which a third of the endpoints fail now and then."""
    document = load_fleet.document(*size)
    for entry in document["endpoints"]:
        if entry["like"].endswith("-1"):
            entry["traffic"] = {**entry["traffic"], "error_rate": 0.01, "client_error_rate": 0.02}
    fleet = tmp_path / "fleet.json"
    fleet.write_text(json.dumps(document))
    with SimulatorProcess(fleet) as process, pointed(process, monkeypatch, load_fleet.ACCESS_KEY):
        yield process


def test_mirror_and_metrics_equal_the_truth(
    simulator: SimulatorProcess, size: tuple[int, int, int], table: Table, settings: Settings
) -> None:
    settings.FINE_HISTORY_HOURS = 1
    case = f"{size[0]:,} endpoints, {size[1]} × {size[2]}"
    _await_a_busy_hour(simulator)
    start = totals.whole_hour(simulator)
    shards = company.take_in(*size[1:])
    _look(shards, simulator.now())
    _compare_holdings(simulator, table, size[0], case)
    _read_metrics(shards, simulator.now())
    _compare_totals(simulator, table, start, case)


def _await_a_busy_hour(simulator: SimulatorProcess) -> None:
    """Move to two o'clock of the next Wednesday: at night nobody works, and visits begin from noon to four."""
    now = simulator.now()
    then = now.replace(hour=14, minute=0, second=0, microsecond=0) + timedelta(days=(2 - now.weekday()) % 7)
    simulator.advance((then - now).total_seconds() % timedelta(days=7).total_seconds())


def _look(shards: list[Shard], now: datetime) -> None:
    """The first look at everything."""
    for first in range(0, len(shards), due.TOGETHER):
        part = [shard.pk for shard in shards[first : first + due.TOGETHER]]
        assert [outcome.errors for outcome in many.run(part, now=lambda: now)] == [{}] * len(part)


def _read_metrics(shards: list[Shard], now: datetime) -> None:
    def read(shard: Shard) -> dict[str, object]:
        try:
            return dict(run_metrics(shard.pk, now=now).errors)
        finally:
            connection.close()

    with ThreadPoolExecutor(READERS) as pool:
        assert [errors for errors in pool.map(read, shards) if errors] == []


def _compare_holdings(simulator: SimulatorProcess, table: Table, endpoints: int, case: str) -> None:
    aws, mirror = holdings.at_aws(simulator), holdings.in_mirror()
    assert len(aws["endpoints"]) == endpoints
    for what in aws:
        _exactly(table, f"{what}, mirror ÷ truth, {case}", holdings.share_equal(mirror, aws, what))
    assert holdings.differences(mirror, aws) == []


def _compare_totals(simulator: SimulatorProcess, table: Table, start: datetime, case: str) -> None:
    true, kinds = totals.at_aws(simulator, start)
    wrong = []
    for model, name in ((FineBucket, "fine buckets"), (HourBucket, "hours")):
        stored = totals.in_buckets(model, start)
        for metric in totals.METRICS:
            there = totals.added_up(true, metric, true)
            assert there > 0, f"nothing to compare: {metric}"
            here = totals.added_up(stored, metric, stored)
            _exactly(table, f"{metric} in {name}, mirror ÷ truth, {case}", float(here / there))
        for kind in sorted(set(kinds.values())):
            of_kind = [key for key, its in kinds.items() if its == kind]
            pairs = [
                (totals.added_up(stored, m, of_kind), totals.added_up(true, m, of_kind))
                for m in totals.METRICS
            ]
            share = sum(here == there for here, there in pairs) / len(pairs)
            _exactly(table, f"totals of {kind} in {name}, equal ÷ {len(pairs)} metrics, {case}", share)
        wrong += totals.differences(stored, true)
    assert wrong == []


def _exactly(table: Table, case: str, value: float) -> None:
    table.bar(bench="Truth", case=case, value=value, unit="×", at_least=1.0, at_most=1.0)
