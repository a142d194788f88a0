"""Signing in: lockout, no hint about who exists, a new session key, the first visit."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.access import people
from fleet.errors import Refused
from fleet.models import AuditEntry, User

PASSWORD = "correct horse battery staple"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", "ana@example.com", PASSWORD)


def attempt(client: Client, username: str, password: str, **meta: Any) -> Any:
    return client.post(reverse("sign-in"), {"username": username, "password": password}, **meta)


def page_for(response: Any, name: str) -> str:
    """The page without its CSRF token and with NAME for the name that was typed."""
    body = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", response.content.decode())
    return body.replace(f'"{name}"', '"NAME"')


def test_the_right_password_signs_in_and_changes_the_session_key(ana: User, client: Client) -> None:
    client.get(reverse("sign-in"))
    session = client.session
    session["before"] = True
    session.save()
    old = str(session.session_key)
    client.cookies[django_settings.SESSION_COOKIE_NAME] = old
    response = attempt(client, "ana", PASSWORD)
    assert response.status_code == 302
    assert client.session.session_key != old


def test_five_wrong_passwords_lock_even_the_right_one_out(ana: User, client: Client) -> None:
    for _ in range(5):
        response = attempt(client, "ana", "wrong")
    assert response.status_code == 429
    assert "Too many tries" in response.content.decode()
    assert attempt(client, "ana", PASSWORD).status_code == 429


def test_a_name_that_does_not_exist_is_answered_alike(ana: User) -> None:
    answers = []
    for name in ("ana", "nobody"):
        client = Client()
        statuses = [attempt(client, name, "wrong") for _ in range(5)]
        answers.append(
            [(r.status_code, page_for(r, name)) for r in statuses],
        )
    assert answers[0] == answers[1]


def test_a_lock_concerns_one_name_from_one_address(ana: User, client: Client) -> None:
    User.objects.create_user("ben", password=PASSWORD)
    for _ in range(5):
        attempt(client, "ana", "wrong", REMOTE_ADDR="10.0.0.1")
    assert attempt(Client(), "ana", PASSWORD, REMOTE_ADDR="10.0.0.2").status_code == 302
    assert attempt(Client(), "ben", PASSWORD, REMOTE_ADDR="10.0.0.1").status_code == 302


def test_a_made_up_forwarding_header_does_not_escape_the_lock(ana: User, client: Client) -> None:
    for i in range(5):
        response = attempt(client, "ana", "wrong", HTTP_X_FORWARDED_FOR=f"10.9.9.{i}")
    assert response.status_code == 429


def test_behind_one_trusted_proxy_only_its_own_entry_counts(ana: User, client: Client, settings: Any) -> None:
    settings.PROXY_HOPS = 1
    for i in range(5):
        response = attempt(client, "ana", "wrong", HTTP_X_FORWARDED_FOR=f"10.9.9.{i}, 192.0.2.7")
    assert response.status_code == 429
    assert attempt(Client(), "ana", PASSWORD, HTTP_X_FORWARDED_FOR="192.0.2.8").status_code == 302


def test_signing_out_takes_a_post(ana: User, client: Client) -> None:
    client.force_login(ana)
    assert client.get(reverse("sign-out")).status_code == 405
    client.post(reverse("sign-out"))
    assert client.get(reverse("alerts:page")).status_code == 302


def test_a_person_who_was_switched_off_cannot_sign_in(ana: User, client: Client) -> None:
    User.objects.update(is_active=False)
    assert attempt(client, "ana", PASSWORD).status_code == 200
    assert "_auth_user_id" not in client.session


def test_the_first_visitor_becomes_admin_and_the_page_is_gone(client: Client) -> None:
    assert client.get(reverse("sign-in"))["Location"] == reverse("set-up")
    form = {"username": "root", "email": "root@example.com", "password": PASSWORD, "password_again": PASSWORD}
    response = client.post(reverse("set-up"), form)
    assert response.status_code == 303
    person = User.objects.get()
    assert person.role == User.Role.ADMIN
    assert client.get(reverse("settings:page")).status_code == 200
    assert AuditEntry.objects.get(action="user.first_admin").object_label == "root"
    assert PASSWORD not in str(AuditEntry.objects.values_list("before", "after"))
    assert Client().get(reverse("set-up")).status_code == 404
    assert Client().post(reverse("set-up"), form | {"username": "second"}).status_code == 404
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"password": "short", "password_again": "short"}, "password", "too short"),
        ({"password_again": "another"}, "password_again", "The two passwords differ."),
        ({"username": "<b>"}, "username", "valid username"),
    ],
)
def test_a_bad_first_admin_is_refused_beside_the_field(
    client: Client, changes: dict[str, str], field: str, message: str
) -> None:
    form = {"username": "root", "email": "", "password": PASSWORD, "password_again": PASSWORD, **changes}
    response = client.post(reverse("set-up"), form)
    assert response.status_code == 422
    assert message in str(response.context["form"].errors[field])
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_first_visitors_at_once_make_one_admin() -> None:
    def visit(i: int) -> bool:
        try:
            people.create_first_admin(username=f"root{i}", email="", password=PASSWORD)
        except Refused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(visit, range(4))) == 1
    assert User.objects.count() == 1


def test_a_session_ends_with_its_time_and_an_unknown_one_is_nobodys(ana: User, client: Client) -> None:
    client.force_login(ana)
    assert client.get("/endpoints/").status_code == 200
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=1))
    assert client.get("/endpoints/").status_code == 200
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/endpoints/").status_code == 302
    client.cookies[django_settings.SESSION_COOKIE_NAME] = "x" * 32
    assert client.get("/endpoints/").status_code == 302
