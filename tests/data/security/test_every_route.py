"""What holds for every route there is, found by walking the resolver: new pages are covered as they come."""

from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from fleet.models import User
from tests.data.security import hostile
from tests.data.security.routes import PUBLIC, Route, routes

pytestmark = pytest.mark.django_db
ROUTES = [route for route in routes() if route.name == "api:docs" or not route.name.startswith("api:")]
"""Every page. The API answers by other rules, to which tests/data/api holds each of its routes."""
each_route = pytest.mark.parametrize("route", ROUTES, ids=[route.name for route in ROUTES])
OPEN_TO_VIEWERS = frozenset(
    {"sign-in", "sign-out", "set-up", "settings:me", "settings:token-new", "settings:token-revoke"}
)
"""Routes where anybody signed in (or nobody) may post: they change only the person's own session, mails and tokens."""


class Markup(HTMLParser):
    """What a browser would make of a page: tags it runs or loads, event attributes, all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inline_scripts = 0
        self.foreign: list[str] = []
        self.events: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.inline_scripts += tag == "script" and "src" not in found
        self.foreign += [tag] if tag == "img" and found.get("src") == "x" else []
        self.foreign += [found["src"]] if found.get("src", "/")[:1] != "/" else []
        self.events += [name for name in found if name.startswith(("on", "hx-on"))]
        self.styles += [tag] if "style" in found or tag == "style" else []
        self.text += " ".join(found.values())

    def handle_data(self, data: str) -> None:
        self.text += data


@each_route
def test_without_a_session_only_public_routes_answer(route: Route, client: Client) -> None:
    User.objects.create_user("ana")
    response = client.get(route.url({}))
    if route.name in PUBLIC:
        assert response.status_code in {200, 302, 404, 503}
        assert not response.get("Location", "").startswith(reverse("sign-in"))
    else:
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("sign-in"))


@each_route
def test_a_post_without_csrf_token_is_refused(route: Route, client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_user("ana", role=User.Role.ADMIN))
    assert strict.post(route.url({})).status_code == 403


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.name not in OPEN_TO_VIEWERS], ids=lambda route: route.name
)
def test_a_viewer_may_post_nowhere(route: Route) -> None:
    rows = hostile.build("plain")
    viewer, admin = Client(), Client()
    viewer.force_login(User.objects.create_user("vera"))
    admin.force_login(rows["admin"])
    status = viewer.post(route.url(rows)).status_code
    is_read_only = admin.post(route.url(rows)).status_code == 405
    assert status == (405 if is_read_only else 403)


@pytest.mark.parametrize("text", hostile.TEXTS, ids=["script", "image"])
@each_route
def test_hostile_texts_stay_text_and_headers_are_strict(route: Route, text: str, client: Client) -> None:
    rows = hostile.build(text)
    client.force_login(rows["admin"])
    response = client.get(route.url(rows), follow=False)
    guessed = any(key == "x" for key in route.url(rows).strip("/").split("/"))
    expected = {
        200,
        302,
        405,
        409,
        *({404} if guessed or route.name in {"set-up", "patterns:page", "patterns:chart"} else set()),
    }
    assert response.status_code in expected
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    policy = response["Content-Security-Policy"]
    is_mail = route.name == "alerts:as-sent"
    assert "default-src 'none'" in policy
    assert ("unsafe-inline" in policy) == is_mail
    assert "unsafe-eval" not in policy
    assert "script-src 'self'" in policy or is_mail
    if not response["Content-Type"].startswith("text/html"):
        return
    page = Markup(response.content.decode())
    assert page.inline_scripts == 0
    assert page.foreign == []
    assert page.events == []
    assert page.styles == [] or is_mail


@pytest.mark.parametrize("text", hostile.TEXTS, ids=["script", "image"])
@pytest.mark.parametrize(
    "name",
    ["endpoints:page", "endpoints:detail", "alerts:page", "alerts:detail", "alerts:delivery", "alerts:as-sent",
     "audit:page", "sync:page", "settings:page",
     "settings:set-up-check", "settings:set-up-roles", "quotas:page", "settings:people", "operations:page"],
)  # fmt: skip
def test_hostile_texts_are_shown_as_they_are(name: str, text: str, client: Client) -> None:
    """Guards the sweep above: the attack is really on these pages, as characters."""
    rows = hostile.build(text)
    client.force_login(rows["admin"])
    route = next(route for route in ROUTES if route.name == name)
    body = client.get(route.url(rows)).content.decode()
    assert text not in body
    assert text in Markup(body).text


def test_the_session_cookie_is_out_of_reach_of_scripts(client: Client) -> None:
    User.objects.create_user("ana", password="correct horse battery staple")
    client.post(reverse("sign-in"), {"username": "ana", "password": "correct horse battery staple"})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
