"""The Budgets pages: the list, one budget with its burn-down, and the form with everything it refuses."""

import calendar
import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client

from dashboards.budgets import charts
from fleet import budgets
from fleet.budgets import Wish
from fleet.models import AuditEntry, Budget, BudgetStand, User
from fleet.queries import forecast
from fleet.queries.cost_scope import CostFilter, Span
from fleet.types import Kind
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, hours, today

pytestmark = pytest.mark.django_db

URL = "/budgets/"
FORM = {
    "name": "Search",
    "amount_usd": "500",
    "period": "monthly",
    "thresholds": "50, 80, 100",
    "forecast_pct": "100",
}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator"))
    return client


def text(html: str) -> str:
    """The words of a page, as one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def page(client: Client, url: str = URL, **query: Any) -> str:
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.content.decode()


def make(name: str, amount: str, **fields: Any) -> Budget:
    """A budget as the service makes it."""
    maker = User.objects.get(username="operator")
    return budgets.save(Wish(name, Decimal(amount), **fields), actor=maker, now=rows.now())


def test_the_list_opens_with_the_answer_and_shows_the_worst_first(operator: Client) -> None:
    chat, ranker = rows.serverless(rows.shard(), "chat"), rows.endpoint(rows.shard("us-east-1"), "ranker")
    cost(chat, "90")
    cost(ranker, "20")
    make("Roomy", "5000")
    make("Tight", "80", endpoints=(chat.pk,))
    html = page(operator)
    assert "1 of 2 budgets is used up." in text(html)
    assert html.index("Tight") < html.index("Roomy")
    assert "endpoint chat" in text(html)
    assert "Used up" in text(html)
    assert "14 days with a cost are needed" in html


def test_the_answer_about_one_budget_speaks_of_it_alone(operator: Client) -> None:
    chat = rows.serverless(rows.shard(), "chat")
    made = make("Alone", "500")
    assert "No cost has been worked out for the only budget yet." in text(page(operator))
    cost(chat, "90")
    for amount, words in (
        ("500", "The only budget is neither used up nor forecast to be."),
        ("80", "The only budget is used up."),
    ):
        budgets.save(Wish("Alone", Decimal(amount)), budget=made, actor=User.objects.get(), now=rows.now())
        assert words in text(page(operator))


def test_the_list_says_when_each_forecast_was_made(operator: Client) -> None:
    cost(rows.serverless(rows.shard(), "chat"), "90")
    made = make("Roomy", "5000")
    kept = BudgetStand.objects.filter(budget=made)
    kept.update(total=2585, low=2500, high=2700, forecast_at=rows.now() - timedelta(minutes=40))
    assert re.search(r"2,585\.00 \$2,500 – \$2,700 made 4\d min ago", text(page(operator)))


def test_without_a_budget_the_page_says_what_one_is(operator: Client) -> None:
    assert "No budget yet." in text(page(operator))


def test_a_budget_is_made_with_its_scope_thresholds_and_owner_and_audited(operator: Client) -> None:
    shard = rows.shard()
    cost(rows.endpoint(shard, "chat", team="search", tags={"env": "prod"}), "100")
    cost(rows.endpoint(shard, "toy", team="labs"), "7")
    owner = User.objects.get(username="operator")
    answer = operator.post(
        f"{URL}new/",
        {**FORM, "teams": "search", "regions": "eu-west-1", "kinds": "serverless", "tags": "env=prod",
         "thresholds": "75,90 %", "owner": owner.pk, "owner_email": "finops@example.com"},
    )  # fmt: skip
    budget = Budget.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{URL}{budget.pk}/")
    assert (budget.teams, budget.regions, budget.kinds) == (["search"], ["eu-west-1"], ["serverless"])
    assert (budget.tags, budget.thresholds, budget.owner) == ([["env", "prod"]], [75, 90], owner)
    assert budget.stand.spent == 100
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.after["amount_usd"], entry.after["owner"]) == (
        "budget.set",
        "500.00",
        "operator",
    )
    html = text(page(operator, f"{URL}{budget.pk}/"))
    assert "$500.00 a month for region eu-west-1, team search, kind serverless, tag env=prod." in html
    assert "$100.00" in html


def test_an_endpoint_is_named_in_the_form_and_a_budget_of_the_quarter_counts_from_its_first_month(
    operator: Client,
) -> None:
    chat = rows.serverless(rows.shard(), "chat")
    cost(chat, "5")
    first = today().replace(month=today().month - (today().month - 1) % 3, day=1)
    if first != today():
        cost(chat, "30", day=first)
    operator.post(f"{URL}new/", {**FORM, "endpoints": "chat\n", "period": "quarterly"})
    budget = Budget.objects.get()
    assert budget.endpoints == [chat.pk]
    assert budget.stand.period_first == first
    assert budget.stand.spent == (35 if first != today() else 5)
    assert "chat" in page(operator, f"{URL}{budget.pk}/edit/")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "This field is required."),
        ("name", "taken", "Another budget has this name."),
        ("amount_usd", "", "Enter an amount, for example 30000."),
        ("amount_usd", "lots", "Enter an amount in US dollars"),
        ("amount_usd", "0", "A budget must be above $0."),
        ("amount_usd", "-5", "A budget must be above $0."),
        ("amount_usd", "1.005", "at most two decimals"),
        ("amount_usd", "1e30", "more than a budget can hold"),
        ("amount_usd", "99999999999", "more than a budget can hold"),
        ("amount_usd", "NaN", "Enter an amount in US dollars"),
        ("tags", "prod", "is no tag: write key=value."),
        ("endpoints", "chat\nnobody", "No endpoint is called “nobody”."),
        ("kinds", "multi-model", "This scope matches no endpoint"),
        ("tags", "env=nowhere", "This scope matches no endpoint"),
        ("regions", "mars-north-1", "Select a valid choice."),
        ("thresholds", "half", "Give whole per cents"),
        ("thresholds", "0, 50", "Give whole per cents from 1 to 1,000."),
        ("forecast_pct", "-1", "Give a whole number from 1 to 1,000."),
        ("owner_email", "me", "Enter a valid email address."),
        ("period", "weekly", "Select a valid choice."),
    ],
)
def test_bad_input_is_refused_beside_its_field_and_stays_in_it(
    operator: Client, field: str, value: str, words: str
) -> None:
    rows.serverless(rows.shard(), "chat")
    make("Taken", "1")
    answer = operator.post(f"{URL}new/", {**FORM, field: value})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in text(html)
    shown = "scope" if "matches no endpoint" in words else field
    assert f'id="id_{shown}_error"' in html
    assert Budget.objects.count() == 1


def test_several_faults_are_told_at_once(operator: Client) -> None:
    rows.serverless(rows.shard(), "chat")
    html = operator.post(f"{URL}new/", {**FORM, "amount_usd": "-1", "kinds": "multi-model"}).content.decode()
    assert 'id="id_amount_usd_error"' in html
    assert 'id="id_scope_error"' in html


def test_how_many_endpoints_match_is_told_while_the_form_is_filled_in(operator: Client) -> None:
    shard = rows.shard()
    rows.endpoint(shard, "chat", team="search")
    rows.endpoint(shard, "ranker", Kind.REAL_TIME, team="search")
    assert "The whole fleet: 2 endpoints." in text(page(operator, f"{URL}new/"))
    headers = {"HX-Request": "true", "HX-Target": "budget-matches"}
    for query, words in (
        ({"teams": "search", "kinds": "serverless"}, "Matches 1 endpoint."),
        ({"teams": "search", "kinds": "multi-model"}, "Matches no endpoint"),
        ({"tags": "prod"}, "cannot be read yet"),
    ):
        answer = operator.get(f"{URL}matches/", query, headers=headers)
        assert words in text(answer.content.decode())
        assert "<form" not in answer.content.decode()


def test_a_budget_is_changed_and_removed_and_both_are_audited(operator: Client) -> None:
    rows.serverless(rows.shard(), "chat")
    budget = make("Search", "500")
    operator.post(f"{URL}{budget.pk}/edit/", {**FORM, "amount_usd": "750"})
    operator.post(f"{URL}{budget.pk}/edit/", {**FORM, "amount_usd": "750"})
    answer = operator.post(f"{URL}{budget.pk}/remove/")
    assert answer["Location"] == URL
    assert not Budget.objects.exists()
    entries = AuditEntry.objects.order_by("pk")
    assert [(each.action, each.after.get("amount_usd")) for each in entries] == [
        ("budget.set", "500.00"),
        ("budget.set", "750.00"),
        ("budget.removed", None),
    ]
    assert entries[1].before == {"amount_usd": "500.00"}


def test_the_burn_down_shows_actual_even_pace_and_forecast(operator: Client) -> None:
    chat = rows.endpoint(rows.shard(), "chat", Kind.REAL_TIME)
    for n in range(30):
        hours(chat, "10", day=today() - timedelta(days=n))
    budget = make("Chat", "620")
    length = calendar.monthrange(today().year, today().month)[1]
    drawn = {each["name"]: each["y"] for each in operator.get(f"{URL}{budget.pk}/chart/").json()["data"]}
    actual, pace, ahead = (drawn[name] for name in ("Left, actual", "Left at an even pace", "Left, forecast"))
    assert actual[0] == 610
    assert actual[today().day - 1] == 620 - 10 * today().day
    assert all(value is None for value in actual[today().day :])
    assert pace[-1] == pytest.approx(0)
    assert ahead[-1] == pytest.approx(620 - 10 * length)
    assert drawn["Left, forecast, low"][-1] <= ahead[-1] <= drawn["Left, forecast, high"][-1]
    html = text(page(operator, f"{URL}{budget.pk}/"))
    assert f"${10 * length}.00" in html
    assert "On track" in html


def test_a_day_without_a_figure_is_a_gap_in_the_burn_down(operator: Client) -> None:
    chat, day = rows.endpoint(rows.shard(), "chat", Kind.REAL_TIME), date(2026, 11, 20)
    for n in range(30):
        if n != 5:
            hours(chat, "10", day=day - timedelta(days=n))
    where, november = CostFilter(), Span(date(2026, 11, 1), date(2026, 11, 30))
    seen = forecast.outlook(where, november, today=day)
    drawn = charts.burn_down(Decimal(620), november, seen, day)["data"][-1]
    assert drawn["name"] == "Left, actual"
    assert drawn["y"][13:16] == [480, None, 470]


def test_viewers_read_and_may_not_change(client: Client) -> None:
    rows.user("operator")
    rows.serverless(rows.shard(), "chat")
    budget = make("Search", "500")
    client.force_login(rows.user("viewer"))
    assert "Search" in page(client)
    assert "Search" in page(client, f"{URL}{budget.pk}/")
    for path in ("new/", f"{budget.pk}/edit/", f"{budget.pk}/remove/"):
        assert client.post(f"{URL}{path}", FORM).status_code == 403
    assert Budget.objects.get().amount_usd == 500


def test_the_budget_of_the_costs_page_and_of_the_list_are_one(operator: Client) -> None:
    cost(rows.serverless(rows.shard(), "chat"), "1")
    operator.post("/costs/budget/", {"monthly_usd": "30000"})
    assert "Whole fleet" in page(operator)
    budget = Budget.objects.get()
    operator.post(f"{URL}{budget.pk}/edit/", {**FORM, "name": "Everything", "amount_usd": "100"})
    assert "of a $100.00 budget" in text(page(operator, "/costs/"))
    operator.post("/costs/budget/", {"monthly_usd": "200"})
    budget.refresh_from_db()
    assert (budget.name, budget.amount_usd, budget.thresholds) == ("Everything", 200, [50, 80, 100])


def test_queries_do_not_grow_with_the_fleet_or_the_budgets(
    operator: Client, django_assert_max_num_queries: Any
) -> None:
    shard = rows.shard()
    for n in range(12):
        cost(rows.serverless(shard, f"tiny-{n:02}"), "0.1")
        make(f"Budget {n}", "10")
    with django_assert_max_num_queries(9):
        page(operator)
