"""A forecast is asked for once, worked out by one worker, kept while it holds, and refused with reasons."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from fleet.models import FineBucket, PlannedForecast
from fleet.planning import forecasts
from fleet.queries import planning as queries
from tests.data.dashboards import rows
from tests.data.planning import calls

pytestmark = pytest.mark.django_db
Capture = Callable[..., AbstractContextManager[list[Any]]]


def test_the_first_look_asks_and_the_answer_is_kept_while_it_holds(
    django_capture_on_commit_callbacks: Capture,
) -> None:
    endpoint = calls.serverless()
    cold = calls.bursts(endpoint, rows.hour() - timedelta(hours=48), 48)
    variant = rows.variant(endpoint)
    with django_capture_on_commit_callbacks() as rung:
        first = forecasts.ask(variant, now=timezone.now())
        again = forecasts.ask(variant, now=timezone.now())
    assert (first.is_waiting, again.is_waiting, len(rung)) == (True, True, 1)
    row = PlannedForecast.objects.get()
    assert forecasts.work_out(row.pk, clock=timezone.now, effort=calls.QUICK)

    with django_capture_on_commit_callbacks() as rung:
        found = forecasts.ask(variant, now=timezone.now() + timedelta(hours=5))
    assert (found.is_waiting, found.is_fresh, rung) == (False, True, [])
    assert found.plan is not None
    assert found.plan.today is not None
    window_hours = found.plan.hours
    assert window_hours == 14 * 24
    assert round(found.plan.today.cold.likely * window_hours / 730) == cold, (
        "the live level is what was measured"
    )
    four = found.plan.of_level(4)
    assert four is not None
    assert four.cold.likely < found.plan.today.cold.likely
    assert found.row.step_avoided is not None
    with django_capture_on_commit_callbacks() as rung:
        assert forecasts.ask(variant, now=timezone.now() + timedelta(hours=7)).is_waiting
    assert len(rung) == 1, "after six hours a new one is asked for, and the old one stands meanwhile"


def test_a_lost_ring_is_rung_again_after_a_minute_and_one_worker_answers(
    django_capture_on_commit_callbacks: Capture,
) -> None:
    endpoint = calls.serverless()
    calls.bursts(endpoint, rows.hour() - timedelta(hours=30), 30)
    variant = rows.variant(endpoint)
    forecasts.ask(variant, now=timezone.now())
    with django_capture_on_commit_callbacks() as rung:
        forecasts.ask(variant, now=timezone.now() + timedelta(seconds=70))
    assert len(rung) == 1
    row = PlannedForecast.objects.get()
    PlannedForecast.objects.update(claimed_until=rows.now() + timedelta(minutes=3))
    assert not forecasts.work_out(row.pk, clock=timezone.now, effort=calls.QUICK), "somebody else is at it"
    assert forecasts.is_another_under_way(row.pk + 1, now=timezone.now())
    assert not forecasts.is_another_under_way(row.pk, now=timezone.now())
    PlannedForecast.objects.update(claimed_until=rows.now() - timedelta(minutes=1))
    assert forecasts.work_out(row.pk, clock=lambda: timezone.now() + timedelta(minutes=2), effort=calls.QUICK)
    assert not forecasts.work_out(row.pk, clock=timezone.now, effort=calls.QUICK), "nobody waits any more"


def test_another_memory_asks_anew_and_another_level_only_moves_today(
    django_capture_on_commit_callbacks: Capture,
) -> None:
    endpoint = calls.serverless()
    calls.bursts(endpoint, rows.hour() - timedelta(hours=30), 30)
    variant = calls.planned(endpoint)
    variant.provisioned_concurrency = 2
    variant.save()
    with django_capture_on_commit_callbacks() as rung:
        found = forecasts.ask(variant, now=timezone.now())
    assert found.plan is not None
    assert (found.plan.today, rung) == (found.plan.of_level(2), [])
    variant.memory_mb = 2048
    variant.save()
    with django_capture_on_commit_callbacks() as rung:
        found = forecasts.ask(variant, now=timezone.now())
    assert (found.is_waiting, found.is_fresh, len(rung)) == (True, False, 1)


def test_an_attempt_that_took_too_long_says_so_and_may_be_tried_again() -> None:
    variant = rows.variant(calls.serverless())
    row = forecasts.ask(variant, now=timezone.now()).row
    forecasts.give_up(row.pk, forecasts.TOO_LONG, now=timezone.now())
    found = forecasts.ask(variant, now=timezone.now() + timedelta(seconds=1))
    assert (found.failure, found.is_waiting) == (forecasts.TOO_LONG, False)
    assert forecasts.ask(variant, now=timezone.now() + timedelta(hours=2)).is_waiting


def test_a_young_endpoint_gets_no_number_but_what_it_takes() -> None:
    endpoint = calls.serverless()
    endpoint.created_at = endpoint.first_seen_at = rows.hour() - timedelta(hours=5)
    endpoint.save()
    calls.bursts(endpoint, rows.hour() - timedelta(hours=5), 5)
    variant = calls.planned(endpoint)
    found = forecasts.ask(variant, now=timezone.now())
    assert found.plan is None
    assert [one.what for one in found.missing] == ["One-minute figures of only 5 hours are stored."]


def test_the_window_begins_where_minutes_were_first_read() -> None:
    endpoint = calls.serverless()
    endpoint.first_seen_at = rows.hour() - timedelta(hours=10)
    endpoint.save()
    calls.bursts(endpoint, rows.hour() - timedelta(hours=20), 20)
    found = queries.inputs(rows.variant(endpoint), timezone.now())
    assert found is not None
    assert (found.hours, found.end) == (34, rows.hour()), "24 hours before the first look are fetched with it"
    FineBucket.objects.create(
        variant=rows.variant(endpoint), at=rows.hour() - timedelta(hours=60), period_s=60, invocations=1.0
    )
    again = queries.inputs(rows.variant(endpoint), timezone.now())
    assert again is not None
    assert again.hours == 60, "minutes that are stored were read"
