"""The commands an operator types, against a simulated account."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from fleet.models import Account, AuditEntry, Endpoint, HourBucket, Price, Shard
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]


def run(*arguments: str) -> str:
    """Standard output of a command."""
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_account_id_comes_from_sts_and_adding_twice_changes_nothing(simulator: SimulatorProcess) -> None:
    assert "111122223333" in run("accounts", "add", "test", "--regions", "us-east-1,eu-west-1")
    assert "is up to date" in run("accounts", "add", "test", "--regions", "us-east-1,eu-west-1")
    account = Account.objects.get()
    assert (account.alias, account.identity_error) == ("test", "")
    assert account.identity_arn == "arn:aws:iam::111122223333:root"
    assert sorted(account.shards.values_list("region", flat=True)) == ["eu-west-1", "us-east-1"]
    assert AuditEntry.objects.filter(action="account.added").count() == 1
    assert not AuditEntry.objects.filter(action="account.changed").exists()
    assert "[eu-west-1, us-east-1]" in run("accounts", "list")


def test_dropped_region_is_switched_off_not_deleted(simulator: SimulatorProcess) -> None:
    run("accounts", "add", "test", "--regions", "us-east-1,eu-west-1")
    run("accounts", "add", "test", "--regions", "us-east-1")
    assert dict(Shard.objects.values_list("region", "enabled")) == {"us-east-1": True, "eu-west-1": False}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--role-arn", "not-an-arn", "--account-id", "111122223333"], "not the ARN of an IAM role"),
        (["--account-id", "12"], "12 digits"),
        (["--act-role-arn", "not-an-arn", "--account-id", "111122223333"], "not the ARN of an IAM role"),
        (["--act-role-arn", "arn:aws:iam::999999999999:role/x"], "belongs to account 999999999999"),
    ],
)
def test_bad_account_is_refused_in_plain_words(
    simulator: SimulatorProcess, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        run("accounts", "add", "test", *arguments)
    assert not Account.objects.exists()


def test_external_id_reaches_aws_and_never_the_audit(simulator: SimulatorProcess) -> None:
    role = "arn:aws:iam::111122223333:role/Guarded"
    run("accounts", "add", "test", "--role-arn", role, "--external-id", "shared-secret")
    assert Account.objects.get().identity_arn.startswith("arn:aws:sts::111122223333:assumed-role/Guarded/")
    assert "shared-secret" not in json.dumps(AuditEntry.objects.get().after)


ROLE = "arn:aws:iam::111122223333:role/"
ROLES = ("--role-arn", f"{ROLE}Reader", "--act-role-arn", f"{ROLE}Guarded", "--external-id", "shared-secret")


def test_the_act_role_is_taken_in_checked_listed_and_audited(simulator: SimulatorProcess) -> None:
    assert "does not work" not in run("accounts", "add", "test", *ROLES, "--regions", "us-east-1")
    account = Account.objects.get()
    assert account.act_identity_arn.startswith("arn:aws:sts::111122223333:assumed-role/Guarded/")
    assert AuditEntry.objects.get().after["act_role_arn"] == f"{ROLE}Guarded"
    assert f"act role: {ROLE}Guarded" in run("accounts", "list")
    assert "act role: works as arn:aws:sts::111122223333:assumed-role/Guarded/" in run("accounts", "check")


def test_adding_again_keeps_the_roles_that_are_not_named(simulator: SimulatorProcess) -> None:
    run("accounts", "add", "test", *ROLES, "--regions", "us-east-1")
    run("accounts", "add", "test", "--account-id", "111122223333", "--regions", "eu-west-1")
    account = Account.objects.get()
    assert (account.role_arn, account.act_role_arn) == (f"{ROLE}Reader", f"{ROLE}Guarded")
    assert account.external_id == "shared-secret"


def test_an_act_role_that_cannot_be_assumed_is_told_apart_from_reading(simulator: SimulatorProcess) -> None:
    told = run("accounts", "add", "test", *ROLES[:-1], "wrong", "--regions", "us-east-1")
    assert "act role: does not work yet" in told
    account = Account.objects.get()
    assert account.identity_error == ""
    assert "not authorized to perform: sts:AssumeRole" in account.act_identity_error
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 permissions are missing"):
        call_command("accounts", "check", stdout=out)
    assert re.search(r"(\d+) of \1 permissions work", out.getvalue())
    assert "us-east-1: act role: User: arn:aws:iam::111122223333:root is not authorized" in out.getvalue()
    out = io.StringIO()
    with pytest.raises(CommandError, match="findings need attention"):
        call_command("doctor", stdout=out)
    assert re.search(r"ok  AWS test: (\d+) of \1 permissions work", out.getvalue())
    assert "BAD AWS test: act role: User: arn:aws:iam::111122223333:root is not authorized" in out.getvalue()


def test_check_names_the_missing_action_and_what_is_lost(simulator: SimulatorProcess) -> None:
    run("accounts", "add", "test")
    assert " permissions work" in run("accounts", "check")
    simulator.fault("deny", "tag:GetResources")
    out = io.StringIO()
    with pytest.raises(CommandError, match="permissions are missing"):
        call_command("accounts", "check", "test", stdout=out)
    assert "missing tag:GetResources; without it: owners, teams and tags" in out.getvalue()


def test_sync_mirrors_everything_with_progress(simulator: SimulatorProcess) -> None:
    run("accounts", "add", "test", "--regions", "us-east-1")
    told = run("sync", "--wait", "--backfill", "--account", "test", "--region", "us-east-1")
    assert "test/us-east-1: inventory: inventory 2 endpoints, 2 described, 2 written" in told
    assert "history 100 %" in told
    assert Endpoint.objects.count() == 2
    assert HourBucket.objects.count() > 1400
    assert Price.objects.filter(origin="api", region="us-east-1").exists()


@pytest.mark.django_db(transaction=True)
def test_regions_read_together_are_told_one_by_one(simulator: SimulatorProcess) -> None:
    regions = ["eu-west-1", "us-east-1", "us-west-2"]
    run("accounts", "add", "test", "--regions", ",".join(regions))
    simulator.fault("deny", "application-autoscaling:DescribeScalableTargets", region="us-west-2")
    out = io.StringIO()
    with pytest.raises(CommandError, match="Some sections failed"):
        call_command("sync", "--wait", stdout=out)
    told = [line for line in out.getvalue().splitlines() if ": inventory: " in line]
    assert sorted(line.split(":")[0] for line in told) == [f"test/{region}" for region in regions]
    assert "test/us-west-2: scaling failed" in out.getvalue()
    assert "test/us-east-1: inventory: inventory 2 endpoints, 2 described, 2 written" in out.getvalue()


def test_sync_that_fails_says_so_by_its_exit(simulator: SimulatorProcess) -> None:
    run("accounts", "add", "test", "--regions", "us-east-1")
    simulator.fault("deny", "application-autoscaling:DescribeScalableTargets")
    out = io.StringIO()
    with pytest.raises(CommandError, match="Some sections failed"):
        call_command("sync", "--wait", stdout=out)
    assert "scaling failed: application-autoscaling:DescribeScalableTargets" in out.getvalue()
    assert Endpoint.objects.count() == 2


def test_sync_of_nothing_says_what_to_do(db: None) -> None:
    with pytest.raises(CommandError, match="accounts add"):
        run("sync", "--wait")


def test_export_holds_the_whole_mirror(simulator: SimulatorProcess) -> None:
    run("accounts", "add", "test", "--regions", "us-east-1")
    run("sync", "--wait")
    records = {r["name"]: r for r in json.loads(run("export", "endpoints", "--format", "json"))}
    assert set(records) == {"alpha-serverless", "beta-realtime"}
    alpha = records["alpha-serverless"]
    assert (alpha["status"], alpha["kind"], alpha["owner"]) == ("InService", "serverless", "ana")
    assert (alpha["variants"][0]["max_concurrency"], alpha["variants"][0]["memory_mb"]) == (20, 2048)
    assert alpha["tags"]["team"] == "search"
    assert alpha["calls"] > 0
    assert records["beta-realtime"]["variants"][0]["current_instance_count"] == 2
    assert records["beta-realtime"]["cache_hit_ratio"] is None


def test_csv_cells_cannot_start_a_formula(simulator: SimulatorProcess, tmp_path: Path) -> None:
    simulator.add_endpoint(
        name="evil",
        account="test",
        region="us-east-1",
        serverless={"memory_mb": 1024, "max_concurrency": 5},
        tags={"owner": "=HYPERLINK(1)", "team": "@SUM(A1)"},
    )
    run("accounts", "add", "test", "--regions", "us-east-1")
    run("sync", "--wait")
    path = tmp_path / "fleet.csv"
    run("export", "endpoints", "--format", "csv", "--output", str(path))
    rows = {row["name"]: row for row in csv.DictReader(path.open(encoding="utf-8", newline=""))}
    assert rows["evil"]["owner"] == "'=HYPERLINK(1)"
    assert rows["evil"]["team"] == "'@SUM(A1)"
    assert rows["alpha-serverless"]["owner"] == "ana"
    assert not [c for row in rows.values() for c in row.values() if c.startswith(("=", "+", "-", "@"))]


def test_doctor_tells_what_is_wrong_and_how_to_mend_it(simulator: SimulatorProcess) -> None:
    run("accounts", "add", "test", "--regions", "us-east-1")
    simulator.fault("deny", "cloudwatch:GetMetricData")
    out = io.StringIO()
    with pytest.raises(CommandError, match="findings need attention"):
        call_command("doctor", stdout=out)
    told = out.getvalue()
    assert "ok  PostgreSQL: version" in told
    assert "ok  Redis: answers" in told
    assert "BAD SMTP: SMTP_URL is not set" in told
    assert "BAD AWS test: cloudwatch:GetMetricData is refused" in told
    assert "→ Allow cloudwatch:GetMetricData (docs/iam.md)." in told
    assert "BAD sync test/us-east-1: never succeeded" in told
