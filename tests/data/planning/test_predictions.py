"""What was forecast of a planned change is kept with it and held against what came, after 1, 7 and 14 days."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import CapacityPeriod, Endpoint, Operation, Prediction, PredictionCheck, User
from fleet.operations import lifecycle
from fleet.operations.kinds import ConcurrencyWish
from fleet.planning import predictions
from fleet.queries import planning as queries
from fleet.queries.scope import ScopeFilter
from tests.data.dashboards import rows
from tests.data.operations import cast
from tests.data.planning import calls

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> User:
    return rows.user("operator")


@pytest.fixture
def endpoint() -> Endpoint:
    """Its forecast is worked out from twelve days of bursts that ended two days ago."""
    found = calls.serverless()
    calls.bursts(found, rows.hour() - timedelta(days=14), 12 * 24)
    calls.planned(found)
    return found


def applied(endpoint: Endpoint, operator: User, ended: datetime, level: str = "4") -> Prediction:
    """A change to `level` planned from the forecast and applied."""
    operation = cast.planned(endpoint, operator, ConcurrencyWish(str(calls.LIMIT), level))
    kept = predictions.keep(operation, now=rows.now())
    assert kept is not None
    Operation.objects.update(state=Operation.State.SUCCEEDED, verdict="applied", finished_at=ended)
    CapacityPeriod.objects.filter(end=None).update(end=ended)
    CapacityPeriod.objects.create(
        variant=kept.variant,
        start=ended,
        memory_mb=4096,
        max_concurrency=calls.LIMIT,
        provisioned_concurrency=int(level),
    )
    return kept


def test_the_forecast_of_the_planned_level_is_kept_once(endpoint: Endpoint, operator: User) -> None:
    operation = cast.planned(endpoint, operator, ConcurrencyWish(str(calls.LIMIT), "4"))
    kept = predictions.keep(operation, now=rows.now())
    assert kept is not None
    assert (kept.level_low, kept.level_high, kept.next_days) == (4, 4, 1)
    assert predictions.keep(operation, now=rows.now()) == kept
    assert Prediction.objects.count() == 1


def test_what_was_not_forecast_is_not_predicted(endpoint: Endpoint, operator: User) -> None:
    for click, wish in enumerate([ConcurrencyWish("10", "2"), ConcurrencyWish("60", "33")]):
        operation = cast.planned(endpoint, operator, wish, click=str(click))
        assert predictions.keep(operation, now=rows.now()) is None, wish


def test_a_day_after_the_change_it_is_held_against_what_came(endpoint: Endpoint, operator: User) -> None:
    ended = rows.hour() - timedelta(days=2)
    kept = applied(endpoint, operator, ended)
    cold = calls.bursts(endpoint, ended + timedelta(hours=1), 30, provisioned=4)
    assert predictions.due(ended + timedelta(days=1)) == [], "its last hours may not be read yet"
    assert predictions.due(rows.now()) == [kept.pk]
    check = predictions.compare(kept.pk, now=rows.now())
    assert check is not None
    assert (check.days, check.end - check.start) == (1, timedelta(days=1))
    assert check.seen == cold == 0
    kept.refresh_from_db()
    assert kept.next_days == 7
    assert predictions.due(rows.now()) == []
    assert queries.checks(ScopeFilter()) == [check]
    assert queries.checks(ScopeFilter(regions=("eu-west-1",))) == []


def test_a_level_that_changed_again_and_minutes_not_read_are_not_judged(
    endpoint: Endpoint, operator: User
) -> None:
    ended = rows.hour() - timedelta(days=2)
    kept = applied(endpoint, operator, ended)
    calls.bursts(endpoint, ended + timedelta(hours=1), 30)
    kept.variant.metrics_until = ended + timedelta(hours=20)
    kept.variant.save()
    assert predictions.compare(kept.pk, now=ended + timedelta(days=1, hours=6)) is None, "they may still come"
    kept.variant.metrics_until = rows.now()
    kept.variant.save()
    CapacityPeriod.objects.filter(end=None).update(end=ended + timedelta(hours=3))
    CapacityPeriod.objects.create(
        variant=kept.variant, start=ended + timedelta(hours=3), memory_mb=4096, max_concurrency=calls.LIMIT
    )
    check = predictions.compare(kept.pk, now=rows.now())
    assert check is not None
    assert check.outcome == "level-changed"


def test_a_change_that_never_came_about_is_not_compared(endpoint: Endpoint, operator: User) -> None:
    operation = cast.planned(endpoint, operator, ConcurrencyWish(str(calls.LIMIT), "4"))
    kept = predictions.keep(operation, now=rows.now())
    assert kept is not None
    assert predictions.due(rows.now()) == []
    lifecycle.cancel(operation, actor=operator, now=rows.now(), address=None)
    assert predictions.due(rows.now()) == [kept.pk]
    assert predictions.compare(kept.pk, now=rows.now()) is None
    assert predictions.due(rows.now()) == []
    assert not PredictionCheck.objects.exists()


def test_pages_show_what_was_forecast_and_what_came(
    endpoint: Endpoint, operator: User, client: Client
) -> None:
    kept = applied(endpoint, operator, rows.hour() - timedelta(days=2))
    calls.bursts(endpoint, rows.hour() - timedelta(hours=47), 30, provisioned=4)
    check = predictions.compare(kept.pk, now=rows.now())
    assert check is not None
    client.force_login(operator)
    operation = client.get(reverse("operations:detail", args=[kept.operation.code]))
    assert check.sentence in rows.words(operation.content.decode())
    tab = client.get(reverse("endpoints:tab", args=[endpoint.pk, "cold-starts"])).content.decode()
    assert "Forecast and what came" in tab
    fleet = rows.words(client.get(reverse("cold_starts:page")).content.decode())
    assert "10 are needed to say how good they are" in fleet
    dots = client.get(reverse("cold_starts:calibration")).json()["data"]
    assert check.outcome in ("inside", "below")
    assert [trace["y"] for trace in dots[1:]] == [[0.5]]
