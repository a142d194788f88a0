"""The live check of an account against AWS: who Flotilla is, what each role may do, which regions there are."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from fleet.access import accounts
from fleet.access.aws_actions import act_actions
from fleet.models import Account
from fleet.sync import account_check, permissions
from stack.layout import ROOT
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]
ID = "111122223333"


def checked(simulator: SimulatorProcess, account: Account) -> dict[str, Any]:
    assert account_check.check(account.pk, now=simulator.now())
    account.refresh_from_db()
    return dict(account.permissions)


def states(report: dict[str, Any], role: str) -> dict[str, tuple[str, str]]:
    return {row["action"]: (row["state"], row["proof"]) for row in report["rows"] if row["role"] == role}


def test_every_read_is_tried_and_the_principal_is_told(simulator: SimulatorProcess, account: Account) -> None:
    report = checked(simulator, account)
    assert report["principal"] == {"arn": f"arn:aws:iam::{ID}:root", "error": ""}
    assert report["done_at"]
    assert len(report["rows"]) == report["total"] == len(permissions.READS)
    found = states(report, "read")
    assert found["sagemaker:DescribeEndpoint"] == ("allowed", "call")
    assert {state for state, _ in found.values()} <= {"allowed", "unknown"}
    assert account.identity_error == ""


def test_a_missing_permission_is_told_with_what_it_disables_and_the_rest_is_checked(
    simulator: SimulatorProcess, account: Account
) -> None:
    simulator.fault("deny", "tag:GetResources")
    report = checked(simulator, account)
    (row,) = [row for row in report["rows"] if row["state"] == "denied"]
    assert (row["action"], row["without"], row["proof"]) == (
        "tag:GetResources",
        "owners, teams and tags",
        "call",
    )
    assert "is not authorized to perform: tag:GetResources" in row["message"]
    assert len(report["rows"]) == report["total"]


def test_a_failure_of_aws_proves_nothing(simulator: SimulatorProcess, account: Account) -> None:
    simulator.fault("error", "servicequotas:ListServiceQuotas", code="InvalidSomething", status=500)
    found = states(checked(simulator, account), "read")
    assert found["servicequotas:ListServiceQuotas"] == ("unknown", "not proven")


def test_a_role_that_cannot_be_assumed_ends_the_check_with_awss_words(
    simulator: SimulatorProcess, account: Account
) -> None:
    Account.objects.update(role_arn=f"arn:aws:iam::{ID}:role/nobody", external_id="flotilla-x")
    report = checked(simulator, account)
    assert report["rows"] == []
    assert report["done_at"]
    assert "is not authorized to perform: sts:AssumeRole" in account.identity_error
    assert report["principal"]["arn"], "the trust policy's text needs it most when the role does not work yet"


def test_without_leave_to_simulate_the_act_role_stays_unproven(
    simulator: SimulatorProcess, account: Account
) -> None:
    simulator.fault("deny", "iam:SimulatePrincipalPolicy")
    Account.objects.update(act_role_arn=f"arn:aws:iam::{ID}:role/FlotillaAct", external_id="flotilla-x")
    found = states(checked(simulator, account), "act")
    assert found == dict.fromkeys(act_actions(), ("unknown", "not proven"))


def test_a_disabled_account_is_asked_nothing(simulator: SimulatorProcess, account: Account) -> None:
    Account.objects.update(enabled=False, set_up_at=simulator.now())
    simulator.reset_calls()
    assert not account_check.check(account.pk, now=simulator.now())
    assert simulator.calls()["calls"] == {}


def test_what_the_act_role_may_do_is_asked_of_iam_and_never_tried(
    simulator: SimulatorProcess, account: Account
) -> None:
    simulator.reset(ROOT / "simulator" / "fleet.yaml")
    Account.objects.update(
        role_arn=f"arn:aws:iam::{ID}:role/FlotillaRead", act_role_arn=f"arn:aws:iam::{ID}:role/FlotillaAct",
        external_id="prod-91d0e2",
    )  # fmt: skip
    found = states(checked(simulator, account), "act")
    assert account.act_identity_error == ""
    assert found == dict.fromkeys(act_actions(), ("allowed", "simulation"))
    Account.objects.update(act_role_arn=f"arn:aws:iam::{ID}:role/FlotillaRead")
    found = states(checked(simulator, account), "act")
    assert found["sagemaker:UpdateEndpoint"] == ("denied", "simulation")
    Account.objects.update(act_role_arn="")
    assert states(checked(simulator, account), "act") == {}, "nothing is missing of a role nobody wants"
    assert account.cannot_change
    simulator.fault("deny", "iam:SimulatePrincipalPolicy")
    checked(simulator, account)
    assert not account.cannot_change, "what nobody told is not held against the account"
    assert simulator.calls()["writes"] == []


def test_regions_come_from_account_management_then_from_ec2(
    simulator: SimulatorProcess, account: Account
) -> None:
    checked(simulator, account)
    assert account.found_regions["source"] == "account:ListRegions"
    assert account.found_regions["regions"]["us-east-1"] is True
    assert account.found_regions["regions"]["af-south-1"] is False, "an opt-in region nobody opted in to"
    simulator.fault("deny", "account:ListRegions")
    checked(simulator, account)
    assert account.found_regions["source"] == "ec2:DescribeRegions"
    assert account.found_regions["regions"]["af-south-1"] is False


def test_regions_fall_back_to_awss_list_when_nobody_may_tell(
    simulator: SimulatorProcess, account: Account
) -> None:
    simulator.fault("deny", "account:ListRegions")
    simulator.fault("deny", "ec2:DescribeRegions")
    checked(simulator, account)
    found = account.found_regions
    assert found["source"] == "botocore's endpoint data"
    assert found["regions"]["eu-west-1"] is None
    assert "cn-north-1" not in found["regions"]
    assert [note["action"] for note in found["notes"]] == ["account:ListRegions", "ec2:DescribeRegions"]


def in_a_thread(account: Account, simulator: SimulatorProcess) -> bool:
    try:
        return account_check.check(account.pk, now=simulator.now())
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_role_saved_while_the_old_one_is_checked_is_not_called_checked(
    simulator: SimulatorProcess, account: Account
) -> None:
    simulator.fault("latency", "tag:GetResources", seconds=2)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(in_a_thread, account, simulator)
        deadline = time.monotonic() + 20
        while not Account.objects.get().permissions.get("rows"):
            assert time.monotonic() < deadline, "the check never began"
            assert not running.done()
        changed = Account.objects.get()
        changed.role_arn, changed.external_id = f"arn:aws:iam::{ID}:role/nobody", "flotilla-x"
        accounts.store(changed, regions=["us-east-1"], actor=None, now=simulator.now())
        assert not running.result(timeout=60)
    found = Account.objects.get()
    assert accounts.unchecked() == [account.pk]
    assert (found.permissions["done_at"], found.found_regions) == (None, {})
    simulator.clear_faults()
    checked(simulator, account)
    assert "sts:AssumeRole" in account.identity_error, "the next tick checks the role that was saved"
