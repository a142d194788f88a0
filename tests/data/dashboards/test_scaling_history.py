"""What scaling did, on an endpoint's page: the Scaling tab with both levels and AWS's reason, and the timeline."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import CapacityPeriod, Endpoint, ScalableTarget, ScalingActivity, ScalingHistory
from fleet.queries.scaling_order import PROVISIONED
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
RESOURCE = "endpoint/chat-faq/variant/AllTraffic"
CAUSE = "monitor alarm TargetTracking-<b>high</b> in state ALARM triggered policy keep-70"


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(rows.user())
    return client


@pytest.fixture
def chat() -> Endpoint:
    found = rows.serverless(rows.shard(), "chat-faq", provisioned_concurrency=2)
    CapacityPeriod.objects.create(
        variant=rows.variant(found),
        start=rows.now() - timedelta(days=30),
        memory_mb=4096,
        max_concurrency=20,
        provisioned_concurrency=2,
    )
    ScalableTarget.objects.create(
        shard=found.shard, endpoint=found, variant_name="AllTraffic", resource_id=RESOURCE,
        dimension=PROVISIONED, min_capacity=1, max_capacity=10,
    )  # fmt: skip
    return found


@pytest.fixture
def history(chat: Endpoint) -> ScalingHistory:
    return ScalingHistory.objects.create(
        endpoint=chat,
        resource_id=RESOURCE,
        dimension=PROVISIONED,
        variant_name="AllTraffic",
        target_since=rows.now() - timedelta(days=30),
    )


def scaled(history: ScalingHistory, minutes_ago: int, level: int | None, **fields: Any) -> ScalingActivity:
    begun: datetime = rows.now() - timedelta(minutes=minutes_ago)
    ended = begun + timedelta(seconds=90)
    history.read_from, history.read_until = rows.now() - timedelta(weeks=6), rows.now()
    history.save()
    values = {
        "begun_at": begun, "ended_at": ended, "status": "Successful", "cause": CAUSE, "to_level": level,
        "description": f"Setting provisioned concurrency to {level}.",
    } | fields  # fmt: skip
    return ScalingActivity.objects.create(history=history, activity_id=str(minutes_ago), **values)


def text(client: Client, address: str) -> str:
    return rows.words(client.get(address).content.decode())


def tab(chat: Endpoint, name: str) -> str:
    return reverse("endpoints:tab", args=[chat.pk, name])


def test_each_activity_is_told_with_both_levels_its_state_and_aws_s_reason(
    viewer: Client, chat: Endpoint, history: ScalingHistory
) -> None:
    scaled(history, 50, 6)
    scaled(history, 40, 8, status="Failed", status_message="Reason: no capacity")
    scaled(history, 30, 4)
    scaled(history, 2, 9, status="InProgress", ended_at=None)
    page = text(viewer, tab(chat, "scaling"))
    assert "Provisioned concurrency 2 → 6 Successful" in page
    assert "Provisioned concurrency 6 → 8 Failed" in page
    assert "Reason: no capacity" in page
    assert "Provisioned concurrency 6 → 4 Successful 1 min 30 s" in page, (
        "what failed is no level to come from"
    )
    assert "Provisioned concurrency 4 → 9 InProgress" in page
    assert CAUSE in page
    assert b"<b>high" not in viewer.get(tab(chat, "scaling")).content
    assert page.index("4 → 9") < page.index("2 → 6"), "the newest first"


def test_an_activity_whose_words_name_no_level_is_shown_in_them(
    viewer: Client, chat: Endpoint, history: ScalingHistory
) -> None:
    scaled(history, 50, None, description="Setting min capacity to 2 and max capacity to 9")
    page = text(viewer, tab(chat, "scaling"))
    assert "Provisioned concurrency 2 → —" in page
    assert "Setting min capacity to 2 and max capacity to 9" in page


def test_never_read_and_nothing_done_are_different(
    viewer: Client, chat: Endpoint, history: ScalingHistory
) -> None:
    assert "the Sync page says where that fails" in text(viewer, tab(chat, "scaling"))
    ScalingHistory.objects.update(read_from=rows.now() - timedelta(weeks=6), read_until=rows.now())
    assert "AWS tells of no scaling activity" in text(viewer, tab(chat, "scaling"))


def test_what_scaled_stays_when_its_target_is_gone(
    viewer: Client, chat: Endpoint, history: ScalingHistory
) -> None:
    scaled(history, 50, 6)
    ScalableTarget.objects.all().delete()
    page = text(viewer, tab(chat, "scaling"))
    assert "Nothing scales by itself" in page
    assert "Provisioned concurrency 2 → 6" in page


def test_the_timeline_tells_of_scaling_and_marks_what_failed(
    viewer: Client, chat: Endpoint, history: ScalingHistory
) -> None:
    scaled(history, 50, 6)
    scaled(history, 40, 8, status="Failed", status_message="Reason: no capacity")
    page = text(viewer, tab(chat, "timeline"))
    assert "Setting provisioned concurrency to 6. Application Auto Scaling" in page
    assert "Setting provisioned concurrency to 8. Reason: no capacity Failed" in page


@pytest.mark.parametrize("name", ["scaling", "timeline", "summary"])
def test_at_most_fifteen_queries(
    viewer: Client, chat: Endpoint, history: ScalingHistory, name: str, django_assert_max_num_queries: Any
) -> None:
    for minutes in range(1, 60):
        scaled(history, minutes, minutes)
    with django_assert_max_num_queries(15):
        page = viewer.get(tab(chat, name))
    assert page.status_code == 200
    if name == "scaling":
        assert "the newest 50" in page.content.decode()
