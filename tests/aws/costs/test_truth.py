"""Costs worked out from what AWS publishes equal what the simulator knows was used, at the same prices, to the cent,

but for begun milliseconds, which the estimate adds to each serverless call (docs/costs.md#serverless).
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import boto3
import pytest
from django.db.models import Sum
from django.test import Client

from fleet.ledger import update_shard
from fleet.models import Account, DailyCost, Shard, User, VariantStatus
from fleet.sync import prices
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from fleet.types import CostComponent
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

CENT = Decimal("0.01")
HALF_MS = Decimal("0.0005")
"""What the estimate adds to each serverless call for begun milliseconds; the truth counts model latency alone."""
TRUE_NAMES = {
    CostComponent.INSTANCE_TIME: "instance_hours",
    CostComponent.STORAGE: "storage",
    CostComponent.EXECUTION_ON_DEMAND: "serverless_duration",
    CostComponent.KEPT_WARM: "pc_usage",
    CostComponent.EXECUTION_PROVISIONED: "pc_duration",
}


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    with SimulatorProcess("one_of_each") as process, pointed(process, monkeypatch):
        yield process


@pytest.fixture
def shard(simulator: SimulatorProcess) -> Shard:
    """us-east-1 with inventory, prices, metrics, the whole back-fill and its costs."""
    account = Account.objects.create(account_id="111122223333", alias="test")
    found = Shard.objects.create(account=account, region="us-east-1")
    now = simulator.now()
    assert run_inventory(found.pk, now=now).errors == {}
    assert all(outcome.errors == {} for outcome in prices.refresh(now=now))
    assert run_metrics(found.pk, now=now).errors == {}
    while found.backfill_done_until is None or found.backfill_done_until != found.backfill_until:
        assert run_backfill(found.pk, now=now).errors == {}
        found.refresh_from_db()
    update_shard(found.pk, now=now)
    return found


@pytest.fixture
def truth(simulator: SimulatorProcess, shard: Shard) -> Callable[[datetime], list[dict[str, Any]]]:
    """True rows of the shard from `start` to the last closed hour."""

    def read(start: datetime) -> list[dict[str, Any]]:
        end = simulator.now().replace(minute=0, second=0, microsecond=0)
        found = simulator.truth(start, end)["variants"]
        return [row for row in found if (row["account"], row["region"]) == ("111122223333", shard.region)]

    return read


def month(shard: Shard) -> datetime:
    """The first whole day of the back-fill."""
    assert shard.backfill_from is not None
    first = shard.backfill_from.astimezone(UTC).date() + timedelta(days=1)
    return datetime(first.year, first.month, first.day, tzinfo=UTC)


def cents(value: Decimal | str | None) -> Decimal:
    return Decimal(value or 0).quantize(CENT, rounding=ROUND_HALF_UP)


def begun(row: dict[str, Any], component: CostComponent) -> Decimal:
    """What begun milliseconds cost in one component of a true row, at the price that is stored."""
    warm = row["provisioned_invocations"]
    calls = {
        CostComponent.EXECUTION_ON_DEMAND: row["invocations"] - warm,
        CostComponent.EXECUTION_PROVISIONED: warm,
    }.get(component, 0)
    priced = DailyCost.objects.filter(endpoint__name=row["endpoint"], component=component)
    usd = priced.exclude(usd_per_unit=None).values_list("usd_per_unit", flat=True).first()
    return calls * HALF_MS * (usd or 0)


def expected(row: dict[str, Any], component: CostComponent) -> Decimal:
    """What one component of a true row is estimated at."""
    return Decimal(row["cost"].get(TRUE_NAMES[component]) or 0) + begun(row, component)


def test_thirty_days_of_every_kind_cost_what_was_really_used(
    shard: Shard, truth: Callable[[datetime], list[dict[str, Any]]]
) -> None:
    start = month(shard)
    stored = {
        (row["endpoint__name"], row["component"]): row["total"]
        for row in DailyCost.objects.filter(day__gte=start.date())
        .values("endpoint__name", "component")
        .annotate(total=Sum("amount"))
    }
    compared: list[CostComponent] = []
    for row in truth(start):
        for component, name in TRUE_NAMES.items():
            mine = stored.get((row["endpoint"], component.value))
            assert cents(mine) == cents(expected(row, component)), (row["endpoint"], name, mine, row["cost"])
            compared += [component] if mine else []
        if row["unpriced"]:
            assert DailyCost.objects.filter(endpoint__name=row["endpoint"], confidence="unpriced").exists()
    assert set(compared) == set(TRUE_NAMES), "every component of an endpoint's costs"
    assert len(compared) >= 15


def test_a_rolled_back_update_does_not_hide_what_the_endpoint_cost_before_it(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    """The last modification is the failed update; the config that still serves is as old as the endpoint."""
    simulator.add_endpoint(
        account="test",
        region="us-east-1",
        name="rolled-back",
        created="-9d",
        modified="-2h",
        instances={"type": "ml.m5.large", "count": 2, "volume_gb": 10},
        traffic={"model": "idle"},
    )
    Shard.objects.filter(pk=shard.pk).delete()
    fresh = Shard.objects.create(account=shard.account, region="us-east-1")
    now = simulator.now()
    assert run_inventory(fresh.pk, now=now).errors == {}
    while fresh.backfill_done_until is None or fresh.backfill_done_until != fresh.backfill_until:
        assert run_backfill(fresh.pk, now=now).errors == {}
        fresh.refresh_from_db()
    update_shard(fresh.pk, now=now)
    day = now.astimezone(UTC).date() - timedelta(days=4)
    cost = DailyCost.objects.get(endpoint__name="rolled-back", day=day, component="instance-time")
    assert cost.quantity == 48


def test_the_last_hour_of_a_deleted_endpoint_costs_what_was_used_in_it(
    simulator: SimulatorProcess, shard: Shard, truth: Callable[[datetime], list[dict[str, Any]]]
) -> None:
    """Deleted ten minutes before the hour: its row is read again once the hour is over, and priced as a whole."""
    names = {"real-time", "saturated"}
    simulator.advance((109 - simulator.now().minute) % 60 * 60)
    hour = simulator.now().replace(minute=0, second=0, microsecond=0)
    client = boto3.client("sagemaker", region_name=shard.region)
    for name in sorted(names):
        client.delete_endpoint(EndpointName=name)
    for minutes in (5, 5, 20, 60):
        now = simulator.advance(minutes * 60).now()
        assert run_inventory(shard.pk, now=now).errors == {}
        assert run_metrics(shard.pk, now=now).errors == {}
        update_shard(shard.pk, now=now)
    gone = VariantStatus.objects.filter(endpoint__name__in=names)
    assert gone.exclude(endpoint__closed_at=None).count() == 2
    assert all(
        until and until < now - timedelta(minutes=30)
        for until in gone.values_list("metrics_until", flat=True)
    )
    day = hour.astimezone(UTC).replace(hour=0)
    true = {row["endpoint"]: row for row in truth(day) if row["endpoint"] in names and row["deleted"]}
    assert set(true) == names
    for name in sorted(names):
        stored = DailyCost.objects.filter(endpoint__name=name, day__gte=day.date())
        for component in TRUE_NAMES:
            amount = stored.filter(component=component).aggregate(total=Sum("amount"))["total"]
            assert cents(amount) == cents(expected(true[name], component)), (name, component)


def test_the_costs_page_shows_the_true_total_of_the_window(
    shard: Shard, truth: Callable[[datetime], list[dict[str, Any]]], client: Client
) -> None:
    client.force_login(User.objects.create_user("viewer", role="viewer"))
    page = client.get("/costs/", {"range": "7d"}).context["figures"]
    first = page.wanted.span.first
    true_total = sum(
        (
            sum((expected(row, component) for component in TRUE_NAMES), Decimal(0))
            for row in truth(datetime(first.year, first.month, first.day, tzinfo=UTC))
        ),
        Decimal(0),
    )
    assert page.window.amount is not None
    assert cents(page.window.amount) == cents(true_total) == page.total
    rows, _ = page.table()
    assert sum((row.amount for row in rows if row.amount is not None), Decimal(0)) == page.total
