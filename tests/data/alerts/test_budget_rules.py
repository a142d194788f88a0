"""Budgets through the evaluation and a real SMTP server: thresholds, forecast, owners, and how incidents end."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet import budgets
from fleet.alerts.deliver import deliver_due
from fleet.alerts.evaluate import evaluate
from fleet.budgets import Wish
from fleet.models import Budget, DailyCost, Notification, User, VariantStatus
from fleet.types import Confidence, CostComponent, Kind
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, minutes, ongoing, person
from tests.mail_catcher import Catcher, serving

pytestmark = pytest.mark.django_db

PASSED, FORECAST = "budget-passed", "budget-forecast"
DAY = timedelta(days=1)


@pytest.fixture
def variant() -> VariantStatus:
    return make_endpoint(make_shard(), "ranker", Kind.REAL_TIME, team="search", tags={"env": "prod"})


@pytest.fixture
def maker() -> User:
    """Somebody who may make budgets and gets no mails."""
    return person("maker", receives_alerts=False)


@pytest.fixture
def catcher(settings: Any) -> Iterator[Catcher]:
    found = Catcher()
    with serving(found) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        yield found


def cost(variant: VariantStatus, amount: str, days_ago: int = 0) -> None:
    """Instance time; NOON is the 20th of a month of 30 days."""
    at = NOON - days_ago * DAY
    DailyCost.objects.create(
        endpoint=variant.endpoint, variant=variant, day=at.date(), component=CostComponent.INSTANCE_TIME,
        item=f"ml.m5.large {amount} {DailyCost.objects.count()}", unit="h", amount=Decimal(amount),
        confidence=Confidence.MEASURED, computed_at=at, data_until=at,
    )  # fmt: skip


def flat(variant: VariantStatus, amount: str, days: int = 40) -> None:
    """The same cost each day before today, and today."""
    for n in range(days):
        cost(variant, amount, n)


def make(maker: User, amount: str, **wish: Any) -> Budget:
    return budgets.save(Wish("Search", Decimal(amount), **wish), actor=maker, now=NOON)


def subjects(key: str) -> list[str]:
    return [incident.subject.partition(":")[2].partition(":")[2] for incident in ongoing(key)]


def test_each_threshold_opens_once_as_it_is_reached(variant: VariantStatus, maker: User) -> None:
    make(maker, "100", forecast_pct=None)
    cost(variant, "49.99")
    evaluate(now=NOON)
    assert subjects(PASSED) == []
    for step, (amount, wanted) in enumerate(
        [("0.01", ["50"]), ("1", ["50"]), ("29", ["50", "80"]), ("40", ["50", "80", "100"])], start=1
    ):
        cost(variant, amount)
        evaluate(now=NOON + minutes(step))
        evaluate(now=NOON + minutes(step))
        assert subjects(PASSED) == [f"2026-11:{pct}" for pct in wanted]
    titles = [incident.title for incident in ongoing(PASSED)]
    assert titles == ["Budget Search is 50 % used", "Budget Search is 80 % used", "Budget Search is passed"]


def test_a_budget_made_late_is_one_incident_and_not_three(variant: VariantStatus, maker: User) -> None:
    cost(variant, "500")
    make(maker, "100", forecast_pct=None)
    evaluate(now=NOON)
    assert subjects(PASSED) == ["2026-11:100"]


def test_a_raised_budget_and_a_new_month_resolve(variant: VariantStatus, maker: User) -> None:
    cost(variant, "60")
    budget = make(maker, "100", forecast_pct=None)
    evaluate(now=NOON)
    assert subjects(PASSED) == ["2026-11:50"]
    budgets.save(Wish("Search", Decimal(1000), forecast_pct=None), budget=budget, actor=maker, now=NOON)
    evaluate(now=NOON + minutes(1))
    assert subjects(PASSED) == []
    budgets.save(Wish("Search", Decimal(100), forecast_pct=None), budget=budget, actor=maker, now=NOON)
    evaluate(now=NOON + minutes(2))
    assert subjects(PASSED) == ["2026-11:50"]
    december = NOON + 12 * DAY
    cost(variant, "55", days_ago=-12)
    evaluate(now=december)
    assert subjects(PASSED) == ["2026-12:50"]
    budgets.remove(budget, actor=maker)
    evaluate(now=december + minutes(1))
    assert subjects(PASSED) == []


@pytest.mark.parametrize(
    "scope",
    [
        {"teams": ("search",)},
        {"regions": ("eu-west-1",)},
        {"kinds": ("real-time",)},
        {"tags": (("env", "prod"), ("env", "stage"))},
        {"accounts": ("100000000000",), "teams": ("search",)},
        {},
    ],
)
def test_a_budget_counts_its_own_scope_alone(
    variant: VariantStatus, maker: User, scope: dict[str, Any]
) -> None:
    other = make_endpoint(
        make_shard("dev", "us-east-1"), "toy", Kind.MULTI_MODEL, team="labs", tags={"env": "dev"}
    )
    cost(variant, "60")
    cost(other, "30")
    budget = make(maker, "100", forecast_pct=None, **scope)
    evaluate(now=NOON)
    budget.stand.refresh_from_db()
    assert budget.stand.spent == (60 if scope else 90)


def test_a_quarter_counts_its_months(variant: VariantStatus, maker: User) -> None:
    cost(variant, "60", days_ago=45)
    cost(variant, "45")
    cost(variant, "900", days_ago=55)
    make(maker, "100", period="quarterly", forecast_pct=None)
    evaluate(now=NOON)
    (incident,) = ongoing(PASSED)
    assert incident.cause == "budget Search: $105.00 of $100.00 in Q4 2026"


def test_the_forecast_opens_before_the_money_is_spent_and_says_where_it_ends(
    variant: VariantStatus, maker: User
) -> None:
    flat(variant, "10")
    make(maker, "290", thresholds=())
    evaluate(now=NOON)
    (incident,) = ongoing(FORECAST)
    assert incident.cause == "budget Search: forecast $300.00 of $290.00 in November 2026"
    assert incident.title == "Budget Search is forecast to reach 103 %"
    assert "four in five outcomes lie between $299.00 and $301.00" in incident.summary
    assert dict(incident.facts)["Spent so far"] == "$200.00, 69 %"


def test_a_forecast_at_the_line_does_not_flap_and_spent_money_is_no_forecast(
    variant: VariantStatus, maker: User
) -> None:
    flat(variant, "10")
    budget = make(maker, "300", thresholds=(100,))
    evaluate(now=NOON)
    assert len(ongoing(FORECAST)) == 1
    for amount, open_ones in (("305", 1), ("320", 0), ("305", 0), ("150", 0)):
        wish = Wish("Search", Decimal(amount), thresholds=(100,))
        budgets.save(wish, budget=budget, actor=maker, now=NOON + minutes(1))
        evaluate(now=NOON + minutes(2))
        assert len(ongoing(FORECAST)) == open_ones, amount
    assert subjects(PASSED) == ["2026-11:100"]


def test_a_forecast_that_could_not_be_made_is_made_once_the_history_is_there(
    variant: VariantStatus, maker: User
) -> None:
    flat(variant, "10", days=3)
    budget = make(maker, "290", thresholds=())
    assert "14 days with a cost are needed" in budget.stand.reason
    for n in range(3, 40):
        cost(variant, "10", n)
    evaluate(now=NOON + minutes(1))
    budget.stand.refresh_from_db()
    assert (budget.stand.total, budget.stand.reason) == (300, "")
    assert len(ongoing(FORECAST)) == 1


def test_a_forecast_below_what_is_spent_is_made_anew(variant: VariantStatus, maker: User) -> None:
    flat(variant, "10")
    budget = make(maker, "5000", thresholds=())
    assert (budget.stand.spent, budget.stand.total) == (200, 300)
    flat(variant, "30")  # another endpoint's history arrives
    evaluate(now=NOON + minutes(1))
    budget.stand.refresh_from_db()
    assert (budget.stand.spent, budget.stand.total) == (800, 1200)


def test_with_a_short_history_nothing_is_forecast(variant: VariantStatus, maker: User) -> None:
    flat(variant, "10", days=12)
    make(maker, "121", thresholds=())
    evaluate(now=NOON)
    assert ongoing(FORECAST) == []


def test_subscribers_and_the_owner_get_one_mail_each_and_the_owner_no_second(
    variant: VariantStatus, maker: User, catcher: Catcher
) -> None:
    person("ana")
    owner = person("ben", receives_alerts=False)
    cost(variant, "60")
    make(maker, "100", forecast_pct=None, owner=owner, owner_email="ANA@example.com")
    evaluate(now=NOON)
    deliver_due(now=NOON)
    assert sorted(str(mail["To"]) for mail in catcher.accepted) == ["ana@example.com", "ben@example.com"]
    mail = catcher.accepted[0]
    assert mail["Subject"] == "[warning] budget Search: $60.00 of $100.00 in November 2026"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    for body in (text.get_content(), html.get_content()):
        assert "Budget Search is 50 % used" in body
        assert "the whole fleet" in body


def test_an_owner_alone_is_told_of_both_ends(variant: VariantStatus, maker: User, catcher: Catcher) -> None:
    cost(variant, "60")
    budget = make(maker, "100", forecast_pct=None, owner_email="finops@example.com")
    evaluate(now=NOON)
    budgets.save(
        Wish("Search", Decimal(1000), forecast_pct=None, owner_email="finops@example.com"),
        budget=budget, actor=maker, now=NOON,
    )  # fmt: skip
    evaluate(now=NOON + minutes(1))
    deliver_due(now=NOON + minutes(1))
    assert [str(mail["To"]) for mail in catcher.accepted] == ["finops@example.com"] * 2
    assert list(Notification.objects.order_by("pk").values_list("transition", flat=True)) == [
        "opened",
        "resolved",
    ]


def test_owners_are_told_each_of_their_own_when_many_budgets_open_at_once(
    variant: VariantStatus, maker: User
) -> None:
    person("ana")
    cost(variant, "60")
    for n in range(21):
        owner = "finops@example.com" if n == 7 else ""
        wish = Wish(f"Budget {n}", Decimal(100), forecast_pct=None, owner_email=owner)
        budgets.save(wish, actor=maker, now=NOON)
    evaluate(now=NOON)
    mails = dict(Notification.objects.values_list("recipient", "subject"))
    assert mails["ana@example.com"].startswith("[warning] 21 incidents opened")
    assert mails["finops@example.com"] == "[warning] budget Budget 7: $60.00 of $100.00 in November 2026"
    assert len(mails) == Notification.objects.count() == 2
