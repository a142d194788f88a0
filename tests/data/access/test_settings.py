"""People: added, changed and switched off by admins, every change audited, never without an admin."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.access import accounts, people
from fleet.errors import Refused
from fleet.models import Account, AuditEntry, User

PASSWORD = "correct horse battery staple"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def admin() -> User:
    return User.objects.create_user("root", "root@example.com", PASSWORD, role=User.Role.ADMIN)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def new_person(**changes: str) -> dict[str, str]:
    return {
        "username": "ana",
        "email": "ana@example.com",
        "role": "operator",
        "password": PASSWORD,
        **changes,
    }


def test_an_admin_creates_a_person_who_can_sign_in(client: Client) -> None:
    assert client.post(reverse("settings:person-new"), new_person()).status_code == 303
    form = {"username": "ana", "password": PASSWORD}
    assert Client().post(reverse("sign-in"), form).status_code == 302
    assert AuditEntry.objects.get(action="user.create").after["role"] == "operator"


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"username": "ROOT"}, "username", "Somebody has this name already."),
        ({"password": "short"}, "password", "too short"),
        ({"password": "operatoroperator", "username": "operatoroperator"}, "password", "too similar"),
        ({"email": "nowhere"}, "email", "valid email"),
    ],
)
def test_a_bad_person_is_refused_beside_the_field(
    client: Client, changes: dict[str, str], field: str, message: str
) -> None:
    response = client.post(reverse("settings:person-new"), new_person(**changes))
    assert response.status_code == 422
    assert message in str(response.context["form"].errors[field])
    assert User.objects.count() == 1


def change(person: User, **changes: Any) -> dict[str, Any]:
    form = {"email": person.email, "role": person.role, "receives_alerts": "on", "is_active": "on", **changes}
    return {name: value for name, value in form.items() if value}


@pytest.mark.parametrize("changes", [{"role": "viewer"}, {"is_active": ""}])
def test_the_last_admin_can_be_neither_demoted_nor_switched_off(
    client: Client, admin: User, changes: dict[str, str]
) -> None:
    response = client.post(reverse("settings:person", args=[admin.pk]), change(admin, **changes))
    assert response.status_code == 422
    assert "This is the last admin" in response.content.decode()
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == ("admin", True)


def test_with_two_admins_one_may_go(client: Client, admin: User) -> None:
    other = User.objects.create_user("carla", "", PASSWORD, role=User.Role.ADMIN)
    assert (
        client.post(reverse("settings:person", args=[other.pk]), change(other, role="viewer")).status_code
        == 303
    )
    entry = AuditEntry.objects.get(action="user.change")
    assert (entry.before, entry.after) == ({"role": "admin"}, {"role": "viewer"})


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_leave_one() -> None:
    pair = [User.objects.create_user(f"root{i}", "", PASSWORD, role=User.Role.ADMIN) for i in range(2)]

    def demote(actor: User, other: User) -> bool:
        try:
            people.change(
                other.pk, email="", role=User.Role.VIEWER, is_active=True, receives_alerts=True, actor=actor
            )
        except Refused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(demote, pair, reversed(pair)))
    assert sum(results) == 1
    assert User.objects.filter(role=User.Role.ADMIN).count() == 1


def test_switching_somebody_off_ends_their_sessions(client: Client) -> None:
    ana = User.objects.create_user("ana", "", PASSWORD)
    theirs = Client()
    theirs.force_login(ana)
    assert theirs.get(reverse("settings:me")).status_code == 200
    client.post(reverse("settings:person", args=[ana.pk]), change(ana, is_active=""))
    assert theirs.get(reverse("settings:me")).status_code == 302


def test_a_new_password_ends_their_sessions_and_is_audited_without_it(client: Client, admin: User) -> None:
    ana = User.objects.create_user("ana", "", PASSWORD)
    theirs = Client()
    theirs.force_login(ana)
    fresh = "another fine passphrase"
    assert (
        client.post(reverse("settings:person-password", args=[ana.pk]), {"password": fresh}).status_code
        == 303
    )
    assert theirs.get(reverse("settings:me")).status_code == 302
    ana.refresh_from_db()
    assert ana.check_password(fresh)
    assert fresh not in str(AuditEntry.objects.values_list("before", "after", "reason"))
    assert client.get(reverse("settings:people")).status_code == 200


def test_everybody_decides_about_their_own_mails() -> None:
    ana = User.objects.create_user("ana", "ana@example.com", PASSWORD)
    client = Client()
    client.force_login(ana)
    assert client.post(reverse("settings:me"), {}).status_code == 303
    ana.refresh_from_db()
    assert ana.receives_alerts is False
    assert "You get no alert mails." in client.get(reverse("settings:me")).content.decode()


def test_services_refuse_people_below_admin_whatever_the_page_does(admin: User) -> None:
    operator = User.objects.create_user("olga", "", PASSWORD, role=User.Role.OPERATOR)
    with pytest.raises(Refused, match="role admin"):
        people.create(username="x", email="", password=PASSWORD, role="admin", actor=operator)
    with pytest.raises(Refused, match="role admin"):
        accounts.save(Account(account_id="1"), regions=["eu-west-1"], actor=operator, now=timezone.now())


def test_the_audit_page_narrows_by_person_action_and_words(client: Client, admin: User) -> None:
    client.post(reverse("settings:person-new"), new_person())
    account = Account(account_id="111122223333", alias="prod")
    accounts.save(account, regions=["eu-west-1"], actor=admin, now=timezone.now())
    url = reverse("audit:page")

    def shown(**query: str) -> set[str]:
        rows = client.get(url, query).context["rows"]
        return {row["entry"].action for row in rows}

    assert shown() == {"user.create", "account.added"}
    assert shown(action="user.create") == {"user.create"}
    assert shown(q="prod") == {"account.added"}
    assert shown(actor="nobody") == set()
    assert shown(actor="root", q="ana") == {"user.create"}
