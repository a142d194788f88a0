"""What AWS billed, read through Cost Explorer: each day once, as AWS revises it, never past the limit of requests."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.access import bills as access
from fleet.models import Account, BilledCost, BilledTag, BillReading, CallTally, Shard, User
from fleet.sync import billing
from tests.aws.simulator_process import SimulatorProcess
from tests.factories import UserFactory

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

TENTH = Decimal("1e-9")
USED = ("Usage", "SavingsPlanCoveredUsage")


@pytest.fixture
def bills(simulator: SimulatorProcess) -> SimulatorProcess:
    """The simulator on the fleet that has bills."""
    return simulator.reset("billed")


@pytest.fixture
def reading(bills: SimulatorProcess, shard: Shard) -> BillReading:
    return BillReading.objects.create(account=shard.account, enabled=True)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def requests() -> int:
    return sum(CallTally.objects.filter(action="ce:GetCostAndUsage").values_list("calls", flat=True))


def true_bill(simulator: SimulatorProcess, first: date, until: date, account: str) -> dict[Any, Decimal]:
    """The simulator's own bill by day, region and record or usage type."""
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for row in simulator.bill(midnight(first), midnight(until)):
        if row["account"] == account:
            what = row["usage_type"] if row["record_type"] in USED else row["record_type"]
            found[date.fromisoformat(row["day"]), row["region"], what] += Decimal(row["usd"])
    return found


def test_the_bill_is_the_accounts_own_line_by_line(bills: SimulatorProcess, reading: BillReading) -> None:
    now = bills.now()
    billing.read(reading.account_id, now=now)
    reading.refresh_from_db()
    last_month = (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    assert (reading.error, reading.ok_at, reading.read_from) == (None, now, last_month)
    assert reading.read_until == now.date()
    # The newest day comes late: the day before is there as a whole.
    settled = now.date() - timedelta(days=1)
    stored = {
        (row.day, row.region, row.usage_type or row.record_type): row.amount
        for row in BilledCost.objects.filter(day__lt=settled)
    }
    true = true_bill(bills, last_month, settled, "111122223333")
    assert set(stored) == set(true)
    assert max(abs(stored[key] - true[key]) for key in true) < TENTH
    kinds = {row.record_type for row in BilledCost.objects.all()}
    assert kinds == {
        "Usage", "Credit", "Tax", "Enterprise Discount Program Discount", "SavingsPlanNegation",
        "SavingsPlanRecurringFee",
    }  # fmt: skip
    assert {row.currency for row in BilledCost.objects.all()} == {"USD"}


def test_the_newest_days_are_marked_as_not_final_and_read_again(
    bills: SimulatorProcess, reading: BillReading
) -> None:
    billing.read(reading.account_id, now=bills.now())
    newest = max(BilledCost.objects.values_list("day", flat=True))
    before = sum(BilledCost.objects.filter(day=newest, record_type="Usage").values_list("amount", flat=True))
    assert set(BilledCost.objects.filter(day=newest).values_list("is_estimated", flat=True)) == {True}
    later = bills.advance(4 * 86400).now()
    billing.read(reading.account_id, now=later)
    rows = BilledCost.objects.filter(day=newest)
    assert set(rows.values_list("is_estimated", flat=True)) == {False}
    assert sum(rows.filter(record_type="Usage").values_list("amount", flat=True)) > before
    first = BillReading.objects.get().read_from
    assert first is not None
    assert first < later.date() - timedelta(days=20), "what was read before stays"


def test_it_is_off_until_somebody_says_so_and_claimed_once_a_day(
    bills: SimulatorProcess, shard: Shard
) -> None:
    now = bills.now()
    off = BillReading.objects.create(account=shard.account)
    assert billing.claim(now) == []
    assert billing.read(shard.account_id, now=now) is None
    assert requests() == 0
    BillReading.objects.filter(pk=off.pk).update(enabled=True)
    assert billing.claim(now) == [shard.account_id]
    assert billing.claim(now + timedelta(hours=23)) == [], (
        "a worker that died with it costs nothing more today"
    )
    assert billing.claim(now + timedelta(hours=25)) == [shard.account_id]


def test_requests_are_counted_and_stop_at_the_limit_of_the_day(
    bills: SimulatorProcess, reading: BillReading, settings: Any
) -> None:
    settings.COST_EXPLORER_DAILY_REQUESTS = 3
    now = bills.now()
    billing.read(reading.account_id, now=now)
    spent = requests()
    assert spent == bills.calls()["calls"]["ce:GetCostAndUsage"] >= 2
    stored = BilledCost.objects.count()
    for _ in range(3):
        billing.read(reading.account_id, now=now)
    assert requests() == bills.calls()["calls"]["ce:GetCostAndUsage"] == 3
    reading.refresh_from_db()
    assert reading.error is not None
    assert reading.error["kind"] == "BudgetReached"
    assert BilledCost.objects.count() == stored, "what was read stays"


def test_repeats_on_the_wire_are_counted_too(bills: SimulatorProcess, reading: BillReading) -> None:
    bills.fault("500", action="ce:*", count=1)
    billing.read(reading.account_id, now=bills.now())
    assert requests() == bills.calls()["calls"]["ce:GetCostAndUsage"]
    assert BillReading.objects.get().error is None


def test_a_role_without_the_permission_is_told_with_the_action(bills: SimulatorProcess) -> None:
    other = Account.objects.create(
        account_id="444455556666", alias="other", role_arn="arn:aws:iam::444455556666:role/NoBills"
    )
    Shard.objects.create(account=other, region="eu-west-1")
    BillReading.objects.create(account=other, enabled=True)
    billing.read(other.pk, now=bills.now())
    error = BillReading.objects.get().error
    assert error is not None
    assert (error["kind"], error["action"]) == ("AccessDenied", "ce:GetCostAndUsage")
    assert "is not authorized to perform: ce:GetCostAndUsage" in error["message"]
    assert not BilledCost.objects.exists()


def test_a_member_account_reads_its_own_bill(bills: SimulatorProcess) -> None:
    other = Account.objects.create(
        account_id="444455556666", alias="other", role_arn="arn:aws:iam::444455556666:role/Reader"
    )
    Shard.objects.create(account=other, region="eu-west-1")
    BillReading.objects.create(account=other, enabled=True)
    billing.read(other.pk, now=bills.now())
    names = set(BilledCost.objects.values_list("usage_type", flat=True))
    assert names == {"EU-ServerlessInf:Mem-4GB", "EU-Hst:Data-Bytes-In", "EU-Hst:Data-Bytes-Out"}


def test_a_reading_cut_short_stores_nothing(bills: SimulatorProcess, reading: BillReading) -> None:
    bills.fault("deny", action="ce:*", skip=1)
    billing.read(reading.account_id, now=bills.now())
    assert not BilledCost.objects.exists()
    assert BillReading.objects.get().read_until is None


@pytest.fixture
def admin() -> User:
    user: User = UserFactory(role=User.Role.ADMIN)
    return user


def test_the_bill_is_read_by_the_values_of_the_named_tag(
    bills: SimulatorProcess, reading: BillReading, admin: User
) -> None:
    now = bills.now()
    access.name_tag(reading.account, key=" team ", actor=admin, now=now)
    billing.read(reading.account_id, now=now)
    reading.refresh_from_db()
    last_month = (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    assert (reading.tag_key, reading.tag_error) == ("team", None)
    assert (reading.tag_from, reading.tag_until) == (last_month, now.date())
    settled = now.date() - timedelta(days=1)
    stored = {
        (row.day, row.tag_value, row.usage_type): row.amount
        for row in BilledTag.objects.filter(day__lt=settled)
    }
    true: dict[Any, Decimal] = defaultdict(Decimal)
    for row in bills.bill(midnight(last_month), midnight(settled)):
        if row["account"] == "111122223333" and row["record_type"] in USED:
            # Only "abroad", jobs and what is no hosting carry no team.
            value = "risk" if row["endpoint"] not in ("", "abroad") else ""
            true[date.fromisoformat(row["day"]), value, row["usage_type"]] += Decimal(row["usd"])
    assert set(stored) == set(true)
    assert max(abs(stored[key] - true[key]) for key in true) < TENTH
    assert requests() == bills.calls()["calls"]["ce:GetCostAndUsage"], "the reading by tag is metered, too"


def test_without_a_named_tag_nothing_is_asked_by_tag(bills: SimulatorProcess, reading: BillReading) -> None:
    billing.read(reading.account_id, now=bills.now())
    assert not BilledTag.objects.exists()
    assert BillReading.objects.get().tag_until is None


def test_a_key_that_is_not_activated_brings_untagged_usage_and_no_error(
    bills: SimulatorProcess, admin: User
) -> None:
    other = Account.objects.create(
        account_id="444455556666", alias="other", role_arn="arn:aws:iam::444455556666:role/Reader"
    )
    Shard.objects.create(account=other, region="eu-west-1")
    BillReading.objects.create(account=other, enabled=True, tag_key="team")
    billing.read(other.pk, now=bills.now())
    assert BillReading.objects.get().tag_error is None
    assert set(BilledTag.objects.values_list("tag_value", flat=True)) == {""}
    assert BilledTag.objects.count() == BilledCost.objects.filter(record_type="Usage").count()


def test_a_refused_reading_by_tag_leaves_the_bill_and_is_told(
    bills: SimulatorProcess, reading: BillReading, settings: Any, admin: User
) -> None:
    settings.COST_EXPLORER_DAILY_REQUESTS = 50
    billing.read(reading.account_id, now=bills.now())
    access.name_tag(reading.account, key="team", actor=admin, now=bills.now())
    later = bills.now() + timedelta(minutes=1)
    bills.fault("deny", action="ce:*", skip=2)
    billing.read(reading.account_id, now=later)
    reading.refresh_from_db()
    assert (reading.error, reading.ok_at) == (None, later)
    assert reading.tag_error is not None
    assert (reading.tag_error["kind"], reading.tag_error["action"]) == ("AccessDenied", "ce:GetCostAndUsage")
    assert not BilledTag.objects.exists()
    assert reading.tag_until is None


def test_the_reading_by_tag_stops_at_the_limit_of_the_day(
    bills: SimulatorProcess, reading: BillReading, settings: Any, admin: User
) -> None:
    billing.read(reading.account_id, now=bills.now())
    access.name_tag(reading.account, key="team", actor=admin, now=bills.now())
    spent = CallTally.objects.filter(action__startswith="ce:").values_list("calls", flat=True)
    settings.COST_EXPLORER_DAILY_REQUESTS = sum(spent) + 2
    billing.read(reading.account_id, now=bills.now())
    reading.refresh_from_db()
    assert reading.error is None
    assert reading.tag_error is not None
    assert reading.tag_error["kind"] == "BudgetReached"
    assert requests() == bills.calls()["calls"]["ce:GetCostAndUsage"]


def test_another_tag_forgets_what_was_read_by_the_one_before(
    bills: SimulatorProcess, reading: BillReading, admin: User, settings: Any
) -> None:
    settings.COST_EXPLORER_DAILY_REQUESTS = 50
    now = bills.now()
    access.name_tag(reading.account, key="team", actor=admin, now=now)
    assert billing.claim(now) == [reading.account_id]
    billing.read(reading.account_id, now=now)
    assert BilledTag.objects.exists()
    access.name_tag(reading.account, key="env", actor=admin, now=now)
    assert not BilledTag.objects.exists()
    assert billing.claim(now) == [reading.account_id], "the new one is read at once"
    access.name_tag(reading.account, key="env", actor=admin, now=now)
    assert billing.claim(now) == [], "naming it again asks for nothing"
    billing.read(reading.account_id, now=now)
    assert set(BilledTag.objects.values_list("tag_value", flat=True)) == {""}
