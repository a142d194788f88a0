"""What the Sync page knows about each account region."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.models import CallTally, Shard
from fleet.queries import sync
from fleet.queries.scope import ScopeFilter
from fleet.queries.sync_state import Fleet, ShardRow
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

LATE_AFTER = timedelta(minutes=5)


def page(*regions: str) -> Fleet:
    return sync.fleet(ScopeFilter(regions=regions), now=rows.now(), late_after=LATE_AFTER)


def row(shard: Shard) -> ShardRow:
    (found,) = sync.rows([shard.pk], now=rows.now(), late_after=LATE_AFTER)
    return found


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
    assert [place.pk for place in found.failing] == [broken.pk]
    assert (found.places[0].pk, found.places[0].state) == (broken.pk, "failed")
    (told,) = row(broken).errors
    assert (told.message, told.action) == (error["message"], "cloudwatch:GetMetricData")


def denied(action: str, since: str, message: str) -> dict[str, str]:
    return {
        "kind": "AccessDenied",
        "code": "AccessDeniedException",
        "message": message,
        "action": action,
        "request_id": "r",
        "since": since,
    }


def test_one_reason_is_told_once_for_all_the_places_it_holds_for() -> None:
    good = {"ok_at": None, "tried_at": None, "error": None}
    for number, region in enumerate(("eu-west-1", "us-east-1", "us-west-2")):
        error = denied("tag:GetResources", f"2026-11-2{number + 1}T00:00:00+00:00", f"User {number} may not")
        rows.shard(region, sections={"tags": {**good, "error": error}, "inventory": good})
    for section in ("metrics", "parts"):
        error = denied("cloudwatch:GetMetricData", "2026-11-20T00:00:00+00:00", "no")
        shard = Shard.objects.get(region="us-east-1")
        Shard.objects.filter(pk=shard.pk).update(
            sections={**shard.sections, section: {**good, "error": error}}
        )
    tags, metrics = sync.causes(page().places)
    assert (tags.error.action, tags.sections, len(tags.shard_ids)) == ("tag:GetResources", ["tags"], 3)
    assert (tags.error.message, tags.error.since[:10]) == ("User 0 may not", "2026-11-21"), (
        "the oldest, word for word"
    )
    assert (metrics.error.action, metrics.sections) == ("cloudwatch:GetMetricData", ["metrics", "parts"])
    assert metrics.shard_ids == [Shard.objects.get(region="us-east-1").pk]
    assert [len(cause.shard_ids) for cause in sync.causes(page("eu-west-1").places)] == [1]


def test_the_fleet_costs_the_same_queries_whatever_its_size(django_assert_num_queries: Any) -> None:
    for size in (2, 40):
        for number in range(size):
            rows.shard(
                f"xx-test-{number}",
                f"a{size}",
                f"{size:012}",
                sections={"tags": {"error": denied("a:B", "", "")}},
            )
        with django_assert_num_queries(2):
            found = page()
        with django_assert_num_queries(1):
            assert len(sync.causes(found.places)) == 1
        with django_assert_num_queries(1):
            sync.rows([place.pk for place in found.places], now=rows.now(), late_after=LATE_AFTER)


def test_a_shard_is_late_after_the_limit_or_when_never_read() -> None:
    rows.shard("eu-west-1")
    rows.shard("us-east-1", inventory_ok_at=rows.now() - timedelta(minutes=18))
    rows.shard("us-west-2", inventory_ok_at=None)
    assert {place.region for place in page().late} == {"us-east-1", "us-west-2"}
    assert page().oldest is None


def test_back_fill_shows_the_stored_part() -> None:
    end = rows.hour()
    start = end - timedelta(days=30)
    rows.shard(backfill_from=start, backfill_until=end, backfill_done_until=start + timedelta(days=12))
    (place,) = page().backfills
    assert place.backfill is not None
    assert (place.backfill.share, place.backfill.days_done, place.backfill.days) == (0.4, 12, 30)


def test_a_finished_back_fill_is_no_longer_listed() -> None:
    end = rows.hour()
    rows.shard(backfill_from=end - timedelta(days=30), backfill_until=end, backfill_done_until=end)
    assert page().backfills == []
