"""The simulator answers 500 metrics of an hour with little CPU, and no more than in proportion to what is asked."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from simulator.app import Simulator
from simulator.identity import Caller
from simulator.world import Durations
from tests.bench.report import Table

pytestmark = pytest.mark.bench

METRICS = ("Invocations", "ModelLatency", "OverheadLatency", "Invocation5XXErrors")
ENDPOINTS = 125
MOST = 6.0
"""Five times the metrics may cost this many times the CPU."""
_HEAD = """
accounts:
  - {alias: bench, id: "111122223333", management: true, access_keys: [AKIASIMULATORBENCH00], regions: [us-east-1]}
endpoints:
"""
_ENDPOINT = """
  - account: bench
    region: us-east-1
    name: e%d
    created: -90d
    instances: {type: ml.m5.large, count: 1}
    traffic: {model: diurnal, per_minute: %d, latency_ms: 40}
"""


@pytest.fixture
def simulator(tmp_path: Path) -> Simulator:
    """125 endpoints in this process, none of them with the traffic of another."""
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(_HEAD + "".join(_ENDPOINT % (n, 50 + n) for n in range(ENDPOINTS)))
    return Simulator(fleet, Durations())


def queries(count: int) -> list[dict[str, Any]]:
    """`count` different metrics, each five minutes wide."""
    return [
        {
            "Id": f"m{n}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": METRICS[n % len(METRICS)],
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": f"e{n // len(METRICS)}"},
                        {"Name": "VariantName", "Value": "AllTraffic"},
                    ],
                },
                "Period": 300,
                "Stat": "Sum",
            },
        }
        for n in range(count)
    ]


def cpu_s(simulator: Simulator, asked: list[dict[str, Any]]) -> float:
    """CPU seconds of one call for 12 points of each metric."""
    account = simulator.world.management
    caller = Caller(account, f"arn:aws:iam::{account.id}:root", account.id)
    end = simulator.clock.now().replace(minute=0, second=0, microsecond=0)
    params = {"MetricDataQueries": asked, "StartTime": end - timedelta(hours=1), "EndTime": end}
    start = time.process_time()
    answer = simulator.perform("cloudwatch", "GetMetricData", caller, "us-east-1", params)
    spent = time.process_time() - start
    assert sum(len(row["Values"]) for row in answer["MetricDataResults"]) == len(asked) * 12
    return spent


def test_five_times_the_metrics_cost_at_most_six_times_the_cpu(simulator: Simulator, table: Table) -> None:
    """Both sides go through all 500 metrics, so that neither has the smaller working set: five calls, or one."""
    everything = queries(500)
    hundreds = [everything[n : n + 100] for n in range(0, 500, 100)]
    cpu_s(simulator, everything)
    pairs = [
        (sum(cpu_s(simulator, part) for part in hundreds) / len(hundreds), cpu_s(simulator, everything))
        for _ in range(30)
    ]
    small, large = (min(column) for column in zip(*pairs, strict=True))
    table.bar(
        bench="S1", case="simulator: CPU of 500 metrics ÷ of 100", value=large / small, unit="×", at_most=MOST
    )
    table.bar(
        bench="S1", case="simulator: 500 metrics × 12 points", value=[1000 * of for _, of in pairs], unit="ms",
        at_most=100,
    )  # fmt: skip
