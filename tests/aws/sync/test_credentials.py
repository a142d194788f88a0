"""Credentials that run out, are taken away or sign with a wrong clock: told as what they are, mended by themselves."""

from datetime import datetime, timedelta

import pytest

from dashboards.sync import words
from fleet.models import Account, Endpoint, Shard
from fleet.queries.endpoint import section_errors
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

MINUTE = timedelta(minutes=1)
ROLE = "arn:aws:iam::111122223333:role/Reader"


@pytest.fixture
def by_role(account: Account) -> list[Shard]:
    """Two regions of an account that is reached by a role."""
    account.role_arn = ROLE
    account.save()
    return [Shard.objects.create(account=account, region=region) for region in ("us-east-1", "eu-west-1")]


def told(shard: Shard, section: str = "inventory") -> words.Trouble:
    """What the Sync page says of a failed section."""
    shard.refresh_from_db()
    (error,) = [e for e in section_errors(shard.sections) if e.section == section]
    return words.trouble(error)


def open_endpoints() -> int:
    return Endpoint.objects.filter(closed_at=None).count()


def test_an_expired_token_is_renewed_at_most_once_per_call(
    simulator: SimulatorProcess, by_role: list[Shard], now: datetime
) -> None:
    shard = by_role[0]
    assert run_inventory(shard.pk, now=now).errors == {}
    simulator.fault("expired-token", "sagemaker:ListEndpoints").reset_calls()
    outcome = run_inventory(shard.pk, now=now + MINUTE)
    assert set(outcome.errors) == {"inventory"}
    calls = simulator.calls()["calls"]
    assert (calls["sagemaker:ListEndpoints"], calls["sts:AssumeRole"]) == (2, 1)
    assert open_endpoints() == 2
    trouble = told(shard)
    assert trouble.error.message == "The security token included in the request is expired"
    assert "credentials" in trouble.text


def test_a_token_that_expires_between_two_pages_costs_one_more_assumption_and_nothing_is_lost(
    simulator: SimulatorProcess, by_role: list[Shard], now: datetime
) -> None:
    simulator.add_endpoints(
        [
            {
                "name": f"many-{n:03}",
                "account": "test",
                "region": "us-east-1",
                "instances": {"type": "ml.c5.large"},
            }
            for n in range(120)
        ]
    )
    simulator.fault("expired-token", "sagemaker:ListEndpoints", skip=1, count=1)
    assert run_inventory(by_role[0].pk, now=now).errors == {}
    assert open_endpoints() == 122
    assert simulator.calls()["calls"]["sts:AssumeRole"] == 2


def test_a_region_that_takes_no_token_of_the_role_costs_one_more_assumption_not_one_per_call(
    simulator: SimulatorProcess, by_role: list[Shard], now: datetime
) -> None:
    """As AWS answers in a region that the account has not enabled."""
    here, there = by_role
    text = "The security token included in the request is invalid."
    for service in ("sagemaker", "application-autoscaling", "tag", "servicequotas"):
        where = {"action": f"{service}:*", "region": "eu-west-1"}
        simulator.fault("error", **where, code="UnrecognizedClientException", message=text, status=403)
    for minute in range(3):
        assert run_inventory(here.pk, now=now + minute * MINUTE).errors == {}
        assert "inventory" in run_inventory(there.pk, now=now + minute * MINUTE).failed_sections
    assert simulator.calls()["calls"]["sts:AssumeRole"] == 2
    assert told(there).error.message == text


def test_a_role_that_was_made_anew_is_assumed_anew(
    simulator: SimulatorProcess, by_role: list[Shard], now: datetime
) -> None:
    """Its earlier keys stay good for nothing, though they have not run out."""
    shard = by_role[0]
    run_inventory(shard.pk, now=now)
    simulator.fault("error", code="UnrecognizedClientException", message="no such token", status=403, count=1)
    assert run_inventory(shard.pk, now=now + MINUTE).errors == {}


def test_a_role_revoked_while_running_keeps_what_was_read_and_says_whose_trust_is_missing(
    simulator: SimulatorProcess, by_role: list[Shard], now: datetime
) -> None:
    here, there = by_role
    run_inventory(here.pk, now=now)
    run_inventory(there.pk, now=now)
    simulator.fault("revoked-role", account="111122223333", resource="Reader", skip=1)
    outcome = run_inventory(here.pk, now=now + MINUTE)
    assert outcome.failed_sections >= {"components", "scaling", "tags"}, "the first call still went through"
    assert open_endpoints() == 2
    assert Endpoint.objects.exclude(unreadable=None).count() == 0
    assert "inventory" in run_inventory(there.pk, now=now + MINUTE).failed_sections
    assert open_endpoints() == 2
    trouble = told(there)
    assert trouble.error.action == "sts:AssumeRole"
    assert f"not authorized to perform: sts:AssumeRole on resource: {ROLE}" in trouble.error.message
    assert "trust policy" in trouble.next
    simulator.clear_faults()
    for shard in by_role:
        assert run_inventory(shard.pk, now=now + 2 * MINUTE).errors == {}
        shard.refresh_from_db()
        assert (shard.failures, shard.inventory_ok_at) == (0, now + 2 * MINUTE)


@pytest.mark.parametrize(("ahead_s", "side"), [(600, "behind"), (-600, "ahead of")])
def test_a_clock_ten_minutes_off_is_told_as_the_clock_with_its_measure(
    simulator: SimulatorProcess, shard: Shard, now: datetime, ahead_s: int, side: str
) -> None:
    run_inventory(shard.pk, now=now)
    simulator.fault("clock-skew", seconds=ahead_s)
    outcome = run_inventory(shard.pk, now=now + MINUTE)
    assert "inventory" in outcome.failed_sections
    assert open_endpoints() == 2
    trouble = told(shard)
    assert trouble.error.code == "InvalidSignatureException"
    assert trouble.error.message.startswith("Signature ")
    assert trouble.error.skew_s == pytest.approx(-ahead_s, abs=5)
    assert f"10 min {side} AWS's" in trouble.text
    assert "role" not in trouble.next, "the credentials are good"
    assert "time service" in trouble.next
    simulator.clear_faults()
    assert run_inventory(shard.pk, now=now + 2 * MINUTE).errors == {}


def test_ticks_and_stored_times_follow_one_clock_though_aws_runs_four_minutes_ahead(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.fault("clock-skew", seconds=240)
    assert run_inventory(shard.pk, now=now).errors == {}
    shard.refresh_from_db()
    assert shard.inventory_ok_at == now
    assert run_inventory(shard.pk, now=now + MINUTE).errors == {}
    assert open_endpoints() == 2
