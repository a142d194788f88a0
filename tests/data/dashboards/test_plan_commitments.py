"""Costs → Savings Plans: what is held is entered by admins, counted on its days, and comes before what is advised."""

from datetime import timedelta

import pytest
from django.test import Client

from fleet.models import AuditEntry, Endpoint, PlanCommitment, Shard
from tests.data.dashboards import cost_rows, rows
from tests.data.dashboards.plans import URL, commitment, page, searching

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shard:
    """Where what Savings Plans could cover runs."""
    return rows.shard("us-east-1")


@pytest.fixture
def search(place: Shard) -> Endpoint:
    """Two whole days on ml.c5.large, more by day than at night."""
    return searching(place)


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("viewer", None))
    return client


def test_what_is_advised_comes_on_top_of_what_is_held(reader: Client, search: Endpoint) -> None:
    # Held $0.0765 an hour at 25 % off buys $0.102: the night in whole, a third of the day's $0.306. So 24 × 0.102 of
    # 4.896 a day are covered, all of it is used; 12 hours of 24 leave $0.204: too few for 25 % off (1 in 2 < 3 in 4).
    commitment("0.0765")
    words = page(reader, one_year="25")
    assert "No further commitment would have paid at these rates." in words
    assert "What you hold at 1 year, 25 % off 0.077 50 % 100 %" in words
    assert "saved $1.22 in" in words, "48 h × $0.0255"
    # At 60 % off it buys $0.19125: the night whole, and 12 hours of 24 leave $0.306 − 0.19125, at the rate $0.0459.
    words = page(reader, three_year="60")
    assert "A further commitment of $0.0459 an hour would have cost least (3 years, 60 % off)" in words
    assert "on top of the $0.0765 an hour you hold" in words


def test_a_commitment_counts_on_its_days_alone(reader: Client, search: Endpoint) -> None:
    yesterday = cost_rows.today() - timedelta(days=1)
    commitment("0.0765", first_day=yesterday, last_day=yesterday)
    words = page(reader, one_year="25")
    assert "What you hold at 1 year, 25 % off 0.038 25 % 100 %" in words, "half of the hours, on the mean"
    assert "A commitment of $0.0765 an hour would have cost least" in words, "it has ended: nothing is held"
    assert "has ended" in words


def test_a_shared_commitment_is_not_counted_where_some_accounts_are_in_view(
    reader: Client, place: Shard, search: Endpoint
) -> None:
    commitment("0.0765")
    words = page(reader, one_year="25", account=place.account.account_id)
    assert "Not counted here: ML plan, $0.0765 an hour. It is shared by all accounts" in words
    assert "What you hold at" not in words
    PlanCommitment.objects.update(account=place.account)
    assert "What you hold at" in page(reader, one_year="25", account=place.account.account_id)
    assert "What you hold at" not in page(reader, one_year="25", account="999999999999")


def test_an_admin_enters_ends_and_removes_a_commitment(
    client: Client, place: Shard, search: Endpoint
) -> None:
    client.force_login(rows.user("admin", None))
    first = cost_rows.today() - timedelta(days=30)
    told = {
        "name": "ML plan", "account": place.account.pk, "usd_per_hour": "1.5", "years": "3",
        "payment": "Partial Upfront", "first_day": first.isoformat(), "last_day": "", "reason": "signed in October",
    }  # fmt: skip
    answer = client.post("/prices/new/commitment/", told)
    assert (answer.status_code, answer["Location"]) == (303, URL)
    row = PlanCommitment.objects.get()
    assert row.last_day == first + timedelta(days=1094), "three years of 365 days"
    assert AuditEntry.objects.filter(action="plan_commitment.entered").count() == 1
    assert "ML plan" in page(client)
    assert client.post(f"/prices/commitment/{row.pk}/end/")["Location"] == URL
    row.refresh_from_db()
    assert row.last_day == cost_rows.today()
    client.post(f"/prices/commitment/{row.pk}/remove/")
    assert not PlanCommitment.objects.exists()
    assert AuditEntry.objects.filter(action="plan_commitment.removed").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", " ", "Give it a name"),
        ("usd_per_hour", "0", "A commitment is above $0 an hour"),
        ("usd_per_hour", "1.0005", "in steps of $0.001"),
        ("usd_per_hour", "-2", "This cannot be negative."),
        ("usd_per_hour", "20000", "$20,000 an hour is steep. Tick the box if it is meant."),
        ("years", "2", "2 is not one of the available choices"),
        ("payment", "Monthly", "Monthly is not one of the available choices"),
        ("first_day", "", "Choose the first day."),
        ("last_day", "2020-01-01", "The last day comes before the first"),
        ("last_day", "2030-01-01", "A term of 1 year that begins on 2026-01-01 ends on 2026-12-31."),
        ("reason", "", "Say why"),
        ("account", "0", "Select a valid choice"),
    ],
)
def test_what_cannot_be_a_commitment_is_named_beside_its_field(
    client: Client, field: str, value: str, said: str
) -> None:
    client.force_login(rows.user("admin", None))
    told = {
        "name": "ML plan", "account": "", "usd_per_hour": "1.5", "years": "1", "payment": "No Upfront",
        "first_day": "2026-01-01", "last_day": "", "reason": "signed", field: value,
    }  # fmt: skip
    answer = client.post("/prices/new/commitment/", told)
    assert answer.status_code == 422
    assert said in rows.words(answer.content.decode())
    assert not PlanCommitment.objects.exists()


def test_operators_enter_no_commitment(client: Client) -> None:
    client.force_login(rows.user("operator", None))
    assert client.get("/prices/new/commitment/").status_code == 403
    assert "Add a commitment" not in page(client)
