"""What AWS bills, by a meter of its own, and what Flotilla makes of CloudWatch's metrics are the same money.

The bill charges by the second, by begun milliseconds of each call and by calendar months, and has changes of capacity,
a deletion and an endpoint made in the middle of an hour. docs/costs.md#billed explains what is left of the difference.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from django.db.models import Sum

from fleet.costs.bill_words import Cause
from fleet.costs.reconcile import summed, total
from fleet.ledger import update_shard
from fleet.models import Account, BillReading, DailyCost, DataAssumption, Endpoint, Shard
from fleet.queries import billing as queries
from fleet.queries.cost_scope import Span
from fleet.queries.scope import ScopeFilter
from fleet.sync import billing, prices
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

DAYS = 30
PER_ENDPOINT, OF_FLEET = Decimal("0.005"), Decimal("0.001")
HOSTED = {
    "on-demand", "quick", "provisioned", "saturated", "real-time", "young", "gpu", "queue", "many-models", "direct",
    "serial", "components", "abroad", "elsewhere",
}  # fmt: skip


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    with SimulatorProcess("billed") as process, pointed(process, monkeypatch):
        yield process


@pytest.fixture
def shards(simulator: SimulatorProcess) -> list[Shard]:
    """Both accounts of the fleet, with inventory, prices, metrics and their whole history."""
    test = Account.objects.create(account_id="111122223333", alias="test")
    role = "arn:aws:iam::444455556666:role/Reader"
    other = Account.objects.create(account_id="444455556666", alias="other", role_arn=role)
    places = [(test, "us-east-1"), (test, "eu-west-1"), (other, "eu-west-1")]
    found = [Shard.objects.create(account=account, region=region) for account, region in places]
    now = simulator.now()
    for shard in found:
        assert run_inventory(shard.pk, now=now).errors == {}
    for endpoint in Endpoint.objects.all():
        # What a call of the fleet file carries where it names no size.
        DataAssumption.objects.create(
            endpoint=endpoint, request_kb=Decimal(4), response_kb=Decimal(1), set_at=now
        )
    read(found, now)
    return found


def read(found: list[Shard], now: datetime) -> None:
    for shard in found:
        assert run_inventory(shard.pk, now=now).errors == {}
    assert all(outcome.errors == {} for outcome in prices.refresh(now=now))
    for shard in found:
        assert run_metrics(shard.pk, now=now).errors == {}
        shard.refresh_from_db()
        while shard.backfill_done_until is None or shard.backfill_done_until != shard.backfill_until:
            assert run_backfill(shard.pk, now=now).errors == {}
            shard.refresh_from_db()
        update_shard(shard.pk, now=now)


def change_capacity(simulator: SimulatorProcess, shards: list[Shard]) -> None:
    """More instances, more provisioned concurrency and a deletion, each in the middle of an hour."""
    simulator.advance((97 - simulator.now().minute) % 60 * 60)
    client: Any = boto3.client("sagemaker", region_name="us-east-1")
    client.update_endpoint_weights_and_capacities(
        EndpointName="real-time",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    level = {"MaxConcurrency": 40, "ProvisionedConcurrency": 6}
    client.update_endpoint_weights_and_capacities(
        EndpointName="provisioned",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "ServerlessUpdateConfig": level}],
    )
    client.delete_endpoint(EndpointName="direct")
    for minutes in (1, 30, 60):
        read(shards, simulator.advance(minutes * 60).now())


def test_thirty_days_of_every_kind_are_billed_as_estimated(
    simulator: SimulatorProcess, shards: list[Shard]
) -> None:
    change_capacity(simulator, shards)
    after = simulator.now()
    end = datetime(after.year, after.month, after.day, tzinfo=UTC) + timedelta(days=1)
    start = end - timedelta(days=DAYS)
    simulator.advance((end - after).total_seconds() + 90 * 60)
    read(shards, simulator.now())
    true = billed_by_endpoint(simulator, start, end)
    mine = estimated_by_endpoint(start, end)
    assert set(true) == HOSTED
    off = {name: abs(mine[name] - usd) / usd for name, usd in true.items()}
    assert max(off.values()) < PER_ENDPOINT, {name: f"{share:.4%}" for name, share in off.items()}
    whole = sum(true.values(), Decimal(0))
    assert abs(sum(mine.values(), Decimal(0)) - whole) / whole < OF_FLEET
    check_causes(simulator, shards)


def check_causes(simulator: SimulatorProcess, shards: list[Shard]) -> None:
    """Every part of what AWS's Cost Explorer shows beyond the estimate has its cause. Here, because set-up is slow."""
    now = simulator.advance(2 * 86400).now()
    read(shards, now)
    for account in Account.objects.all():
        BillReading.objects.create(account=account, enabled=True)
        billing.read(account.pk, now=now)
    span = Span(now.date() - timedelta(days=25), now.date())
    found = queries.compared(ScopeFilter(), span, queries.standings(ScopeFilter(), now=now), now=now)
    lines = [line for each in found for line in each.lines]
    whole = total(lines)
    assert sum(whole.parts.values(), Decimal(0)) == whole.gap
    assert set(whole.parts) >= {Cause.NOT_HOSTING, Cause.DISCOUNT, Cause.CREDIT, Cause.TAX, Cause.MEASURED}
    assert whole.parts[Cause.NOT_HOSTING] == sum(
        (line.billed for line in lines if line.component == "other"), Decimal(0)
    )
    assert abs(whole.unexplained) < whole.billed / 1000
    by_component = summed(lines, lambda line: line.component)
    assert {"instance-time", "storage", "execution-on-demand", "kept-warm", "batch-time", "data-in"} <= set(
        by_component
    )
    for component in ("instance-time", "storage", "batch-time", "kept-warm"):
        settled = [line for line in lines if line.component == component and not line.is_estimated]
        assert abs(total(settled).gap) < total(settled).billed / 1000, component


def billed_by_endpoint(simulator: SimulatorProcess, start: datetime, end: datetime) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in simulator.bill(start, end):
        if row["endpoint"]:
            found[row["endpoint"]] += Decimal(row["usd"])
    return dict(found)


def estimated_by_endpoint(start: datetime, end: datetime) -> dict[str, Decimal]:
    rows = DailyCost.objects.filter(day__gte=start.date(), day__lt=end.date())
    sums = rows.values_list("endpoint__name").annotate(usd=Sum("amount"))
    return {name: usd or Decimal(0) for name, usd in sums}
