"""Listings that loop, come in empty pages or come back empty: only a complete one may close an endpoint."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fleet.models import Endpoint, ScalableTarget, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

MINUTE = timedelta(minutes=1)
LISTINGS = (
    "sagemaker:ListEndpoints",
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "tag:GetResources",
    "sagemaker:ListInferenceComponents",
)


def test_a_repeated_token_ends_the_listing_as_a_failure_and_closes_nothing(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    simulator.fault("repeat-token", "sagemaker:ListEndpoints").reset_calls()
    outcome = run_inventory(shard.pk, now=now + MINUTE)
    assert simulator.calls()["calls"]["sagemaker:ListEndpoints"] == 2
    assert "inventory" in outcome.failed_sections
    assert Endpoint.objects.filter(closed_at=None).count() == 2
    shard.refresh_from_db()
    error = shard.sections["inventory"]["error"]
    assert (error["code"], error["kind"]) == ("RepeatedToken", "Unavailable")
    assert "same NextToken twice" in error["message"]
    simulator.clear_faults()
    assert run_inventory(shard.pk, now=now + 2 * MINUTE).errors == {}


@pytest.mark.parametrize("kind", ["repeat-token", "without-list"])
def test_no_listing_loops_or_takes_a_missing_list_for_an_empty_one(
    simulator: SimulatorProcess, shard: Shard, kind: str
) -> None:
    simulator.reset("one_of_each")
    now = simulator.now()
    assert run_inventory(shard.pk, now=now).errors == {}
    before = truth_of_rows()
    for action in LISTINGS:
        simulator.fault(kind, action)
    outcome = run_inventory(shard.pk, now=now + 10 * MINUTE)
    assert outcome.failed_sections >= {"inventory", "components", "scaling", "tags"}
    assert truth_of_rows() == before


def test_empty_pages_are_followed_to_their_end(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    for action in LISTINGS:
        simulator.fault("empty-page", action, count=3)
    assert run_inventory(shard.pk, now=now).errors == {}
    assert Endpoint.objects.filter(closed_at=None).count() == 2
    assert Endpoint.objects.get(name="alpha-serverless").team == "search"


def test_a_listing_that_comes_back_empty_is_held_back_then_disproved_by_name(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    simulator.reset("one_of_each")
    now = simulator.now()
    run_inventory(shard.pk, now=now)
    known = truth_of_rows()["endpoints"]
    assert len(known) > 5
    simulator.fault("empty-list", "sagemaker:ListEndpoints")
    outcome = run_inventory(shard.pk, now=now + MINUTE)
    assert outcome.failed_sections == {"inventory"}
    simulator.reset_calls()
    run_inventory(shard.pk, now=now + 20 * MINUTE)
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == len(known), "each is asked for by name"
    assert truth_of_rows()["endpoints"] == known, "all are still there, whatever the listing says"
    simulator.clear_faults()
    assert run_inventory(shard.pk, now=now + 21 * MINUTE).errors == {}
    assert truth_of_rows()["endpoints"] == known


def test_names_freed_and_taken_again_between_two_looks_are_other_endpoints(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    for _ in range(2):
        sagemaker.delete_endpoint(EndpointName="alpha-serverless")
        simulator.advance(5)
        sagemaker.create_endpoint(
            EndpointName="alpha-serverless", EndpointConfigName=_config(sagemaker, "beta-realtime")
        )
        simulator.advance(5)
    assert run_inventory(shard.pk, now=simulator.now()).errors == {}
    first, last = Endpoint.objects.filter(name="alpha-serverless").order_by("created_at")
    assert first.closed_at is not None
    assert (last.closed_at, last.kind, last.status) == (None, "real-time", "InService")
    live = sagemaker.describe_endpoint(EndpointName="alpha-serverless")
    assert last.created_at == live["CreationTime"]


def test_a_region_that_refuses_keeps_its_endpoints_and_is_tried_ever_more_slowly_up_to_an_hour(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    other = Shard.objects.create(account=shard.account, region="eu-west-1")
    run_inventory(shard.pk, now=now)
    simulator.fault("deny", "sagemaker:*", region="us-east-1")
    pauses = []
    for _ in range(9):
        now += timedelta(hours=1)
        run_inventory(shard.pk, now=now)
        assert run_inventory(other.pk, now=now).errors == {}
        shard.refresh_from_db()
        assert shard.inventory_due_at is not None
        pauses.append((shard.inventory_due_at - now) / MINUTE)
    assert 0.8 <= pauses[0] <= 1.2
    assert all(48 <= pause <= 72 for pause in pauses[-2:]), pauses
    assert Endpoint.objects.filter(closed_at=None).count() == 2
    error = shard.sections["inventory"]["error"]
    assert (error["kind"], error["action"]) == ("AccessDenied", "sagemaker:ListEndpoints")
    other.refresh_from_db()
    assert other.failures == 0
    simulator.clear_faults()
    assert run_inventory(shard.pk, now=now + MINUTE).errors == {}


def truth_of_rows() -> dict[str, list[str]]:
    return {
        "endpoints": sorted(Endpoint.objects.filter(closed_at=None).values_list("name", flat=True)),
        "targets": sorted(ScalableTarget.objects.values_list("resource_id", flat=True)),
    }


def _config(client: Any, endpoint: str) -> str:
    return str(client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"])
