"""Why calls started cold is counted hour by hour, once, from minutes that were read, and added up for pages."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from fleet import cold_start_days
from fleet.analysis.cold_starts import Cause
from fleet.models import ChangeEvent, ColdStartDay, Endpoint, Shard
from fleet.queries import cold_start_causes
from fleet.queries.scope import ScopeFilter, TimeRange
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


def week() -> TimeRange:
    return TimeRange("7d", "last 7 days", rows.now() - timedelta(days=7), rows.now())


@pytest.fixture
def chat() -> Endpoint:
    """Nine hours ago: idle 2, spill-over 3, growth 4; six hours ago a deployment with 5."""
    found = rows.serverless(rows.shard(), "chat-faq")
    start = rows.hour() - timedelta(hours=9)
    rows.minute_bucket(found, start, invocations=2.0, setup_count=2.0, concurrency_utilization_max=0.1)
    rows.minute_bucket(
        found, start + timedelta(minutes=1), invocations=9.0, setup_count=4.0, concurrency_utilization_max=1.0
    )
    rows.minute_bucket(
        found, start + timedelta(minutes=2), invocations=9.0, setup_count=3.0, spillover_invocations=3.0
    )
    later = rows.hour() - timedelta(hours=6)
    rows.minute_bucket(found, later + timedelta(minutes=5), invocations=5.0, setup_count=5.0)
    ChangeEvent.objects.create(endpoint=found, at=later, category="config", summary="cfg-2")
    return found


def test_every_settled_hour_is_counted_once(chat: Endpoint) -> None:
    shards = cold_start_days.due(rows.now())
    assert shards == [chat.shard_id]
    assert cold_start_days.count(shards) == 24
    assert cold_start_days.count(shards) <= 1, "at most the hour that has just settled"
    found = cold_start_causes.of_scope(ScopeFilter(), week())
    assert found.by_cause == {
        Cause.IDLE: 2.0,
        Cause.GROWTH: 4.0,
        Cause.SPILL_OVER: 3.0,
        Cause.DEPLOY: 5.0,
        Cause.UNKNOWN: 0.0,
    }
    assert (found.total, found.at_limit) == (14.0, 1)
    assert cold_start_causes.of_scope(ScopeFilter(regions=("us-east-1",)), week()).total == 0
    assert cold_start_days.due(rows.now()) == []


def test_hours_that_were_not_read_wait(chat: Endpoint) -> None:
    Shard.objects.update(metrics_ok_at=rows.hour() - timedelta(hours=5, minutes=30))
    cold_start_days.count(cold_start_days.due(rows.now()))
    assert cold_start_causes.of_scope(ScopeFilter(), week()).total == 9
    Shard.objects.update(metrics_ok_at=rows.now())
    cold_start_days.count(cold_start_days.due(rows.now()))
    assert cold_start_causes.of_scope(ScopeFilter(), week()).total == 14
    assert ColdStartDay.objects.count() <= 2, "hours of a day are added up"


def test_a_variant_that_is_not_read_yet_is_waited_for(chat: Endpoint) -> None:
    variant = rows.variant(chat)
    variant.metrics_until = None
    variant.save()
    assert cold_start_days.count(cold_start_days.due(rows.now())) == 0
    assert cold_start_days.due(rows.now()) == []
    variant.metrics_until = rows.hour() - timedelta(hours=5)
    variant.save()
    cold_start_days.count(cold_start_days.due(rows.now()))
    assert cold_start_causes.of_scope(ScopeFilter(), week()).total == 9
    Shard.objects.update(metrics_ok_at=rows.now() + timedelta(days=1))
    cold_start_days.count([chat.shard_id])
    assert cold_start_causes.of_scope(ScopeFilter(), week()).total == 14, "it is waited for half a day"


def test_pages_say_why_and_how_far_it_is_counted(chat: Endpoint, client: Client) -> None:
    client.force_login(rows.user("viewer"))
    rows.hour_bucket(chat, rows.hour() - timedelta(hours=9), invocations=20.0, setup_count=9.0)
    assert "nothing is counted yet" in rows.words(client.get(reverse("cold_starts:page")).content.decode())
    cold_start_days.count([chat.shard_id])
    page = rows.words(client.get(reverse("cold_starts:page")).content.decode())
    assert "Spill-over: more parallel calls than provisioned concurrency 3 21.4 %" in page
    assert "Max concurrency was reached in 1 minute" in page
    tab = reverse("endpoints:tab", args=[chat.pk, "cold-starts"])
    assert "Deploy: within 15 min after a change 5 35.7 %" in rows.words(
        client.get(f"{tab}?range=7d").content.decode()
    )
