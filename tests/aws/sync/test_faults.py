"""What goes wrong in one place stays there, is told in AWS's words, and nothing is lost by it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fleet import locks
from fleet.aws import sessions
from fleet.errors import LeaseLost
from fleet.models import Account, CallTally, ChangeEvent, Endpoint, ScalableTarget, Shard
from fleet.sync import inventory
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

MINUTE = timedelta(minutes=1)


def nothing() -> None:
    """A lease that needs no extending."""


def add_endpoints(simulator: SimulatorProcess, count: int) -> None:
    simulator.add_endpoints(
        [
            {
                "name": f"many-{number:02}",
                "account": "test",
                "region": "us-east-1",
                "serverless": {"memory_mb": 1024, "max_concurrency": 1},
            }
            for number in range(count)
        ]
    )


def test_throttled_section_leaves_the_others_synced(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("throttle", "application-autoscaling:DescribeScalableTargets")
    outcome = run_inventory(shard.pk, now=now)
    assert outcome.failed_sections == {"scaling"}
    assert Endpoint.objects.filter(closed_at=None).count() == 2
    assert Endpoint.objects.get(name="alpha-serverless").team == "search"
    tally = CallTally.objects.get(action="application-autoscaling:DescribeScalableTargets")
    assert tally.throttles == tally.calls > 1
    shard.refresh_from_db()
    error = shard.sections["scaling"]["error"]
    assert (error["code"], error["message"]) == ("ThrottlingException", "Rate exceeded")
    assert shard.sections["inventory"]["error"] is None
    assert shard.inventory_ok_at == now


def test_missing_permission_is_named_since_when_and_heals(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("deny", "tag:GetResources")
    run_inventory(shard.pk, now=now)
    run_inventory(shard.pk, now=now + MINUTE)
    shard.refresh_from_db()
    error = shard.sections["tags"]["error"]
    assert error["action"] == "tag:GetResources"
    assert "is not authorized to perform: tag:GetResources" in error["message"]
    assert error["request_id"]
    assert error["since"] == now.isoformat()
    assert shard.sections["tags"]["ok_at"] is None
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + 2 * MINUTE)
    shard.refresh_from_db()
    assert shard.sections["tags"]["error"] is None
    assert shard.sections["tags"]["ok_at"] == (now + 2 * MINUTE).isoformat()


@pytest.mark.parametrize("fault", ["truncate", "500", "reset", "throttle", "deny"])
def test_failed_listing_closes_nothing_and_backs_off(
    simulator: SimulatorProcess, shard: Shard, now: datetime, fault: str
) -> None:
    run_inventory(shard.pk, now=now)
    simulator.fault(fault, "sagemaker:ListEndpoints")
    outcome = run_inventory(shard.pk, now=now + MINUTE)
    assert "inventory" in outcome.failed_sections
    assert Endpoint.objects.filter(closed_at=None).count() == 2
    shard.refresh_from_db()
    assert shard.failures == 1
    assert shard.inventory_ok_at == now
    assert shard.inventory_due_at is not None
    assert shard.inventory_due_at > now + MINUTE
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + 2 * MINUTE)
    shard.refresh_from_db()
    assert (shard.failures, shard.inventory_ok_at) == (0, now + 2 * MINUTE)


def test_listing_cut_after_its_first_page_closes_nothing(simulator: SimulatorProcess, shard: Shard) -> None:
    add_endpoints(simulator, 120)
    run_inventory(shard.pk, now=simulator.now())
    assert Endpoint.objects.count() == 122
    simulator.fault("truncate", "sagemaker:ListEndpoints", skip=1)
    outcome = run_inventory(shard.pk, now=simulator.now() + MINUTE)
    assert "inventory" in outcome.failed_sections
    assert not Endpoint.objects.exclude(closed_at=None).exists()


def test_mass_disappearance_is_held_back_then_confirmed_by_name(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    add_endpoints(simulator, 8)
    now = simulator.now()
    run_inventory(shard.pk, now=now)
    assert Endpoint.objects.count() == 10
    simulator.reset("two_endpoints")
    outcome = run_inventory(shard.pk, now=now + MINUTE)
    assert outcome.failed_sections == {"inventory"}
    shard.refresh_from_db()
    assert shard.sections["inventory"]["error"]["code"] == "MassDisappearance"
    assert Endpoint.objects.filter(name__startswith="many", closed_at=None).count() == 8
    run_inventory(shard.pk, now=now + 10 * MINUTE)
    assert Endpoint.objects.filter(name__startswith="many", closed_at=None).count() == 8
    outcome = run_inventory(shard.pk, now=now + 17 * MINUTE)
    assert outcome.failed_sections == set()
    assert Endpoint.objects.filter(name__startswith="many", closed_at=None).count() == 0


def test_endpoint_that_vanishes_before_its_describe_is_closed(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("vanish", "sagemaker:DescribeEndpoint", resource="beta-realtime", count=1)
    outcome = run_inventory(shard.pk, now=now)
    assert outcome.errors == {}
    assert [e.name for e in Endpoint.objects.all()] == ["alpha-serverless"]


def test_unreadable_endpoint_is_marked_and_does_not_stop_its_shard(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("deny", "sagemaker:DescribeEndpoint", resource="beta-realtime")
    outcome = run_inventory(shard.pk, now=now)
    assert outcome.errors == {}
    bad = Endpoint.objects.get(name="beta-realtime")
    assert bad.unreadable is not None
    assert bad.unreadable["action"] == "sagemaker:DescribeEndpoint"
    assert (bad.status, bad.kind, bad.described_at) == ("InService", "unknown", None)
    assert Endpoint.objects.get(name="alpha-serverless").unreadable is None
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + 5 * MINUTE)
    bad.refresh_from_db()
    assert (bad.unreadable, bad.kind) == (None, "real-time")


def test_denied_config_keeps_what_was_known(simulator: SimulatorProcess, shard: Shard, now: datetime) -> None:
    simulator.fault("deny", "sagemaker:DescribeEndpointConfig", resource="*")
    outcome = run_inventory(shard.pk, now=now)
    assert outcome.errors == {}
    row = Endpoint.objects.get(name="beta-realtime")
    assert (row.kind, row.kind_reason) == (
        "unknown",
        "its endpoint config cannot be read (DescribeEndpointConfig)",
    )
    assert row.unreadable is not None
    # Serverless shows in the endpoint itself, so it needs no config to be told.
    assert Endpoint.objects.get(name="alpha-serverless").kind == "serverless"
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + 5 * MINUTE)
    row.refresh_from_db()
    assert (row.kind, row.unreadable) == ("real-time", None)


def test_denied_endpoint_is_tried_every_five_minutes_only(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    simulator.fault("deny", "sagemaker:DescribeEndpoint", resource="beta-realtime")
    run_inventory(shard.pk, now=now)
    since = Endpoint.objects.values_list("unreadable__since", flat=True).get(name="beta-realtime")
    simulator.reset_calls()
    told = [
        str(run_inventory(shard.pk, now=now + minute * MINUTE).counts["inventory"]) for minute in range(1, 11)
    ]
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == 2
    assert all("1 unreadable" in text for text in told), told
    assert Endpoint.objects.values_list("unreadable__since", flat=True).get(name="beta-realtime") == since
    # A change that the listing shows is looked at in its own minute.
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="beta-realtime",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + 11 * MINUTE)
    assert Endpoint.objects.get(name="beta-realtime").unreadable is None


def test_throttled_describe_is_repeated_next_time(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("throttle", "sagemaker:DescribeEndpoint", resource="beta-realtime")
    outcome = run_inventory(shard.pk, now=now)
    assert outcome.failed_sections == {"inventory"}
    assert Endpoint.objects.get(name="alpha-serverless").kind == "serverless"
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + MINUTE)
    assert Endpoint.objects.get(name="beta-realtime").kind == "real-time"


def test_expired_role_token_is_renewed_once(simulator: SimulatorProcess, account: Account) -> None:
    account.role_arn = "arn:aws:iam::111122223333:role/Reader"
    account.save()
    shard = Shard.objects.create(account=account, region="us-east-1")
    simulator.fault("expired-token", "sagemaker:ListEndpoints", count=1)
    outcome = run_inventory(shard.pk, now=simulator.now())
    assert outcome.errors == {}
    assert Endpoint.objects.count() == 2
    assert simulator.calls()["calls"]["sts:AssumeRole"] == 2


def test_role_that_may_not_be_assumed_is_told_as_such(simulator: SimulatorProcess, account: Account) -> None:
    account.role_arn = "arn:aws:iam::111122223333:role/Guarded"
    account.external_id = "wrong"
    account.save()
    shard = Shard.objects.create(account=account, region="us-east-1")
    outcome = run_inventory(shard.pk, now=simulator.now())
    assert "inventory" in outcome.failed_sections
    shard.refresh_from_db()
    error = shard.sections["inventory"]["error"]
    assert (error["kind"], error["action"]) == ("CredentialsInvalid", "sts:AssumeRole")


def test_aws_out_of_reach_is_recorded_and_recovers(
    simulator: SimulatorProcess, shard: Shard, now: datetime, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    url = simulator.url
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    sessions.reset()
    outcome = run_inventory(shard.pk, now=now)
    assert "inventory" in outcome.failed_sections
    shard.refresh_from_db()
    assert shard.sections["inventory"]["error"]["kind"] == "Unavailable"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    sessions.reset()
    assert run_inventory(shard.pk, now=now + MINUTE).errors == {}
    assert Endpoint.objects.count() == 2


def test_held_lease_means_nothing_is_done(simulator: SimulatorProcess, shard: Shard, now: datetime) -> None:
    with locks.lease(f"inventory:{shard.pk}") as held:
        assert held is not None
        outcome = run_inventory(shard.pk, now=now)
    assert outcome.held
    assert simulator.calls()["calls"] == {}
    assert not Endpoint.objects.exists()
    assert not run_inventory(shard.pk, now=now).held


def test_run_with_an_older_fence_cannot_write(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    old = locks.fenced(shard.pk).fence
    locks.fenced(shard.pk)
    with pytest.raises(LeaseLost):
        inventory.run(shard, now=now, fence=old, keep_alive=nothing)
    assert not Endpoint.objects.exists()
    assert not ChangeEvent.objects.exists()


def test_scaling_is_not_lost_when_its_second_listing_fails(simulator: SimulatorProcess, shard: Shard) -> None:
    simulator.reset("one_of_each")
    now = simulator.now()
    run_inventory(shard.pk, now=now)
    known = set(ScalableTarget.objects.values_list("resource_id", flat=True))
    assert known
    simulator.fault("500", "application-autoscaling:DescribeScalingPolicies")
    outcome = run_inventory(shard.pk, now=now + MINUTE)
    assert outcome.failed_sections == {"scaling"}
    assert set(ScalableTarget.objects.values_list("resource_id", flat=True)) == known
