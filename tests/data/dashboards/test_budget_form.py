"""Setting a budget on the Costs page: by whom, of what, and what is refused."""

from decimal import Decimal

import pytest
from django.test import Client

from fleet.models import Account, AuditEntry, Budget
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost
from tests.data.dashboards.test_costs import URL, faq, page, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user())
    return client


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(rows.user("admin"))
    return client


def test_an_admin_sets_changes_and_removes_the_budget_of_the_fleet(admin: Client) -> None:
    cost(faq(), "1")
    answer = admin.post(f"{URL}budget/", {"monthly_usd": "30000"})
    assert (answer.status_code, answer["Location"]) == (303, f"{URL}?")
    assert "of a $30,000 budget" in text(page(admin))
    admin.post(f"{URL}budget/", {"monthly_usd": "1250.50"})
    assert Budget.objects.get().amount_usd == Decimal("1250.50")
    admin.post(f"{URL}budget/", {"remove": "1"})
    assert not Budget.objects.exists()
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "budget.set",
        "budget.set",
        "budget.removed",
    ]


def test_a_budget_of_one_account_stands_beside_that_of_the_fleet(admin: Client) -> None:
    cost(faq(), "1")
    admin.post(f"{URL}budget/", {"monthly_usd": "30000"})
    admin.post(f"{URL}budget/?account=111122223333", {"monthly_usd": "500"})
    assert Budget.objects.get(accounts=[Account.objects.get().account_id]).amount_usd == 500
    assert "of a $500.00 budget" in text(page(admin, account="111122223333"))
    assert "of a $30,000 budget" in text(page(admin))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "Enter an amount, for example 30000."),
        ("lots", "Enter an amount in US dollars"),
        ("0", "A budget must be above $0"),
        ("-5", "A budget must be above $0"),
        ("1.005", "at most two decimals"),
        ("1e30", "more than a budget can hold"),
        ("NaN", "Enter an amount in US dollars"),
    ],
)
def test_a_bad_amount_is_refused_beside_the_field_and_stays_in_it(
    admin: Client, value: str, words: str
) -> None:
    answer = admin.post(f"{URL}budget/", {"monthly_usd": value})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in text(html)
    assert 'id="id_monthly_usd_error"' in html
    assert not value or f'value="{value}"' in html
    assert not Budget.objects.exists()


def test_viewers_may_not_touch_the_budget(client: Client) -> None:
    client.force_login(rows.user("viewer"))
    assert client.get(f"{URL}budget/").status_code == 403
    assert client.post(f"{URL}budget/", {"monthly_usd": "5"}).status_code == 403
    assert not Budget.objects.exists()


def test_a_budget_of_a_region_or_an_unknown_account_does_not_exist(admin: Client) -> None:
    assert admin.get(f"{URL}budget/?region=eu-west-1").status_code == 404
    assert admin.get(f"{URL}budget/?account=999999999999").status_code == 404


def test_a_budget_needs_a_csrf_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(rows.user("admin"))
    assert strict.post(f"{URL}budget/", {"monthly_usd": "5"}).status_code == 403
