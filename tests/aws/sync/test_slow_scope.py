"""A scope that AWS slows down: what was read stays, the rest follows, and no other scope waits for it."""

from datetime import datetime, timedelta

import pytest

from fleet.aws import pace, sagemaker
from fleet.errors import Throttled
from fleet.models import Account, Endpoint, Shard
from fleet.sync import inventory, many
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
MINUTE = timedelta(minutes=1)


def test_what_was_read_in_time_is_kept_and_the_rest_follows(
    simulator: SimulatorProcess, shard: Shard, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.fault("latency", "sagemaker:DescribeEndpoint", seconds=0.2)
    with monkeypatch.context() as hurried:
        hurried.setattr(inventory, "CHUNK", 1)
        hurried.setattr(inventory, "READ_FOR_S", 0.1)
        outcome = run_inventory(shard.pk, now=now)
    assert set(outcome.errors) == {"inventory"}
    shard.refresh_from_db()
    error = shard.sections["inventory"]["error"]
    assert (error["code"], error["kind"]) == ("OutOfTime", "Unavailable")
    assert "1 endpoints follow" in error["message"]
    assert Endpoint.objects.count() == 1
    simulator.clear_faults().reset_calls()
    assert run_inventory(shard.pk, now=now + MINUTE).errors == {}
    assert simulator.calls()["calls"]["sagemaker:DescribeEndpoint"] == 1
    assert Endpoint.objects.count() == 2


def test_throttling_slows_down_the_scope_it_struck_and_no_other(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    simulator.fault("throttle", "sagemaker:ListEndpoints", region="us-east-1")
    with pytest.raises(Throttled):
        list(sagemaker.list_endpoints(shard.scope))
    elsewhere = Shard(account=shard.account, region="eu-west-1")
    assert list(sagemaker.list_endpoints(elsewhere.scope)) == []
    assert pace.of(shard.account.account_id, "us-east-1", "sagemaker").rate is not None
    assert pace.of(shard.account.account_id, "eu-west-1", "sagemaker").rate is None


def test_a_shard_that_cannot_be_synced_at_all_stops_no_other(
    simulator: SimulatorProcess, account: Account, now: datetime
) -> None:
    shards = [Shard.objects.create(account=account, region=r) for r in ("us-east-1", "eu-west-1")]
    missing = max(shard.pk for shard in shards) + 1
    with pytest.raises(Shard.DoesNotExist):
        many.run([missing, *(shard.pk for shard in shards)], now=lambda: now)
    assert Shard.objects.filter(inventory_ok_at=now).count() == 2
