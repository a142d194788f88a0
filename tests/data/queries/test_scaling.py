"""Scaling in plain words, and what is wrong with it."""

from typing import Any

import pytest

from fleet.models import Endpoint, ScalableTarget, ScalingPolicy, ScheduledAction
from fleet.queries import scaling
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


def target(
    of: Endpoint, dimension: str = scaling.PROVISIONED, low: int = 1, high: int = 10, **fields: Any
) -> ScalableTarget:
    return ScalableTarget.objects.create(
        shard=of.shard,
        endpoint=of,
        variant_name="AllTraffic",
        resource_id=f"endpoint/{of.name}/variant/AllTraffic",
        dimension=dimension,
        min_capacity=low,
        max_capacity=high,
        **fields,
    )


def the_row() -> scaling.TargetRow:
    """The only target; what PostgreSQL counts as contradictory is what the row says."""
    found = scaling.page(ScopeFilter())
    (row,) = found.targets
    assert (found.target_count, found.warning_count) == (1, 1 if row.warnings else 0)
    return row


def test_target_tracking_reads_as_a_sentence() -> None:
    ranker = rows.serverless(rows.shard(), "ranker", provisioned_concurrency=4)
    ScalingPolicy.objects.create(
        target=target(ranker),
        name="keep-half",
        policy_type="TargetTrackingScaling",
        configuration={
            "TargetValue": 0.5,
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 1,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
            },
        },
    )
    (policy,) = the_row().policies
    assert policy.text == (
        "Keeps provisioned concurrency such that provisioned concurrency utilisation stays near 0.5; "
        "waits 1 s after growing and 300 s after shrinking."
    )
    assert (the_row().current, the_row().warnings) == (4, [])


def test_a_step_policy_names_its_alarm_and_steps() -> None:
    ocr = rows.endpoint(rows.shard(), "ocr", Kind.ASYNCHRONOUS, live={"current_instance_count": 0})
    ScalingPolicy.objects.create(
        target=target(ocr, scaling.INSTANCES, 0, 5),
        name="wake",
        policy_type="StepScaling",
        configuration={
            "AdjustmentType": "ChangeInCapacity",
            "Cooldown": 300,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
        document={"Alarms": [{"AlarmName": "ocr-HasBacklogWithoutCapacity"}]},
    )
    row = the_row()
    assert row.policies[0].text == (
        "When ocr-HasBacklogWithoutCapacity fires, changes instances by +1 from 0 above the threshold; "
        "waits 300 s between steps."
    )
    assert row.warnings == []


def test_an_asynchronous_target_at_zero_without_a_waking_step_is_the_zero_trap() -> None:
    ocr = rows.endpoint(rows.shard(), "ocr", Kind.ASYNCHRONOUS, live={"current_instance_count": 0})
    target(ocr, scaling.INSTANCES, 0, 5)
    assert "no step policy that brings the first instance back" in the_row().warnings[0]


def test_capacity_outside_the_bounds_is_told() -> None:
    ranker = rows.serverless(rows.shard(), "ranker", provisioned_concurrency=15)
    target(ranker, high=10)
    assert the_row().warnings == [
        "Provisioned concurrency is 15, outside 1 – 10: auto scaling will bring it back."
    ]


def test_plain_real_time_cannot_have_a_minimum_of_zero() -> None:
    search = rows.endpoint(rows.shard(), "search-rt", Kind.REAL_TIME, live={"current_instance_count": 2})
    target(search, scaling.INSTANCES, 0, 5)
    assert "only asynchronous endpoints and inference components" in the_row().warnings[0]


def test_a_schedule_keeps_awss_expression_and_zone() -> None:
    ranker = rows.serverless(rows.shard(), "ranker", provisioned_concurrency=2)
    ScheduledAction.objects.create(
        target=target(ranker),
        name="morning",
        schedule="cron(45 8 ? * MON-FRI *)",
        timezone="Europe/Paris",
        min_capacity=2,
        max_capacity=10,
    )
    assert the_row().schedules[0].text == (
        "At cron(45 8 ? * MON-FRI *) Europe/Paris, sets the minimum to 2 and the maximum to 10 "
        "(provisioned concurrency)."
    )


def test_a_target_without_an_endpoint_is_an_orphan() -> None:
    shard = rows.shard()
    ScalableTarget.objects.create(
        shard=shard,
        resource_id="endpoint/gone/variant/AllTraffic",
        dimension=scaling.INSTANCES,
        min_capacity=1,
        max_capacity=4,
    )
    page = scaling.page(ScopeFilter())
    assert (page.targets, [row.resource_id for row in page.orphans]) == (
        [],
        ["endpoint/gone/variant/AllTraffic"],
    )


def test_provisioned_concurrency_without_a_target_is_listed_and_with_one_is_not() -> None:
    shard = rows.shard()
    rows.serverless(shard, "bare", provisioned_concurrency=3)
    target(rows.serverless(shard, "scaled", provisioned_concurrency=3))
    rows.serverless(shard, "on-demand")
    (row,) = scaling.page(ScopeFilter()).unscaled
    assert (row.endpoint, row.provisioned_concurrency) == ("bare", 3)


def test_queries_do_not_grow_with_the_fleet(django_assert_max_num_queries: object) -> None:
    shard = rows.shard()
    for n in range(12):
        target(rows.serverless(shard, f"ep-{n}", provisioned_concurrency=1))
    with django_assert_max_num_queries(7):  # type: ignore[operator]
        scaling.page(ScopeFilter())
