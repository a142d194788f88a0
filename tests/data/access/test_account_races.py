"""Two people, or a person and a worker, at one account: nobody writes back what has changed since they looked."""

from typing import Any

import pytest
from django.utils import timezone

from fleet.access import accounts, set_up
from fleet.errors import Refused
from fleet.models import Account, Shard, User
from fleet.sync import accounts as sync

pytestmark = pytest.mark.django_db
ID = "111122223333"
OWN_READ = f"arn:aws:iam::{ID}:role/platform/SageMakerObserver"
OWN_ACT = f"arn:aws:iam::{ID}:role/platform/SageMakerOperator"
REPORT = {"principal": {"arn": "", "error": ""}, "done_at": "2026-11-20T12:00:00+00:00", "rows": []}
FOUND = {"source": "account:ListRegions", "regions": {"eu-west-1": True, "me-south-1": False}}


@pytest.fixture
def admin() -> User:
    return User.objects.create(username="root", role=User.Role.ADMIN)


@pytest.fixture
def account(admin: User) -> Account:
    made = Account(account_id=ID, alias="prod", role_arn=OWN_READ, external_id="canary")
    return accounts.save(made, regions=["eu-west-1"], actor=admin, now=timezone.now())


@pytest.fixture
def draft(admin: User) -> Account:
    begun = set_up.begin(Account(account_id=ID, alias="prod"), by_role=True, may_change=True, actor=admin)
    return set_up.set_roles(begun, role=OWN_READ, act_role=OWN_ACT, actor=admin, now=timezone.now())


def save(account: Account, admin: User, *regions: str, **fields: Any) -> Account:
    for name, value in fields.items():
        setattr(account, name, value)
    return accounts.save(account, regions=regions or ["eu-west-1"], actor=admin, now=timezone.now())


def test_saving_a_form_opened_earlier_leaves_the_switch_and_the_workers_answers(
    account: Account, admin: User
) -> None:
    opened = Account.objects.get()
    accounts.switch(account, enabled=False, actor=admin, now=timezone.now())
    Account.objects.update(permissions=REPORT, found_regions=FOUND, identity_arn="reader")
    saved = save(opened, admin, alias="production")
    found = Account.objects.get()
    assert (found.alias, found.enabled, saved.enabled) == ("production", False, False)
    assert (found.permissions, found.found_regions, found.identity_arn) == (REPORT, FOUND, "reader")


def test_set_up_steps_opened_earlier_leave_the_workers_answers(draft: Account, admin: User) -> None:
    opened = Account.objects.get()
    Account.objects.update(found_regions=FOUND, identity_arn="reader")
    set_up.set_roles(opened, role=OWN_READ, act_role="", actor=admin, now=timezone.now())
    found = Account.objects.get()
    assert (found.act_role_arn, found.found_regions, found.identity_arn) == ("", FOUND, "reader")


def test_a_check_that_began_before_a_change_writes_nothing_and_another_is_due(
    account: Account, admin: User
) -> None:
    under_way = Account.objects.get()
    save(account, admin, role_arn=f"arn:aws:iam::{ID}:role/Newer")
    under_way.permissions, under_way.identity_checked_at = REPORT, timezone.now()
    for fields in (["permissions"], sync.CHECKED):
        with pytest.raises(sync.Superseded):
            sync.keep(under_way, fields)
    assert accounts.unchecked() == [account.pk]
    assert Account.objects.get().permissions == {}
    newest = Account.objects.get()
    newest.permissions = REPORT
    sync.keep(newest, ["permissions"])
    assert Account.objects.get().permissions == REPORT


def test_asking_again_and_removing_a_role_make_a_check_under_way_void(account: Account, admin: User) -> None:
    save(account, admin, act_role_arn=OWN_ACT)
    for change in (
        lambda: accounts.ask_for_check(account, actor=admin, now=timezone.now()),
        lambda: accounts.remove_act_role(account, actor=admin),
    ):
        under_way = Account.objects.get()
        change()
        with pytest.raises(sync.Superseded):
            sync.keep(under_way, ["permissions"])


def test_a_first_step_corrected_keeps_roles_that_somebody_named(draft: Account, admin: User) -> None:
    draft.alias = "production"
    set_up.begin(draft, by_role=True, may_change=True, actor=admin)
    found = Account.objects.get()
    assert (found.alias, found.role_arn, found.act_role_arn) == ("production", OWN_READ, OWN_ACT)
    draft.account_id = "444455556666"
    set_up.begin(draft, by_role=True, may_change=False, actor=admin)
    found = Account.objects.get()
    assert (found.role_arn, found.act_role_arn) == ("arn:aws:iam::444455556666:role/FlotillaRead", "")


def test_steps_of_a_set_up_that_somebody_finished_meanwhile_are_refused(draft: Account, admin: User) -> None:
    opened = Account.objects.get()
    now = timezone.now()
    set_up.finish(draft, regions=["eu-west-1"], cloudwatch_daily_usd=None, actor=admin, now=now)
    with pytest.raises(Refused, match="prod is set up already"):
        set_up.begin(opened, by_role=False, may_change=False, actor=admin)
    with pytest.raises(Refused, match="prod is set up already"):
        set_up.set_roles(opened, role=OWN_READ, act_role="", actor=admin, now=now)
    with pytest.raises(Refused, match="prod is set up already"):
        set_up.finish(opened, regions=["us-east-1"], cloudwatch_daily_usd=None, actor=admin, now=now)
    found = Account.objects.get()
    assert (found.enabled, found.role_arn, found.act_role_arn) == (True, OWN_READ, OWN_ACT)
    assert Shard.objects.get().region == "eu-west-1"


def test_a_region_that_is_off_is_refused_when_newly_ticked_and_kept_where_it_was(
    account: Account, admin: User
) -> None:
    Account.objects.update(found_regions=FOUND)
    with pytest.raises(Refused, match="me-south-1: not switched on in this account; opt in in AWS first"):
        save(Account.objects.get(), admin, "eu-west-1", "me-south-1")
    assert Shard.objects.get().region == "eu-west-1"
    Shard.objects.create(account=account, region="me-south-1")
    save(Account.objects.get(), admin, "eu-west-1", "me-south-1", alias="production")
    assert Account.objects.get().alias == "production"
