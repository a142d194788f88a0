"""What AWS says of Savings Plans: asked with the bill where a commitment is held, metered, all of it or nothing."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.models import Account, BilledCost, BillReading, CallTally, PlanCommitment, PlanDay, Shard
from fleet.sync import billing
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

DAY = timedelta(days=1)
TENTH = Decimal("1e-9")
USED = ("Usage", "SavingsPlanCoveredUsage")
PLANS = ("ce:GetSavingsPlansUtilization", "ce:GetSavingsPlansCoverage")


@pytest.fixture
def bills(simulator: SimulatorProcess) -> SimulatorProcess:
    """The simulator on the fleet that has bills, and a plan of $0.50 an hour at 25 % off."""
    return simulator.reset("billed")


@pytest.fixture
def reading(bills: SimulatorProcess, shard: Shard) -> BillReading:
    return BillReading.objects.create(account=shard.account, enabled=True)


def hold(account: Account | None, now: datetime, days_ago: int = 60, days: int = 365) -> None:
    first = now.date() - days_ago * DAY
    PlanCommitment.objects.create(
        name="ML plan", account=account, usd_per_hour=Decimal("0.5"), years=1, payment="No Upfront",
        first_day=first, last_day=first + days * DAY, reason="signed", author_label="ana", made_at=now,
    )  # fmt: skip


def eligible(simulator: SimulatorProcess, first: date, until: date, account: str) -> dict[date, Decimal]:
    """What the simulator's own bill holds of instance time, by day."""
    ends = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first, until)]
    found: dict[date, Decimal] = defaultdict(Decimal)
    for row in simulator.bill(*ends):
        is_instance = any(
            part in row["usage_type"] for part in ("Host:ml", "Tsform:ml", "Notebk:ml", "Train:ml")
        )
        if row["account"] == account and row["record_type"] in USED and is_instance:
            found[date.fromisoformat(row["day"])] += Decimal(row["usd"])
    return found


def asked(simulator: SimulatorProcess) -> dict[str, int]:
    calls: dict[str, int] = simulator.calls()["calls"]
    return {action: calls.get(action, 0) for action in PLANS}


def test_it_is_read_with_the_bill_day_by_day_and_metered(
    bills: SimulatorProcess, reading: BillReading
) -> None:
    now = bills.now()
    hold(reading.account, now)
    billing.read(reading.account_id, now=now)
    reading.refresh_from_db()
    yesterday = now.date() - DAY
    assert (reading.error, reading.plan_error, reading.plan_until) == (None, None, yesterday)
    assert reading.plan_from == (yesterday.replace(day=1) - DAY).replace(day=1)
    true = eligible(bills, reading.plan_from, yesterday, "111122223333")
    days = {row.day: row for row in PlanDay.objects.all()}
    assert set(days) == set(true)
    for day, row in days.items():
        # $12 a day at 25 % off buys $16 of on-demand spend.
        covered = min(true[day], Decimal(16))
        assert row.committed == 12
        assert abs((row.spend or 0) - true[day]) < TENTH
        assert abs((row.covered or 0) - covered) < TENTH
        assert abs((row.used or 0) - covered * Decimal("0.75")) < TENTH
        assert abs((row.saved or 0) - (covered - 12)) < TENTH
    # Twenty days a page of coverage, all at once of utilisation.
    assert asked(bills) == dict(zip(PLANS, (1, -(-len(days) // 20)), strict=True))
    stored = {row.action: row.calls for row in CallTally.objects.filter(action__startswith="ce:")}
    assert stored == {name: n for name, n in bills.calls()["calls"].items() if name.startswith("ce:")}


def test_the_last_week_is_read_again_and_what_stands_before_it_stays(
    bills: SimulatorProcess, reading: BillReading
) -> None:
    hold(None, bills.now())
    billing.read(reading.account_id, now=bills.now())
    before = PlanDay.objects.count()
    PlanDay.objects.update(committed=1)
    billing.read(reading.account_id, now=bills.advance(86400).now())
    assert PlanDay.objects.count() == before + 1
    assert PlanDay.objects.filter(committed=12).count() == 7 + 1 if bills.now().day != 7 else True


@pytest.fixture
def planless(bills: SimulatorProcess) -> BillReading:
    """The account that has no plan of its own."""
    other = Account.objects.create(
        account_id="444455556666", alias="other", role_arn="arn:aws:iam::444455556666:role/Reader"
    )
    Shard.objects.create(account=other, region="eu-west-1")
    return BillReading.objects.create(account=other, enabled=True)


def test_nothing_is_asked_where_no_commitment_reaches_into_the_days(
    bills: SimulatorProcess, shard: Shard, planless: BillReading
) -> None:
    now = bills.now()
    hold(planless.account, now, days_ago=500, days=365)
    hold(shard.account, now)
    billing.read(planless.account_id, now=now)
    assert asked(bills) == dict.fromkeys(PLANS, 0)
    assert BillReading.objects.get().plan_until is None


def test_a_plan_that_is_on_the_bill_is_asked_for_though_nobody_entered_it(
    bills: SimulatorProcess, reading: BillReading
) -> None:
    billing.read(reading.account_id, now=bills.now())
    assert set(PlanDay.objects.values_list("committed", flat=True)) == {Decimal(12)}
    # What the bill takes back is what AWS says the plan covered, on every day that both tell of.
    taken = BilledCost.objects.filter(
        record_type="SavingsPlanNegation", day__in=PlanDay.objects.values("day")
    )
    back = sum(taken.values_list("amount", flat=True), Decimal(0))
    assert abs(back + 16 * PlanDay.objects.count()) < TENTH


def test_an_account_without_a_plan_of_its_own_has_no_utilisation(
    bills: SimulatorProcess, planless: BillReading
) -> None:
    hold(None, bills.now())
    billing.read(planless.account_id, now=bills.now())
    assert BillReading.objects.get().plan_error is None
    assert set(PlanDay.objects.values_list("committed", "used", "spend")) == {(None, None, 0)}


def test_a_refusal_halfway_stores_nothing_and_leaves_the_bill(
    bills: SimulatorProcess, reading: BillReading
) -> None:
    hold(reading.account, bills.now())
    bills.fault("deny", action="ce:GetSavingsPlansCoverage")
    billing.read(reading.account_id, now=bills.now())
    reading.refresh_from_db()
    assert reading.error is None
    assert BilledCost.objects.exists()
    assert reading.plan_error is not None
    assert (reading.plan_error["kind"], reading.plan_error["action"]) == ("AccessDenied", PLANS[1])
    assert not PlanDay.objects.exists()


def test_it_stops_at_the_limit_of_the_day(
    bills: SimulatorProcess, reading: BillReading, settings: Any
) -> None:
    billing.read(reading.account_id, now=bills.now())
    PlanDay.objects.all().delete()
    before = sum(asked(bills).values())
    settings.COST_EXPLORER_DAILY_REQUESTS = sum(CallTally.objects.values_list("calls", flat=True)) + 3
    billing.read(reading.account_id, now=bills.now())
    reading.refresh_from_db()
    assert reading.plan_error is not None
    assert reading.plan_error["kind"] == "BudgetReached"
    assert sum(asked(bills).values()) == before + 1
    assert not PlanDay.objects.exists()
