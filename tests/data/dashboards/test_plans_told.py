"""Costs → Savings Plans, "What AWS says": Cost Explorer's own figures beside those that are worked out."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from fleet.models import BillReading, Endpoint, PlanDay, Shard
from tests.data.dashboards import cost_rows, rows
from tests.data.dashboards.plans import DAYS, URL, commitment, page, searching

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def place() -> Shard:
    return rows.shard("us-east-1")


@pytest.fixture
def search(place: Shard) -> Endpoint:
    return searching(place)


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("viewer", None))
    return client


def told(place: Shard, **fields: object) -> BillReading:
    """Two days of a plan of $2.40 a day, of which $1.80 was used, and $3 of $6 covered."""
    today = cost_rows.today()
    for ago in range(DAYS, 0, -1):
        PlanDay.objects.create(
            account=place.account, day=today - ago * DAY, committed=Decimal("2.4"), used=Decimal("1.8"),
            saved=Decimal("0.6"), covered=3, spend=6, read_at=rows.now(),
        )  # fmt: skip
    given = {"enabled": True, "ok_at": rows.now(), "plan_from": today - 40 * DAY, "plan_until": today}
    return BillReading.objects.create(account=place.account, **(given | fields))


def test_aws_own_figures_stand_beside_those_worked_out(
    reader: Client, place: Shard, search: Endpoint
) -> None:
    told(place)
    commitment("0.0765")
    words = page(reader, one_year="25")
    section = words.partition("What AWS says")[2]
    assert "4.80 3.60 75 % 12.00 6.00 50 % +$1.20" in section
    # $0.0765 × 48 h; what it buys of $9.792 is the night's $0.102 in every hour.
    assert "Worked out here from the hours of all accounts, at 1 year, 25 % off" in section
    assert "3.67 3.67 100 % 9.79 4.90 50 % +$1.22" in section
    assert "also those for other services" in section


def test_a_day_outside_of_the_window_and_another_account_count_in_no_figure(
    reader: Client, place: Shard, search: Endpoint
) -> None:
    told(place)
    PlanDay.objects.create(
        account=place.account, day=cost_rows.today() - 50 * DAY, committed=1000, used=1, read_at=rows.now()
    )
    assert "4.80 3.60 75 %" in page(reader)
    elsewhere = page(reader, account="999999999999")
    assert "Nothing is asked" in elsewhere
    assert "4.80" not in elsewhere


def test_what_aws_does_not_tell_is_a_dash_with_its_reason(
    reader: Client, place: Shard, search: Endpoint
) -> None:
    told(place)
    PlanDay.objects.update(committed=None, used=None, saved=None)
    section = page(reader).partition("What AWS says")[2]
    assert section.count("AWS told of no plan of this account") == 4
    assert "12.00 6.00 50 %" in section


def test_a_refusal_names_the_action_and_what_was_read_before_stays(
    reader: Client, place: Shard, search: Endpoint
) -> None:
    message = "User: x is not authorized to perform: ce:GetSavingsPlansCoverage on resource: *"
    error = {
        "code": "AccessDeniedException", "kind": "AccessDenied", "message": message, "request_id": "r-1",
        "action": "ce:GetSavingsPlansCoverage",
    }  # fmt: skip
    told(place, plan_error=error)
    words = page(reader)
    assert "no permission to read what AWS says of its Savings Plans" in words
    assert message in words
    assert "Add ce:GetSavingsPlansCoverage to the role for reading" in words
    assert "75 %" in words.partition("What AWS says")[2]


def test_the_price_of_asking_stands_in_the_accounts_settings(client: Client, place: Shard) -> None:
    told(place)
    client.force_login(rows.user("admin", None))
    words = rows.words(client.get(f"/settings/accounts/{place.account.pk}/").content.decode())
    assert "four a day make about $1.20 a month" in words
    BillReading.objects.update(plan_until=None)
    words = rows.words(client.get(f"/settings/accounts/{place.account.pk}/").content.decode())
    assert "two a day make about $0.60 a month" in words
    assert client.get(URL).status_code == 200
