"""Metrics asked for by the bundle against the same ones asked for one by one."""

from datetime import timedelta

import pytest

from fleet.aws import cloudwatch, meter
from fleet.types import AwsScope
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws

SCOPE = AwsScope("111122223333", "us-east-1")


def test_bundled_metrics_are_those_of_single_queries_also_where_a_call_ends_within_a_bundle(
    simulator: SimulatorProcess,
) -> None:
    end = simulator.now().replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(hours=24)
    names = (("EndpointName", "beta-realtime"), ("VariantName", "AllTraffic"))
    asked = [("AWS/SageMaker", name, "Sum") for name in ("Invocations", "Invocation4XXErrors")]
    asked.append(("AWS/SageMaker", "Invocations", "SampleCount"))
    single = [cloudwatch.Query(space, name, names, how, 60) for space, name, how in asked]
    bundle = cloudwatch.Bundle(tuple((*metric, 1) for metric in asked), (names[:1], names), 60)
    with meter.recording() as tally:
        series = cloudwatch.get_metric_data(SCOPE, [bundle] * 30, start, end)
    # 70 series a call: the first one ends after a bundle's first metric.
    assert tally.actions["cloudwatch:GetMetricData"].calls == 2
    expected = cloudwatch.get_metric_data(SCOPE, single, start, end)
    assert sum(expected[0].values) > 0
    assert series == expected * 30
