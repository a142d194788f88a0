"""The scaling linter over stored rows: what it is given, what it keeps, when it looks again."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fleet import scaling_check
from fleet.analysis.scaling_policies.facts import INSTANCES, PROVISIONED
from fleet.models import (
    ChangeEvent,
    DailyCost,
    Endpoint,
    FineBucket,
    HourBucket,
    ScalableTarget,
    ScalingCheck,
    ScalingFinding,
    ScalingPolicy,
    ScheduledAction,
    Shard,
)
from fleet.queries import scaling_evidence
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
NOW = rows.now()
HOUR = NOW.replace(minute=0)
BACKLOG = {
    "TargetValue": 5,
    "ScaleInCooldown": 60,
    "CustomizedMetricSpecification": {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Statistic": "Average",
    },
}


def asynchronous(shard: Shard, name: str, count: int = 1) -> Endpoint:
    live = {"instance_type": "ml.g4dn.xlarge", "current_instance_count": count}
    return rows.endpoint(shard, name, Kind.ASYNCHRONOUS, live=live)


def target(of: Endpoint, low: int, high: int, dimension: str = INSTANCES) -> ScalableTarget:
    found = ScalableTarget.objects.create(
        shard=of.shard, endpoint=of, variant_name="AllTraffic", dimension=dimension,
        resource_id=f"endpoint/{of.name}/variant/AllTraffic", min_capacity=low, max_capacity=high,
    )  # fmt: skip
    if dimension == INSTANCES:
        ScalingPolicy.objects.create(
            target=found, name="backlog", policy_type="TargetTrackingScaling", configuration=BACKLOG
        )
    return found


def hours(of: Endpoint, count: int, every: int = 1, **columns: float) -> None:
    """Stored hours with work, the newest a moment ago, one in `every`."""
    variant = rows.variant(of)
    HourBucket.objects.bulk_create(
        HourBucket(variant=variant, at=HOUR - timedelta(hours=1 + n * every), period_s=3600, **columns)
        for n in range(count)
    )


def found(shard: Shard) -> dict[tuple[str, str], ScalingFinding]:
    kept = ScalingFinding.objects.filter(shard=shard).exclude(severity="unknown")
    return {(row.resource_id.split("/")[1], row.rule): row for row in kept}


@pytest.fixture
def shard() -> Shard:
    # Of the same clock as NOW: a run may begin before an hour is full and come here after it.
    return rows.shard(backfill_until=HOUR, backfill_done_until=HOUR)


def test_a_fleet_with_every_trouble_is_told_with_figures_from_its_rows(shard: Shard) -> None:
    ocr = asynchronous(shard, "ocr-async", 0)
    target(ocr, 0, 4)
    FineBucket.objects.create(
        variant=rows.variant(ocr), at=NOW - timedelta(minutes=5), period_s=300, backlog_max=12.0
    )
    video = asynchronous(shard, "video-async")
    target(video, 1, 3)
    hours(video, 100, every=3, processed=60.0, model_latency_ms_p90=95_000.0, model_latency_ms_p99=140_000.0)
    for day in range(1, 15):
        DailyCost.objects.create(
            endpoint=video, variant=rows.variant(video), day=NOW.date() - timedelta(days=day),
            component="instance-time", item="ml.g4dn.xlarge", amount=Decimal("24"), unit="instance-hours",
            confidence="estimated", computed_at=NOW, data_until=NOW,
        )  # fmt: skip
    target(rows.serverless(shard, "ranker", provisioned_concurrency=15), 1, 10, PROVISIONED)
    asynchronous(shard, "plain-async", 2)
    ScalableTarget.objects.create(
        shard=shard, resource_id="endpoint/gone/variant/AllTraffic", dimension=INSTANCES, min_capacity=1,
        max_capacity=4,
    )  # fmt: skip
    assert scaling_check.check(shard.pk, now=NOW) == 7
    kept = found(shard)
    assert set(kept) == {
        ("ocr-async", "zero-trap"), ("video-async", "paid-while-empty"), ("video-async", "short-cooldown"),
        ("ranker", "outside-bounds"), ("ranker", "warm-unused"), ("plain-async", "paid-while-empty"),
        ("gone", "left-behind"),
    }  # fmt: skip
    trap = kept["ocr-async", "zero-trap"]
    assert (trap.severity, trap.why[:29]) == ("critical", "12 requests wait at 0 instanc")
    empty = kept["video-async", "paid-while-empty"]
    # 100 of 336 hours had work; 24 USD a day are 730 a month, and 236 of 336 hours of it were empty.
    assert ["Hours without work", "236 of 336 read (70 %)"] in empty.facts
    assert empty.saving_usd == Decimal("512.74")
    assert "one call in ten takes more than 95 s" in kept["video-async", "short-cooldown"].why
    assert kept["plain-async", "paid-while-empty"].target is None
    unknown = ScalingFinding.objects.filter(shard=shard, severity="unknown", endpoint=video)
    assert {row.rule for row in unknown} == {"cannot-deregister"}
    assert kept["gone", "left-behind"].calls[0]["request"]["ResourceId"] == "endpoint/gone/variant/AllTraffic"


def test_what_stays_keeps_its_beginning_and_what_is_settled_goes(shard: Shard) -> None:
    ranker = rows.serverless(shard, "ranker", provisioned_concurrency=15)
    held = target(ranker, 1, 10, PROVISIONED)
    hours(ranker, 336, invocations=5.0)
    scaling_check.check(shard.pk, now=NOW)
    with CaptureQueriesContext(connection) as asked:
        scaling_check.check(shard.pk, now=NOW + timedelta(minutes=5))
    assert not [
        query for query in asked if "fleet_scalingfinding" in query["sql"] and "SELECT" not in query["sql"]
    ]
    held.max_capacity = 12
    held.save()
    scaling_check.check(shard.pk, now=NOW + timedelta(minutes=10))
    (finding,) = found(shard).values()
    assert (finding.since, finding.why[-45:]) == (
        NOW,
        "outside 1 – 12: auto scaling will bring it back."[-45:],
    )
    held.max_capacity = 15
    held.save()
    scaling_check.check(shard.pk, now=NOW + timedelta(minutes=15))
    assert found(shard) == {}


def test_hours_that_were_not_read_are_no_empty_ones(shard: Shard) -> None:
    video = asynchronous(shard, "video-async")
    target(video, 1, 3)
    Shard.objects.update(backfill_done_until=HOUR - timedelta(days=3))
    scaling_check.check(shard.pk, now=NOW)
    assert found(shard) == {}
    Shard.objects.update(backfill_done_until=HOUR)
    Endpoint.objects.update(created_at=NOW - timedelta(days=6))
    scaling_check.check(shard.pk, now=NOW)
    (missing,) = ScalingFinding.objects.filter(rule="paid-while-empty")
    assert "168 read hours; 143 are read" in missing.why or "168 read hours; 144 are read" in missing.why


def test_what_iam_said_of_the_role_for_changes_is_told(shard: Shard) -> None:
    target(rows.serverless(shard, "ranker", provisioned_concurrency=4), 1, 10, PROVISIONED)
    for state, expected in (("denied", True), ("allowed", False)):
        row = {"action": scaling_evidence.DEREGISTER, "role": "act", "state": state}
        shard.account.permissions = {"rows": [row]}
        shard.account.save()
        scaling_check.check(shard.pk, now=NOW)
        assert (("ranker", "cannot-deregister") in found(shard)) is expected


def test_a_schedule_that_sets_the_minimum_to_zero_is_no_waste(shard: Shard) -> None:
    held = target(asynchronous(shard, "video-async"), 1, 3)
    ScheduledAction.objects.create(
        target=held, name="weekly-off", schedule="cron(0 18 ? * MON-FRI *)", timezone="UTC", min_capacity=0
    )
    scaling_check.check(shard.pk, now=NOW)
    assert ("video-async", "paid-while-empty") not in found(shard)


def test_a_shard_is_due_once_an_hour_and_as_soon_as_something_that_scales_changed(shard: Shard) -> None:
    rows.shard("us-east-1")
    ranker = rows.serverless(shard, "ranker", provisioned_concurrency=4)
    assert scaling_check.due(NOW) == [shard.pk], "a shard without endpoints has nothing to look at"
    scaling_check.check(shard.pk, now=NOW)
    assert scaling_check.due(NOW + timedelta(minutes=59)) == []
    assert scaling_check.due(NOW + timedelta(minutes=61)) == [shard.pk]
    ChangeEvent.objects.create(endpoint=ranker, at=NOW - timedelta(hours=2), category="tags", summary="owner")
    assert scaling_check.due(NOW) == []
    ChangeEvent.objects.create(
        endpoint=ranker, at=NOW - timedelta(hours=2), category="scaling", summary="bounds"
    )
    assert scaling_check.due(NOW) == [shard.pk]
    scaling_check.check(shard.pk, now=NOW)
    assert scaling_check.due(NOW) == []
    assert ScalingCheck.objects.get().checked_at == NOW
    target(asynchronous(shard, "ocr-async", 0), 0, 4)
    scaling_check.check(shard.pk, now=NOW)
    assert scaling_check.due(NOW + timedelta(minutes=4)) == []
    assert scaling_check.due(NOW + timedelta(minutes=6)) == [shard.pk], "a queue may fill at no instance"


def test_a_check_asks_as_much_for_many_as_for_few(shard: Shard) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            scaling_evidence.of_shard(shard, NOW)
        return len(queries)

    def more(start: int, count: int) -> None:
        for n in range(start, start + count):
            target(asynchronous(shard, f"async-{n}"), 0, 4)
            target(rows.serverless(shard, f"warm-{n}", provisioned_concurrency=4), 1, 10, PROVISIONED)

    more(0, 1)
    few = asked()
    more(1, 8)
    assert asked() == few <= 9


def test_the_task_looks_at_the_shards_it_is_given(shard: Shard, settings: Any) -> None:
    from fleet.tasks import check_scaling

    target(asynchronous(shard, "ocr-async", 0), 0, 4)
    check_scaling(shard.pk)
    assert ("ocr-async", "zero-trap") in found(shard)
    assert settings.CELERY_TASK_ROUTES["fleet.check_scaling"] == {"queue": "analysis"}
