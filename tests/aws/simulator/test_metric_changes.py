"""Metrics follow capacity: from a change on, the numbers are those of the new capacity."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.aws.simulator.conftest import Client, settled
from tests.aws.simulator.metric_reading import last_hours, query, values
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws


def test_more_concurrency_relieves_a_saturated_endpoint(client: Client, simulator: SimulatorProcess) -> None:
    start, end = last_hours(simulator, 1)
    use = [query("saturated", "ServerlessConcurrentExecutionsUtilization", "Maximum")]
    assert set(values(client, use, start, end)[0].values()) == {1.0}
    client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="saturated",
        DesiredWeightsAndCapacities=[
            {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 50}}
        ],
    )
    settled(client("sagemaker"), "saturated")
    changed_at = simulator.now()
    simulator.advance(600)
    use.append(query("saturated", "ServerlessConcurrentExecutionsUtilization", "Average"))
    most, mean = values(client, use, changed_at + timedelta(minutes=2), simulator.now())
    assert len(most) >= 7
    # Some 32 of 50 at work when most are. A maximum is a whole number of executions, and which one is up to chance.
    assert all(0.2 < value < 0.6 for value in mean.values())
    assert all(0.5 < value <= 1 for value in most.values())
    assert min(most.values()) < 0.9, "no longer full in every minute"
    assert all(abs(value * 50 - round(value * 50)) < 1e-6 for value in most.values())


def test_a_converted_endpoint_publishes_as_an_instance_from_then_on(
    client: Client, simulator: SimulatorProcess
) -> None:
    sagemaker = client("sagemaker")
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "saturated-model",
        "InstanceType": "ml.c5.large",
        "InitialInstanceCount": 2,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="converted", ProductionVariants=[variant])
    sagemaker.update_endpoint(EndpointName="saturated", EndpointConfigName="converted")
    settled(sagemaker, "saturated")
    changed_at = simulator.now()
    simulator.advance(1200)
    queries = [
        query("saturated", "CPUUtilization", "SampleCount"),
        query("saturated", "ServerlessConcurrentExecutionsUtilization", "Maximum"),
    ]
    window = (changed_at - timedelta(minutes=20), simulator.now())
    cpu, use = values(client, queries, *window)
    assert set(cpu.values()) == {2.0}
    assert max(use) <= changed_at < min(cpu) + timedelta(minutes=1)
    row = next(r for r in simulator.truth(*window)["variants"] if r["endpoint"] == "saturated")
    assert sum(cpu.values()) == row["instance_minutes"]


def test_provisioned_concurrency_absorbs_cold_starts(client: Client, simulator: SimulatorProcess) -> None:
    client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="on-demand",
        DesiredWeightsAndCapacities=[
            {
                "VariantName": "AllTraffic",
                "ServerlessUpdateConfig": {"MaxConcurrency": 20, "ProvisionedConcurrency": 2},
            }
        ],
    )
    settled(client("sagemaker"), "on-demand")
    changed_at = simulator.now() + timedelta(minutes=1)
    simulator.advance(7 * 86400 + 3600)
    rows = simulator.truth(changed_at, changed_at + timedelta(days=7))["variants"]
    row = next(r for r in rows if r["endpoint"] == "on-demand")
    assert row["invocations"] == row["provisioned_invocations"] > 0
    assert row["cold_starts"] == 0


def test_a_stranded_queue_ages_until_an_instance_comes(client: Client, simulator: SimulatorProcess) -> None:
    backlog = [
        query("stranded", metric, "Maximum", EndpointName="stranded")
        for metric in ("ApproximateBacklogSize", "ApproximateAgeOfOldestRequest", "HasBacklogWithoutCapacity")
    ]
    now = simulator.now()
    size, age, waiting = values(client, backlog, now - timedelta(minutes=10), now)
    assert set(size.values()) == {12.0}
    assert min(age.values()) > 2.5 * 3600
    assert set(waiting.values()) == {1.0}
    client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="stranded",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}],
    )
    settled(client("sagemaker"), "stranded")
    simulator.advance(900)
    now = simulator.now()
    size, _, waiting = values(client, backlog, now - timedelta(minutes=4), now)
    assert set(size.values()) == {0.0}
    assert set(waiting.values()) == {0.0}


def test_a_new_config_starts_cold_and_a_capacity_change_does_not(
    client: Client, simulator: SimulatorProcess
) -> None:
    sagemaker = client("sagemaker")
    launches = [query("provisioned", "ModelSetupTime", "SampleCount")]
    update = [{"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 41}}]
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="provisioned", DesiredWeightsAndCapacities=update
    )
    settled(sagemaker, "provisioned")
    resized = simulator.now()
    simulator.advance(180)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "on-demand-model",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 41, "ProvisionedConcurrency": 4},
    }
    sagemaker.create_endpoint_config(EndpointConfigName="same-size", ProductionVariants=[variant])
    sagemaker.update_endpoint(EndpointName="provisioned", EndpointConfigName="same-size")
    settled(sagemaker, "provisioned")
    deployed = simulator.now()
    simulator.advance(180)
    # About six run at once, four of them on provisioned concurrency: a fresh start launches the rest at once.
    before = sum(values(client, launches, resized, deployed)[0].values())
    after = sum(values(client, launches, deployed, simulator.now())[0].values())
    assert after >= 2
    assert after > before
