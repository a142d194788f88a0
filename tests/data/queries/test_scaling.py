"""Scaling in plain words; what is wrong with it is found by the linter: tests/data/scaling."""

from typing import Any

import pytest

from fleet.models import Endpoint, ScalableTarget, ScalingFinding, ScalingPolicy, ScheduledAction
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
    """The only target; what PostgreSQL counts as findings is what the row says."""
    found = scaling.page(ScopeFilter())
    (row,) = found.targets
    assert (found.target_count, found.warning_count) == (1, 1 if row.findings else 0)
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
    assert (the_row().current, the_row().findings) == (4, [])


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


def test_a_target_is_shown_with_its_findings_and_counted_once() -> None:
    ranker = rows.serverless(rows.shard(), "ranker", provisioned_concurrency=15)
    of = target(ranker, high=10)
    common = {
        "shard": of.shard,
        "endpoint": ranker,
        "target": of,
        "resource_id": of.resource_id,
        "since": rows.now(),
    }
    for rule, severity in (
        ("outside-bounds", "warning"),
        ("warm-unused", "warning"),
        ("left-behind", "unknown"),
    ):
        ScalingFinding.objects.create(
            dimension=of.dimension, rule=rule, severity=severity, title=rule, why="", **common
        )
    assert the_row().findings == ["outside-bounds", "warm-unused"]


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
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        scaling.page(ScopeFilter())
