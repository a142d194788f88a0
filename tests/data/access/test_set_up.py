"""Taking an account in, step by step: access, roles, regions, and what each step refuses."""

import json
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.access import accounts
from fleet.models import Account, AuditEntry, Shard, User
from fleet.sync import due
from tests.data.access.test_accounts import ACT, BEGIN, PRINCIPAL, READ, begin, url
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


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


def test_the_set_up_leads_from_access_to_the_first_sync(client: Client) -> None:
    draft = begin(client)
    assert (draft.enabled, draft.role_arn, draft.act_role_arn) == (False, READ, ACT)
    assert draft.external_id.startswith("flotilla-")
    assert len(draft.external_id) > 30
    assert accounts.unchecked() == [draft.pk], "a worker finds out who Flotilla is meanwhile"
    assert due.backfills(timezone.now()) == []
    assert not Shard.objects.exists()
    answer = client.post(url("set-up-roles", draft), {"role_arn": READ, "act_role_arn": ACT})
    assert answer["Location"] == url("set-up-check", draft)
    answer = client.post(
        url("set-up-regions", draft), {"regions": ["eu-west-1"], "cloudwatch_daily_usd": "2.50"}
    )
    assert answer["Location"] == url("set-up-first-sync", draft)
    draft.refresh_from_db()
    assert (draft.enabled, draft.cloudwatch_daily_usd) == (True, Decimal("2.50"))
    shard = Shard.objects.get()
    assert shard.enabled
    assert shard.inventory_due_at
    assert "0 of 1 region" in rows.words(client.get(url("set-up-first-sync", draft)).content.decode())
    Shard.objects.update(inventory_ok_at=timezone.now())
    assert "prod is read: 0 endpoints in 1 region." in rows.words(
        client.get(url("set-up-first-sync", draft)).content.decode()
    )
    told = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert told == ["account.set_up_begun", "account.check", "account.changed"]
    assert draft.external_id not in str(list(AuditEntry.objects.values_list("before", "after")))


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"account_id": "12345"}, "account_id", "An AWS account id has 12 digits."),
        ({"account_id": ""}, "account_id", "This field is required."),
        ({"alias": ""}, "alias", "This field is required."),
        ({"partition": "mars"}, "partition", "Select a valid choice"),
        ({"access": "magic"}, "access", "Select a valid choice"),
    ],
)
def test_a_bad_beginning_is_refused_beside_its_field_and_nothing_is_lost(
    client: Client, changes: dict[str, str], field: str, message: str
) -> None:
    answer = client.post(reverse("settings:account-new"), {**BEGIN, **changes})
    assert answer.status_code == 422
    assert message in str(answer.context["form"].errors[field])
    kept = {name: answer.context["form"][name].value() for name in BEGIN if name not in {field, "may_change"}}
    assert kept == {name: value for name, value in BEGIN.items() if name in kept}
    assert not Account.objects.exists()


def test_an_account_is_not_taken_in_twice(client: Client, account: Account) -> None:
    answer = client.post(reverse("settings:account-new"), BEGIN)
    assert answer.context["form"].errors == {
        "account_id": ["This account is in Flotilla already."],
        "alias": ["Another account has this name."],
    }
    assert Account.objects.count() == 1


def test_a_draft_is_found_again_and_its_first_step_can_be_corrected(client: Client) -> None:
    draft = begin(client)
    page = client.get(reverse("settings:page")).content.decode()
    assert "Set-up not finished" in page
    assert client.get(url("set-up", draft))["Location"] == url("set-up-roles", draft)
    client.post(url("set-up-access", draft), {**BEGIN, "account_id": "444455556666"})
    changed = Account.objects.get()
    assert (changed.pk, changed.account_id) == (draft.pk, "444455556666")
    assert changed.role_arn == "arn:aws:iam::444455556666:role/FlotillaRead"
    assert changed.external_id == draft.external_id


def test_a_draft_can_be_discarded_and_an_account_that_stands_cannot(client: Client) -> None:
    client.post(reverse("settings:account-new"), BEGIN)
    draft = Account.objects.get()
    assert "Discard the set-up" in client.get(url("set-up-roles", draft)).content.decode()
    client.post(url("set-up-discard", draft))
    assert not Account.objects.exists()
    entry = AuditEntry.objects.get(action="account.set_up_discarded")
    assert (entry.object_label, entry.before["account_id"]) == ("prod", "111122223333")
    standing = Account.objects.create(account_id="111122223333", alias="prod", set_up_at=timezone.now())
    answer = client.post(url("set-up-discard", standing), follow=True).content.decode()
    assert Account.objects.filter(pk=standing.pk).exists()
    assert "prod is set up; disable it instead." in answer


def test_own_credentials_need_no_roles(client: Client) -> None:
    draft = begin(client, access="own")
    assert (draft.role_arn, draft.act_role_arn, draft.external_id) == ("", "", "")
    assert client.get(url("set-up", draft))["Location"] == url("set-up-check", draft)
    assert "2. Permissions" in rows.words(client.get(url("set-up-check", draft)).content.decode())


def test_the_role_texts_are_filled_in_and_can_be_downloaded(client: Client) -> None:
    draft = begin(client, partition="aws-us-gov")
    assert "REPLACE-WITH" in client.get(url("set-up-roles", draft)).content.decode()
    Account.objects.update(permissions={"principal": PRINCIPAL})
    answer = client.get(url("role-text", draft, "cloudformation"))
    assert answer["Content-Disposition"] == 'attachment; filename="flotilla-roles.json"'
    made = json.loads(answer.content)["Resources"]
    assert set(made) == {"FlotillaRead", "FlotillaAct"}
    trust = made["FlotillaRead"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    assert trust["Principal"]["AWS"] == PRINCIPAL["arn"]
    assert trust["Condition"]["StringEquals"]["sts:ExternalId"] == draft.external_id
    assert "arn:aws-us-gov:sagemaker" in client.get(url("role-text", draft, "terraform")).content.decode()
    assert client.get(url("role-text", draft, "pulumi")).status_code == 404


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("arn:aws:iam::1:user/x", "This is not the ARN of an IAM role."),
        ("arn:aws:iam::999999999999:role/x", "This role belongs to account 999999999999."),
        ("arn:aws-cn:iam::111122223333:role/x", "This role lies in the partition aws-cn"),
        ("arn:aws:iam::111122223333:role/x\n", "This is not the ARN of an IAM role."),
        ("https://evil.example/role", "This is not the ARN of an IAM role."),
    ],
)
def test_a_bad_role_is_refused_beside_its_field(client: Client, arn: str, message: str) -> None:
    draft = begin(client)
    answer = client.post(url("set-up-roles", draft), {"role_arn": READ, "act_role_arn": arn})
    if arn.endswith("\n"):
        assert answer.status_code == 303, "the form strips what surrounds the ARN"
        return
    assert answer.status_code == 422
    assert message in str(answer.context["form"].errors["act_role_arn"])
    assert arn in answer.content.decode()
    draft.refresh_from_db()
    assert draft.act_role_arn == ACT
