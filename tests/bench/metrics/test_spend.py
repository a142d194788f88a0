"""B13, B14: a simulated day and a back-fill cost what the Sync page says, and a fifth of polling everything."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db.models import Sum

from fleet.costs.observer import USD_PER_METRIC
from fleet.errors import BudgetReached
from fleet.models import Account, CallTally, Shard
from fleet.queries import observer
from fleet.queries.scope import ScopeFilter
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess
from tests.bench.report import Table

# Committed rounds, as in life: what a transaction has outdated stays in every index until it ends.
pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

# Of twenty, one is busy around the clock and one by day; the rest is idle. Two of three are serverless.
KINDS: tuple[tuple[int, dict[str, Any]], ...] = (
    (1, {"serverless": {"memory_mb": 2048, "max_concurrency": 9}, "traffic": {"model": "sustained", "per_minute": 60}}),
    (1, {"instances": {"type": "ml.c5.large", "count": 1}, "traffic": {"model": "diurnal", "per_minute": 30}}),
    (12, {"serverless": {"memory_mb": 1024, "max_concurrency": 5}}),
    (6, {"instances": {"type": "ml.c5.large", "count": 1}}),
)  # fmt: skip


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Table) -> Iterator[SimulatorProcess]:
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(
        yaml.safe_dump(
            {
                "accounts": [
                    {"alias": "test", "id": "111122223333", "management": True, "regions": ["us-east-1"],
                     "access_keys": ["AKIASIMULATORTEST000"]}
                ],
                "endpoints": [
                    {**kind, "name": f"k{number}-{{n}}", "repeat": share * (50 if table.is_full else 2),
                     "account": "test", "region": "us-east-1", "created": "-90d"}
                    for number, (share, kind) in enumerate(KINDS)
                ],
            }
        )
    )  # fmt: skip
    with SimulatorProcess(fleet) as process, pointed(process, monkeypatch):
        yield process


@pytest.fixture
def shard(simulator: SimulatorProcess) -> Shard:
    account = Account.objects.create(account_id="111122223333", alias="test", cloudwatch_daily_usd=1000)
    found = Shard.objects.create(account=account, region="us-east-1")
    assert run_inventory(found.pk, now=simulator.now()).errors == {}
    return found


def counted() -> int:
    return CallTally.objects.aggregate(n=Sum("metrics_requested"))["n"] or 0


def test_a_day_costs_a_fifth_of_polling_and_is_told_to_the_cent(
    simulator: SimulatorProcess, shard: Shard, table: Table
) -> None:
    run_metrics(shard.pk, now=simulator.now())
    simulator.reset_calls()
    before = counted()
    for _ in range(288):
        assert run_metrics(shard.pk, now=simulator.advance(300).now()).errors == {}
    asked = simulator.calls()["metrics_requested"]
    polled = observer.read(ScopeFilter(), now=simulator.now()).polled * observer.READINGS_PER_DAY
    endpoints = sum(share for share, _ in KINDS) * (50 if table.is_full else 2)
    table.add(bench="B14", case=f"{endpoints} endpoints, 24 h", unit="metrics", ours=[asked],
              peer_name="all each 5 min", peer=[polled], at_least=5)  # fmt: skip
    error = abs(counted() - before - asked) / asked
    table.bar(bench="B14", case="estimate against CloudWatch's count", value=100 * error, unit="%", at_most=1)


def test_the_budget_is_never_passed(simulator: SimulatorProcess, shard: Shard, table: Table) -> None:
    limit = Decimal("0.05") if table.is_full else Decimal("0.01")
    Account.objects.update(cloudwatch_daily_usd=limit)
    simulator.reset_calls()
    stopped = 0
    for _ in range(12):
        now = simulator.advance(300).now()
        error = run_metrics(shard.pk, now=now).errors.get("metrics")
        stopped += isinstance(error, BudgetReached)
        assert run_inventory(shard.pk, now=now).errors == {}
    spent = simulator.calls()["metrics_requested"] * USD_PER_METRIC
    assert stopped
    table.bar(bench="B14", case="spent of a budget that is reached", value=100 * float(spent / limit), unit="%",
              at_most=100)  # fmt: skip


def test_history_costs_what_was_told_before(simulator: SimulatorProcess, shard: Shard, table: Table) -> None:
    now = simulator.now()
    told = observer.read(ScopeFilter(), now=now).history_left_usd
    simulator.reset_calls()
    while shard.backfill_done_until is None or shard.backfill_done_until != shard.backfill_until:
        assert run_backfill(shard.pk, now=now).errors == {}
        shard.refresh_from_db()
    paid = simulator.calls()["metrics_requested"] * USD_PER_METRIC
    assert shard.backfill_from is not None
    assert now - shard.backfill_from >= timedelta(days=30)
    table.bar(bench="B13", case="30 days of hours: dollars against the estimate before", at_most=1, unit="%",
              value=100 * float(abs(paid - told) / paid))  # fmt: skip
    assert observer.read(ScopeFilter(), now=now).history_left_usd == 0
