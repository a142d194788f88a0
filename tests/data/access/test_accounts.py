"""Accounts: set up step by step, changed, disabled, enabled; each change audited, each error beside its field."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.access import accounts
from fleet.errors import Refused
from fleet.models import Account, AuditEntry, Endpoint, Shard, User
from fleet.sync import due
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
READ = "arn:aws:iam::111122223333:role/FlotillaRead"
ACT = "arn:aws:iam::111122223333:role/FlotillaAct"
BEGIN = {
    "account_id": "111122223333",
    "alias": "prod",
    "partition": "aws",
    "access": "role",
    "may_change": "on",
}
PRINCIPAL = {"arn": "arn:aws:iam::999988887777:role/worker", "error": ""}


@pytest.fixture
def admin() -> User:
    return User.objects.create(username="root", role=User.Role.ADMIN)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def account(admin: User) -> Account:
    """An account that stands, in two regions."""
    made = Account(
        account_id="111122223333", alias="prod", role_arn=READ, act_role_arn=ACT, external_id="canary"
    )
    return accounts.save(made, regions=["eu-west-1", "us-east-1"], actor=admin, now=timezone.now())


def form_of(account: Account, **changes: Any) -> dict[str, Any]:
    found = {
        "alias": account.alias, "role_arn": account.role_arn, "act_role_arn": account.act_role_arn,
        "external_id": account.external_id, "regions": ["eu-west-1", "us-east-1"], **changes,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def url(name: str, account: Account, *rest: str) -> str:
    return reverse(f"settings:{name}", args=[account.pk, *rest])


def begin(client: Client, **changes: str) -> Account:
    assert client.post(reverse("settings:account-new"), {**BEGIN, **changes}).status_code == 303
    return Account.objects.get()


def test_a_role_is_never_assumed_without_an_external_id(client: Client, account: Account) -> None:
    answer = client.post(url("account", account), form_of(account, external_id=""))
    assert "A role is assumed with an external id" in str(answer.context["form"].errors["external_id"])


def test_regions_of_another_partition_and_regions_that_are_off_are_refused(client: Client) -> None:
    draft = begin(client)
    Account.objects.update(
        found_regions={"source": "account:ListRegions", "regions": {"eu-west-1": True, "me-south-1": False}}
    )
    page = client.get(url("set-up-regions", draft)).content.decode()
    assert "me-south-1, off" in page
    assert "us-east-1" not in page
    answer = client.post(url("set-up-regions", draft), {"regions": ["me-south-1"]})
    assert "opt in in AWS first" in str(answer.context["form"].errors["regions"])
    assert "Choose at least one region." in str(
        client.post(url("set-up-regions", draft), {}).context["form"].errors["regions"]
    )
    with pytest.raises(Refused, match="not a region of the partition aws"):
        accounts.store(Account.objects.get(), regions=["cn-north-1"], actor=None, now=timezone.now())


def test_the_report_lists_each_missing_permission_with_what_it_disables(
    client: Client, account: Account
) -> None:
    def row(action: str, state: str, proof: str, role: str = "read") -> dict[str, str]:
        return {
            "action": action, "role": role, "without": f"loses {action}", "state": state, "proof": proof,
            "code": "", "message": f"no {action}" if state != "allowed" else "",
        }  # fmt: skip

    now = timezone.now()
    report: dict[str, Any] = {
        "principal": PRINCIPAL, "region": "eu-west-1", "started_at": now.isoformat(), "done_at": None, "total": 3,
        "rows": [row("sagemaker:ListEndpoints", "allowed", "call"), row("tag:GetResources", "denied", "call")],
    }  # fmt: skip
    Account.objects.update(permissions=report, identity_checked_at=now)
    headers = {"HX-Request": "true", "HX-Target": "check-report"}
    running = client.get(url("set-up-check", account), headers=headers)
    assert running.status_code == 200
    assert "2 of 3 permissions are checked." in rows.words(running.content.decode())
    report["rows"].append(row("sagemaker:UpdateEndpoint", "unknown", "not proven", "act"))
    Account.objects.update(permissions={**report, "done_at": now.isoformat()})
    done = client.get(url("set-up-check", account), headers=headers)
    assert done.status_code == 286
    words = rows.words(done.content.decode())
    assert "1 permission is missing." in words
    assert "loses tag:GetResources AWS says: no tag:GetResources" in words
    assert "tried by a harmless call" in words
    assert "Cannot tell" in words
    assert "1 permission missing" in rows.words(client.get(reverse("settings:page")).content.decode())
    Account.objects.update(permissions={**report, "started_at": (now - timedelta(hours=1)).isoformat()})
    assert "The check did not end." in rows.words(client.get(url("set-up-check", account)).content.decode())


def test_a_disabled_account_is_asked_nothing_and_keeps_what_is_known(
    client: Client, account: Account
) -> None:
    shard = Shard.objects.filter(account=account).first()
    assert shard is not None
    rows.serverless(shard, "kept")
    assert client.post(url("account-switch", account)).status_code == 303
    account.refresh_from_db()
    assert account.enabled is False
    assert accounts.unchecked() == []
    rung: list[int] = []
    due.ring(
        timezone.now(), inventory=rung.append, metrics=rung.append, backfill=rung.append, prices=lambda: None
    )
    assert rung == []
    client.post(url("account-check", account))
    assert accounts.unchecked() == []
    assert Endpoint.objects.filter(closed_at=None).count() == 1
    assert "not read; what is known stays" in client.get(reverse("settings:page")).content.decode()
    client.post(url("account-switch", account), {"enabled": "on"})
    client.post(url("account-switch", account), {"enabled": "on"})
    account.refresh_from_db()
    assert account.enabled is True
    actions = AuditEntry.objects.filter(action__in=["account.disabled", "account.enabled"]).order_by("id")
    assert list(actions.values_list("action", flat=True)) == ["account.disabled", "account.enabled"]


def test_removing_the_role_for_changing_leaves_a_read_only_account(client: Client, account: Account) -> None:
    for _ in range(2):
        client.post(url("account-remove-act-role", account))
    account.refresh_from_db()
    assert account.act_role_arn == ""
    assert account.is_read_only
    entry = AuditEntry.objects.get(action="account.act_role_removed")
    assert entry.before == {"act_role_arn": ACT}
    assert "read-only: no role for changing" in client.get(reverse("settings:page")).content.decode()
    assert "Read-only" in client.get(url("set-up-check", account)).content.decode()


def test_leaving_a_region_out_switches_it_off_and_keeps_its_history(client: Client, account: Account) -> None:
    assert client.post(url("account", account), form_of(account, regions=["eu-west-1"])).status_code == 303
    assert dict(Shard.objects.values_list("region", "enabled")) == {"eu-west-1": True, "us-east-1": False}
    entry = AuditEntry.objects.get(action="account.changed")
    assert entry.before == {"regions": ["eu-west-1", "us-east-1"]}
    assert entry.after == {"regions": ["eu-west-1"]}


def test_the_budget_is_changed_and_audited(client: Client, account: Account) -> None:
    client.post(url("account", account), form_of(account, cloudwatch_daily_usd="1.25"))
    assert Account.objects.get().cloudwatch_daily_usd == Decimal("1.25")
    assert AuditEntry.objects.get(action="account.changed").after == {"cloudwatch_daily_usd": "1.25"}
    answer = client.post(url("account", account), form_of(account, cloudwatch_daily_usd="-1"))
    assert "greater than or equal to 0" in str(answer.context["form"].errors["cloudwatch_daily_usd"])


def test_check_now_asks_the_workers_and_calls_nothing_itself(client: Client, account: Account) -> None:
    Account.objects.update(identity_checked_at=timezone.now(), identity_error="AccessDenied")
    assert "AccessDenied" in client.get(reverse("settings:page")).content.decode()
    answer = client.post(url("account-check", account))
    assert answer["Location"] == url("set-up-check", account)
    assert accounts.unchecked() == [account.pk]
    assert "The check begins as soon as a worker is free." in client.get(answer["Location"]).content.decode()


def test_trouble_of_the_act_role_stands_beside_the_account(client: Client, account: Account) -> None:
    Account.objects.update(
        identity_checked_at=timezone.now(),
        identity_arn="reader-arn",
        act_identity_error="no trust for Flotilla",
    )
    page = client.get(reverse("settings:page")).content.decode()
    assert "reader-arn" in page
    assert "no trust for Flotilla" in page
    assert "cannot be read" not in page


def test_pages_for_everybody_never_show_the_external_id(client: Client, account: Account) -> None:
    assert "canary" not in client.get(reverse("settings:page")).content.decode()
    assert "canary" not in client.get(reverse("audit:page")).content.decode()
    viewer = Client()
    viewer.force_login(User.objects.create(username="vera"))
    for name in ("account", "set-up-check", "set-up-first-sync"):
        assert viewer.get(url(name, account)).status_code == 403
    assert viewer.get(url("role-text", account, "terraform")).status_code == 403


def test_the_first_sync_of_an_account_that_is_added_links_to_no_step_that_is_closed(
    client: Client, account: Account
) -> None:
    page = client.get(url("set-up-first-sync", account)).content.decode()
    steps = page.partition('aria-label="Steps of the set-up"')[2].partition("</nav>")[0]
    links = re.findall(r'href="([^"]+)"', steps)
    assert links == [url("set-up-check", account)]
    assert {client.get(link).status_code for link in links} == {200}


def test_an_endpoint_of_a_read_only_account_says_so_where_actions_are_offered(
    client: Client, account: Account
) -> None:
    shard = Shard.objects.filter(account=account).first()
    assert shard is not None
    page = reverse("endpoints:detail", args=[rows.serverless(shard, "ranker").pk])
    assert "prod is read-only" not in client.get(page).content.decode()
    client.post(url("account-remove-act-role", account))
    assert "prod is read-only: it has no role for changing" in client.get(page).content.decode()
    assert "/change-concurrency/" in client.get(page).content.decode()
    Account.objects.update(permissions={"may_change": False})
    refused = client.get(page).content.decode()
    assert "the role for reading may not change endpoints" in refused
    assert "/change-concurrency/" not in refused
