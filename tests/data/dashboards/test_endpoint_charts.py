"""The charts of an endpoint's page: sums of the stored buckets, gaps where there are none, and what changed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import ChangeEvent, Endpoint
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(rows.user("viewer"))
    return client


@pytest.mark.parametrize("name", ["summary", "traffic", "cold-starts", "cache", "async", "resources"])
@pytest.mark.parametrize("span", ["1h", "24h", "7d"])
def test_chart_bars_add_up_to_the_stored_calls(viewer: Client, name: str, span: str) -> None:
    found = rows.endpoint(rows.shard(), "mixed", Kind.MULTI_MODEL)
    for n in range(3):
        columns = {
            "invocations": 10.0,
            "cache_hit_count": 10.0,
            "cache_hit_sum": 9.0,
            "cpu_pct": 5.0,
            "setup_count": 1.0,
            "backlog_max": 1.0,
        }
        rows.minute_bucket(found, rows.now() - timedelta(minutes=10 + 7 * n), **columns)
        rows.hour_bucket(found, rows.hour() - timedelta(hours=3 + 2 * n), **columns)
    address = f"{reverse('endpoints:chart', args=[found.pk, name])}?range={span}"
    payload = viewer.get(address).json()
    calls = [trace for trace in payload["data"] if trace["name"] == "Calls"]
    if name in {"summary", "traffic", "cold-starts"}:
        assert sum(value for value in calls[0]["y"] if value is not None) == 30
    assert "range" in payload["layout"]["xaxis"]


def test_a_gap_in_the_buckets_is_a_gap_in_the_chart(viewer: Client) -> None:
    found = rows.serverless(rows.shard(), "gappy")
    for hours in (6, 3):
        rows.hour_bucket(
            found, rows.hour() - timedelta(hours=hours), invocations=1.0, model_latency_ms_p99=5.0
        )
    payload = viewer.get(f"{reverse('endpoints:chart', args=[found.pk, 'summary'])}?range=7d").json()
    (p99,) = [trace for trace in payload["data"] if trace["name"] == "Latency p99"]
    assert p99["y"] == [5.0, None, None, 5.0]
    assert p99["connectgaps"] is False


def test_changes_are_marked_on_the_time_axis(viewer: Client, chat: Endpoint) -> None:
    ChangeEvent.objects.create(
        endpoint=chat, at=rows.now() - timedelta(hours=2), category="capacity", summary="Max 10 → 20"
    )
    payload = viewer.get(f"{reverse('endpoints:chart', args=[chat.pk, 'traffic'])}?range=7d").json()
    assert "Max 10 → 20" in [note["text"] for note in payload["layout"]["annotations"]]


def test_an_unknown_chart_is_404(viewer: Client, chat: Endpoint) -> None:
    assert viewer.get(reverse("endpoints:chart", args=[chat.pk, "nonsense"])).status_code == 404
