"""What the Sync page knows about each account region."""

from datetime import timedelta
from decimal import Decimal

import pytest

from fleet.models import CallTally, Shard
from fleet.queries import sync
from fleet.queries.scope import ScopeFilter
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

LATE_AFTER = timedelta(minutes=5)


def page() -> sync.SyncPage:
    return sync.page(ScopeFilter(), now=rows.now(), late_after=LATE_AFTER)


def tally(shard: Shard, action: str, calls: int, metrics: int = 0, days_ago: int = 0) -> None:
    day = (rows.now() - timedelta(days=days_ago)).date()
    CallTally.objects.create(shard=shard, day=day, action=action, calls=calls, metrics_requested=metrics)


def test_todays_calls_are_added_by_action_and_yesterdays_left_out() -> None:
    eu, us = rows.shard("eu-west-1"), rows.shard("us-east-1")
    tally(eu, "sagemaker:ListEndpoints", 10)
    tally(us, "sagemaker:ListEndpoints", 5)
    tally(us, "cloudwatch:GetMetricData", 7, metrics=3_500)
    tally(us, "cloudwatch:GetMetricData", 900, metrics=99_999, days_ago=1)
    found = page()
    assert [(t.action, t.calls) for t in found.actions] == [
        ("sagemaker:ListEndpoints", 15),
        ("cloudwatch:GetMetricData", 7),
    ]
    assert (found.calls, found.metrics_requested) == (22, 3_500)
    assert found.cloudwatch_usd == Decimal("0.035")


def test_a_failed_section_keeps_awss_words_and_comes_first() -> None:
    rows.shard("ap-south-1")
    error = {
        "code": "AccessDeniedException",
        "message": "User: arn:aws:sts::1 is not authorized to perform: cloudwatch:GetMetricData",
        "action": "cloudwatch:GetMetricData",
        "request_id": "r-1",
        "since": rows.now().isoformat(),
    }
    broken = rows.shard("us-east-1", sections={"metrics": {"ok_at": None, "tried_at": None, "error": error}})
    found = page()
    assert [row.shard.pk for row in found.failing] == [broken.pk]
    assert found.rows[0].shard.pk == broken.pk
    assert found.rows[0].errors[0].message == error["message"]
    assert found.rows[0].errors[0].action == "cloudwatch:GetMetricData"


def test_a_shard_is_late_after_the_limit_or_when_never_read() -> None:
    rows.shard("eu-west-1")
    rows.shard("us-east-1", inventory_ok_at=rows.now() - timedelta(minutes=18))
    rows.shard("us-west-2", inventory_ok_at=None)
    assert {row.shard.region for row in page().late} == {"us-east-1", "us-west-2"}
    assert page().oldest is None


def test_back_fill_shows_the_stored_part() -> None:
    end = rows.hour()
    start = end - timedelta(days=30)
    rows.shard(backfill_from=start, backfill_until=end, backfill_done_until=start + timedelta(days=12))
    (row,) = page().rows
    assert row.backfill is not None
    assert (row.backfill.share, row.backfill.days_done, row.backfill.days) == (0.4, 12, 30)
    assert [r.shard.pk for r in page().backfills] == [row.shard.pk]


def test_a_finished_back_fill_is_no_longer_listed() -> None:
    end = rows.hour()
    rows.shard(backfill_from=end - timedelta(days=30), backfill_until=end, backfill_done_until=end)
    assert page().backfills == []
