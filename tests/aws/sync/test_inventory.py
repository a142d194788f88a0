"""The mirror equals what AWS holds, looks closely only where it must, and tells every difference."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from fleet.models import CapacityPeriod, ChangeEvent, Endpoint, Shard, VariantStatus
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

MINUTE = timedelta(minutes=1)
Versions = Callable[[], dict[str, list[tuple[int, int]]]]


def settled(simulator: SimulatorProcess) -> datetime:
    """Let every change in the simulator come to its end; the instant after it."""
    return simulator.advance(30).now()


def changes(name: str, category: str) -> list[ChangeEvent]:
    return list(ChangeEvent.objects.filter(endpoint__name=name, category=category).order_by("id"))


def test_mirror_equals_aws_for_one_endpoint_of_each_kind(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard
) -> None:
    simulator.reset("one_of_each")
    outcome = run_inventory(shard.pk, now=simulator.now())
    assert outcome.errors == {}
    live = {}
    for page in sagemaker.get_paginator("list_endpoints").paginate():
        for row in page["Endpoints"]:
            live[row["EndpointName"]] = sagemaker.describe_endpoint(EndpointName=row["EndpointName"])
    stored = {e.name: e for e in Endpoint.objects.filter(closed_at=None).select_related("config")}
    assert set(stored) == set(live)
    assert {e.kind for e in stored.values()} >= {
        "serverless",
        "real-time",
        "asynchronous",
        "multi-model",
        "multi-container",
        "inference-component",
    }
    for name, document in live.items():
        row = stored[name]
        assert (row.status, row.config_name) == (document["EndpointStatus"], document["EndpointConfigName"])
        assert (row.created_at, row.modified_at) == (document["CreationTime"], document["LastModifiedTime"])
        assert row.config is not None
        assert row.config.name == document["EndpointConfigName"]
        variants = document.get("ProductionVariants", []) + document.get("ShadowProductionVariants", [])
        kept = {v.name: v for v in row.variants.filter(removed_at=None)}
        assert {v["VariantName"] for v in variants} <= set(kept)
        for variant in variants:
            status = kept[variant["VariantName"]]
            serverless = variant.get("CurrentServerlessConfig", {})
            assert status.current_instance_count == variant.get("CurrentInstanceCount")
            assert status.memory_mb == serverless.get("MemorySizeInMB")
            assert status.max_concurrency == serverless.get("MaxConcurrency")
            assert status.provisioned_concurrency == serverless.get("ProvisionedConcurrency")


@pytest.mark.django_db(transaction=True)
def test_a_run_after_all_was_read_describes_and_writes_nothing(
    simulator: SimulatorProcess, shard: Shard, now: datetime, row_versions: Versions
) -> None:
    run_inventory(shard.pk, now=now)
    # Images and artefacts are asked for in the run after the one that found them.
    run_inventory(shard.pk, now=now + MINUTE)
    before = row_versions()
    assert before["fleet_endpoint"]
    simulator.reset_calls()
    outcome = run_inventory(shard.pk, now=now + 2 * MINUTE)
    assert outcome.errors == {}
    assert row_versions() == before
    calls = simulator.calls()["calls"]
    assert calls.get("sagemaker:DescribeEndpoint", 0) == 0
    assert calls.get("sagemaker:DescribeEndpointConfig", 0) == 0
    assert calls.get("sagemaker:DescribeModel", 0) == 0
    assert calls["sagemaker:ListEndpoints"] == 1


def test_full_check_looks_at_every_endpoint_once_within_the_hour(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    for minute in range(0, 90, 5):
        run_inventory(shard.pk, now=now + minute * MINUTE)
    simulator.reset_calls()
    for minute in range(90, 150, 5):
        run_inventory(shard.pk, now=now + minute * MINUTE)
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == 2


def test_changed_concurrency_is_described_once_and_told(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="alpha-serverless",
        DesiredWeightsAndCapacities=[
            {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 35}}
        ],
    )
    later = settled(simulator)
    simulator.reset_calls()
    run_inventory(shard.pk, now=later)
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == 1
    variant = VariantStatus.objects.get(endpoint__name="alpha-serverless")
    assert variant.max_concurrency == 35
    (event,) = changes("alpha-serverless", "capacity")
    assert "max concurrency 20 → 35" in event.summary
    periods = list(CapacityPeriod.objects.filter(variant=variant))
    assert [(p.max_concurrency, p.end is None) for p in periods] == [(20, False), (35, True)]
    assert periods[0].end == periods[1].start
    assert periods[0].is_inferred
    assert not periods[1].is_inferred
    assert changes("beta-realtime", "capacity") == []


def test_new_config_is_told_field_by_field(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    old = Endpoint.objects.select_related("config").get(name="alpha-serverless")
    assert old.config is not None
    variant = dict(old.config.document["ProductionVariants"][0])
    variant["ServerlessConfig"] = {"MemorySizeInMB": 4096, "MaxConcurrency": 20}
    sagemaker.create_endpoint_config(EndpointConfigName="alpha-bigger", ProductionVariants=[variant])
    sagemaker.update_endpoint(EndpointName="alpha-serverless", EndpointConfigName="alpha-bigger")
    later = settled(simulator)
    simulator.reset_calls()
    run_inventory(shard.pk, now=later)
    calls = simulator.calls()["calls"]
    assert calls["sagemaker:DescribeEndpointConfig"] == 1
    (event,) = changes("alpha-serverless", "config")
    assert event.summary == f"Config {old.config_name} → alpha-bigger: memory in MB 2048 → 4096"
    assert event.before["AllTraffic.ServerlessConfig.MemorySizeInMB"] == 2048
    assert event.after["AllTraffic.ServerlessConfig.MemorySizeInMB"] == 4096
    row = Endpoint.objects.get(name="alpha-serverless")
    assert row.config is not None
    assert row.config.name == "alpha-bigger"


def test_status_is_followed_through_an_update(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="beta-realtime",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    run_inventory(shard.pk, now=simulator.now())
    row = Endpoint.objects.get(name="beta-realtime")
    assert row.status == "Updating"
    assert row.variants.get().desired_instance_count == 3
    run_inventory(shard.pk, now=settled(simulator))
    row.refresh_from_db()
    assert row.status == "InService"
    assert [e.summary for e in changes("beta-realtime", "status")] == [
        "Status InService → Updating",
        "Status Updating → InService",
    ]
    assert row.variants.get().current_instance_count == 3


def test_deleted_endpoint_is_closed_and_its_successor_is_another_row(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    config = Endpoint.objects.get(name="alpha-serverless").config_name
    sagemaker.delete_endpoint(EndpointName="alpha-serverless")
    gone_at = settled(simulator)
    run_inventory(shard.pk, now=gone_at)
    old = Endpoint.objects.get(name="alpha-serverless")
    assert old.closed_at == gone_at
    assert not CapacityPeriod.objects.filter(variant__endpoint=old, end=None).exists()
    assert len(changes("alpha-serverless", "closed")) == 1
    sagemaker.create_endpoint(EndpointName="alpha-serverless", EndpointConfigName=config)
    run_inventory(shard.pk, now=settled(simulator))
    rows = Endpoint.objects.filter(name="alpha-serverless").order_by("created_at")
    assert [row.closed_at is None for row in rows] == [False, True]
    period = CapacityPeriod.objects.get(variant__endpoint=rows[1])
    assert (period.start, period.is_inferred) == (rows[1].created_at, False)


def test_name_reused_between_two_looks_closes_the_first(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    config = Endpoint.objects.get(name="alpha-serverless").config_name
    sagemaker.delete_endpoint(EndpointName="alpha-serverless")
    settled(simulator)
    sagemaker.create_endpoint(EndpointName="alpha-serverless", EndpointConfigName=config)
    run_inventory(shard.pk, now=settled(simulator))
    rows = Endpoint.objects.filter(name="alpha-serverless").order_by("created_at")
    assert [row.closed_at is None for row in rows] == [False, True]


def test_hostile_names_and_tags_stay_text(simulator: SimulatorProcess, shard: Shard) -> None:
    evil = '<script>alert("x")</script>'
    simulator.add_endpoint(
        name="Hostile-Case",
        account="test",
        region="us-east-1",
        serverless={"memory_mb": 1024, "max_concurrency": 5},
        tags={"owner": evil, "Team": "=cmd|' /C calc'!A0"},
    )
    outcome = run_inventory(shard.pk, now=simulator.now())
    assert outcome.errors == {}
    row = Endpoint.objects.get(name="Hostile-Case")
    assert row.tags["owner"] == row.owner == evil
    assert row.team == "=cmd|' /C calc'!A0"
    assert "hostile-case" in row.search_text
    assert evil.lower() in row.search_text


def test_tag_change_is_told_but_first_tags_are_not(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    row = Endpoint.objects.get(name="alpha-serverless")
    assert row.tags == {"owner": "ana", "team": "search", "env": "test"}
    assert changes("alpha-serverless", "tags") == []
    sagemaker.add_tags(ResourceArn=row.arn, Tags=[{"Key": "team", "Value": "ranking"}])
    run_inventory(shard.pk, now=now + MINUTE)
    (event,) = changes("alpha-serverless", "tags")
    assert event.summary == "Tags: team search → ranking"
    row.refresh_from_db()
    assert row.team == "ranking"
