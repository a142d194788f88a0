"""CloudWatch over HTTP: what each kind publishes, how periods add up, and that the truth agrees."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import Client
from tests.aws.simulator.metric_reading import last_hours, listed, query, values
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws


def months_of(start: datetime, end: datetime) -> float:
    """Whole hours as a share of their calendar months."""
    hours = [start + timedelta(hours=n) for n in range(int((end - start).total_seconds() // 3600))]
    return sum(1 / (24 * monthrange(at.year, at.month)[1]) for at in hours)


def test_each_kind_publishes_exactly_its_own_metrics(client: Client) -> None:
    serverless = {
        "Invocations",
        "Invocation4XXErrors",
        "Invocation5XXErrors",
        "ModelLatency",
        "OverheadLatency",
        "ModelSetupTime",
        "MemoryUtilization",
        "ServerlessConcurrentExecutionsUtilization",
    }
    assert listed(client, "on-demand") == serverless
    assert listed(client, "provisioned") - serverless == {
        "ServerlessProvisionedConcurrencyExecutions",
        "ServerlessProvisionedConcurrencyUtilization",
        "ServerlessProvisionedConcurrencyInvocations",
        "ServerlessProvisionedConcurrencySpilloverInvocations",
    }
    assert listed(client, "silent") == set()
    queue = listed(client, "queue")
    assert {"InvocationsProcessed", "ApproximateBacklogSize", "CPUUtilization"} <= queue
    assert queue.isdisjoint({"Invocations", "InvocationsPerInstance", "OverheadLatency"})
    assert {"GPUUtilization", "GPUMemoryUtilization"} <= listed(client, "gpu")
    assert "GPUUtilization" not in listed(client, "real-time")
    assert {"ModelCacheHit", "ModelUnloadingTime", "LoadedModelCount"} <= listed(client, "many-models")
    assert "Invocations" not in listed(client, "components")


def test_dimensions_must_match_exactly(client: Client, simulator: SimulatorProcess) -> None:
    start, end = last_hours(simulator, 1)
    found = values(
        client,
        [
            query("real-time", "Invocations", "Sum"),
            query("real-time", "Invocations", "Sum", EndpointName="real-time"),
            query("queue", "ApproximateBacklogSize", "Average", EndpointName="queue"),
            query("queue", "ApproximateBacklogSize", "Average"),
            query(
                "direct",
                "ContainerLatency",
                "Average",
                EndpointName="direct",
                VariantName="AllTraffic",
                ContainerName="gold",
            ),
            query("components", "Invocations", "Sum", InferenceComponentName="chat"),
        ],
        start,
        end,
    )
    assert [bool(points) for points in found] == [True, False, True, False, True, True]


def test_idle_is_zero_on_instances_and_silence_on_serverless(
    client: Client, simulator: SimulatorProcess
) -> None:
    start, end = last_hours(simulator, 1)
    unused, silent, stranded = values(
        client,
        [
            query("unused", "Invocations", "Sum"),
            query("silent", "Invocations", "Sum"),
            query("stranded", "InvocationsProcessed", "Sum"),
        ],
        start,
        end,
    )
    assert list(unused.values()) == [0.0] * 60
    assert silent == {}
    assert stranded == {}


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("real-time", "Invocations"),
        ("real-time", "Invocation5XXErrors"),
        ("real-time", "CPUUtilization"),
        ("provisioned", "OverheadLatency"),
        ("provisioned", "ServerlessProvisionedConcurrencySpilloverInvocations"),
        ("many-models", "ModelCacheHit"),
        ("queue", "TimeInBacklog"),
    ],
)
def test_an_hour_is_the_sum_of_its_minutes(
    client: Client, simulator: SimulatorProcess, name: str, metric: str
) -> None:
    start, end = last_hours(simulator, 2)
    stats = ("Sum", "SampleCount", "Maximum", "Minimum", "Average")
    minutes = values(client, [query(name, metric, stat) for stat in stats], start, end)
    hours = values(client, [query(name, metric, stat, 3600) for stat in stats], start, end)
    for hour, total in hours[0].items():
        within = [moment for moment in minutes[0] if hour <= moment < hour + timedelta(hours=1)]
        samples = sum(minutes[1][moment] for moment in within)
        assert total == pytest.approx(sum(minutes[0][moment] for moment in within))
        assert hours[1][hour] == samples
        assert hours[2][hour] == max(minutes[2][moment] for moment in within)
        assert hours[3][hour] == min(minutes[3][moment] for moment in within)
        assert hours[4][hour] == pytest.approx(total / samples)


def test_published_totals_equal_the_truth(client: Client, simulator: SimulatorProcess) -> None:
    start, end = last_hours(simulator, 24)
    truth = {row["endpoint"]: row for row in simulator.truth(start, end)["variants"]}
    calls, colds, hits, lookups, unloads, samples = values(
        client,
        [
            query("provisioned", "Invocations", "Sum", 3600),
            query("on-demand", "ModelSetupTime", "SampleCount", 300),
            query("many-models", "ModelCacheHit", "Sum", 3600),
            query("many-models", "ModelCacheHit", "SampleCount", 3600),
            query("many-models", "ModelUnloadingTime", "SampleCount", 3600),
            query("real-time", "CPUUtilization", "SampleCount", 3600),
        ],
        start,
        end,
    )
    assert sum(calls.values()) == truth["provisioned"]["invocations"] > 0
    assert sum(colds.values()) == truth["on-demand"]["cold_starts"]
    assert sum(hits.values()) == truth["many-models"]["cache_hits"] > 0
    assert sum(lookups.values()) == truth["many-models"]["cache_requests"]
    assert sum(unloads.values()) == truth["many-models"]["unloads"] > 0
    assert sum(samples.values()) == truth["real-time"]["instance_minutes"] == 2 * 24 * 60
    # Two ml.c5.xlarge at 0.204 an hour for a day; 2 x 30 GB at 0.14 a month, by its minutes.
    cost = truth["real-time"]["cost"]
    assert float(cost["instance_hours"]) == pytest.approx(2 * 24 * 0.204)
    assert float(cost["storage"]) == pytest.approx(2 * 30 * 0.14 * months_of(start, end))
    # Four units of 2 GB at 0.00001 a second, used or not.
    assert float(truth["provisioned"]["cost"]["pc_usage"]) == pytest.approx(4 * 86400 * 0.00001)


def test_a_week_of_visits_has_its_stated_cold_starts(simulator: SimulatorProcess) -> None:
    start, end = last_hours(simulator, 24 * 7)
    rows = {row["endpoint"]: row for row in simulator.truth(start, end)["variants"]}
    assert rows["on-demand"]["cold_starts"] == 20 + 3


def test_pages_of_metric_data_add_up(client: Client, simulator: SimulatorProcess) -> None:
    start, end = last_hours(simulator, 2)
    queries = [query("real-time", "Invocations", "Sum"), query("gpu", "Invocations", "Sum")]
    whole = values(client, queries, start, end)
    cut = values(client, queries, start, end, MaxDatapoints=50, ScanBy="TimestampAscending")
    assert whole == cut
    assert len(whole[0]) == 120


def test_nothing_is_published_for_the_future(client: Client, simulator: SimulatorProcess) -> None:
    now = simulator.now()
    points = values(
        client, [query("unused", "Invocations", "Sum")], now - timedelta(minutes=5), now + timedelta(hours=1)
    )
    assert max(points[0]) < now
    assert values(
        client, [query("unused", "Invocations", "Sum")], now + timedelta(minutes=2), now + timedelta(hours=1)
    ) == [{}]


def test_fine_data_is_forgotten_after_fifteen_days(client: Client, simulator: SimulatorProcess) -> None:
    old = simulator.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=20)
    fine = query("real-time", "Invocations", "Sum", 60)
    coarse = query("real-time", "Invocations", "Sum", 300)
    found = values(client, [fine, coarse], old, old + timedelta(hours=1))
    assert [len(points) for points in found] == [0, 12]


def test_more_than_five_hundred_queries_are_refused(client: Client, simulator: SimulatorProcess) -> None:
    start, end = last_hours(simulator, 1)
    with pytest.raises(ClientError, match="500"):
        values(client, [query("real-time", "Invocations", "Sum")] * 501, start, end)


def test_latency_statistics_are_ordered(client: Client, simulator: SimulatorProcess) -> None:
    start, end = last_hours(simulator, 6)
    stats = ("Minimum", "p50", "p90", "p99", "Maximum")
    for name, metric in (("real-time", "ModelLatency"), ("provisioned", "OverheadLatency")):
        series = values(client, [query(name, metric, stat, 300) for stat in stats], start, end)
        for moment in series[0]:
            ranked = [points[moment] for points in series]
            assert ranked == sorted(ranked)
