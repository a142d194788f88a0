"""The frame of every page: navigation, pickers, age of data, roles, errors, the pattern page."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from dashboards import access, htmx, status
from dashboards.context import build
from dashboards.errors import forbidden
from dashboards.icons import ICONS, inner_svg
from dashboards.navigation import NAVIGATION
from dashboards.scope import scope_filter, time_range
from fleet import heartbeat
from fleet.models import Shard
from fleet.types import EndpointStatus
from tests.data.dashboards.rows import read
from tests.factories import EndpointFactory, IncidentFactory, OperationFactory, ShardFactory, UserFactory, now

pytestmark = pytest.mark.django_db

COMPONENTS = Path(settings.BASE_DIR) / "templates" / "components"


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(UserFactory(username="alice"))
    return client


def test_every_entry_of_the_navigation_opens_a_page() -> None:
    assert [reverse(item.url_name) for group in NAVIGATION for item in group.items]


@pytest.mark.parametrize(
    ("address", "entry"),
    [
        ("/costs/savings-plans/", "Costs"),
        ("/prices/new/commitment/", "Costs"),
        ("/prices/new/discount/", "Prices"),
        ("/settings/tokens/", "Settings"),
    ],
)
def test_a_page_lights_the_one_entry_that_it_stands_under(client: Client, address: str, entry: str) -> None:
    client.force_login(UserFactory(role="admin"))
    page = client.get(address).content.decode()
    drawn = re.findall(r'<a class="ni[^>]*aria-current="page".*?</a>', page, re.DOTALL)
    assert [entry in link for link in drawn] == [True]


def test_people_who_are_not_signed_in_are_sent_to_the_form(client: Client) -> None:
    UserFactory()
    response = client.get("/endpoints/?kind=serverless")
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/?next=/endpoints/")


def test_badges_count_open_incidents_and_running_operations_only(viewer: Client) -> None:
    IncidentFactory()
    IncidentFactory(resolved_at=now())
    OperationFactory(state="running")
    OperationFactory(state="succeeded")
    page = viewer.get("/endpoints/").content.decode()
    assert re.findall(r'count-badge[^>]*>(\d+)<span class="sr-only"> ([a-z ]+)<', page) == [
        ("1", "running"),
        ("1", "open incidents"),
    ]


def test_the_frame_costs_one_query(django_assert_num_queries: object) -> None:
    for n in range(5):
        ShardFactory(region=f"eu-west-{n}")
        IncidentFactory()
    request = RequestFactory().get("/")
    request.resolver_match = None
    request.user = UserFactory()
    with django_assert_num_queries(1):  # type: ignore[operator]
        build(request)


def test_late_regions_are_told_in_the_top_bar(viewer: Client) -> None:
    ShardFactory(region="eu-west-1")
    ShardFactory(region="us-east-1", inventory_ok_at=now() - timedelta(hours=2))
    page = viewer.get("/").content.decode()
    assert "1 of 2 regions late" in page
    assert "data-age late" in page


def test_the_age_of_the_data_is_that_of_the_older_half(viewer: Client) -> None:
    """Endpoints are read, metrics are not: the figures on the page are as old as the metrics."""
    ShardFactory(region="eu-west-1", inventory_ok_at=now(), metrics_ok_at=now() - timedelta(minutes=4))
    page = viewer.get("/").content.decode()
    assert "Synced 4 min ago" in page
    assert "figures 4 min old" in page
    Shard.objects.update(metrics_ok_at=now() - timedelta(minutes=12))
    page = viewer.get("/").content.decode()
    assert "1 of 1 regions late" in page
    assert "figures 12 min old" in page
    Shard.objects.update(metrics_ok_at=None)
    assert "figures never read" in viewer.get("/").content.decode()


def test_range_and_scope_stay_in_the_links_of_the_navigation(viewer: Client) -> None:
    ShardFactory()
    page = viewer.get("/endpoints/?range=7d&region=eu-west-1&page=3").content.decode()
    assert 'href="/?region=eu-west-1&amp;range=7d"' in page
    assert re.search(r'href="\?[^"]*range=30d[^"]*"[^>]*>30 d<', page)
    assert not re.search(r'<a [^>]*href="[^"]*page=3', page)


def test_what_cannot_be_an_account_or_a_region_is_ignored() -> None:
    query = RequestFactory().get("/?account=1'--&account=111122223333&region=<b>&region=eu-west-1").GET
    found = scope_filter(query)
    assert (found.accounts, found.regions) == (("111122223333",), ("eu-west-1",))


def test_the_month_begins_on_its_first_day_utc() -> None:
    window = time_range("month", now())
    assert (window.start.day, window.start.hour, window.end) == (1, 0, now())
    assert window.days[0] == window.start.date()


def test_a_theme_cookie_is_obeyed_and_nonsense_is_not(viewer: Client) -> None:
    viewer.cookies["theme"] = "dark"
    assert 'data-bs-theme="dark"' in viewer.get("/").content.decode()
    viewer.cookies["theme"] = '"><script>'
    assert "data-bs-theme" not in viewer.get("/").content.decode()


def test_pages_and_parts_carry_their_cache_headers(viewer: Client) -> None:
    page = viewer.get("/endpoints/")
    part = viewer.get("/endpoints/", headers={"HX-Request": "true", "HX-Target": "endpoint-list"})
    assert page["Cache-Control"] == "private, no-cache"
    assert part["Cache-Control"] == "no-store"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in part["Vary"].split(",")}
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()


def test_a_history_restore_gets_the_whole_page(viewer: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "endpoint-list", "HX-History-Restore-Request": "true"}
    assert "<html" in viewer.get("/endpoints/", headers=headers).content.decode()


def test_an_unknown_target_reloads_the_page(viewer: Client) -> None:
    response = viewer.get("/endpoints/", headers={"HX-Request": "true", "HX-Target": "elsewhere"})
    assert response["HX-Refresh"] == "true"


def test_a_role_refuses_the_weaker_and_lets_the_stronger_in(viewer: Client) -> None:
    roles = {role: UserFactory(role=role) for role in access.ROLES}
    assert [access.may(roles[role], "operator") for role in ("viewer", "operator", "admin")] == [
        False,
        True,
        True,
    ]
    assert access.may(UserFactory(is_superuser=True), "admin")


def test_a_refusal_names_the_role_that_is_needed(viewer: Client, rf: RequestFactory) -> None:
    @access.require_role("admin")
    def view(request: object) -> HttpResponse:
        raise AssertionError("the view must not run")

    request = rf.post("/")
    request.user = UserFactory(role="viewer")
    with pytest.raises(access.RoleNeeded) as refused:
        view(request)
    response = forbidden(request, refused.value)
    assert response.status_code == 403
    assert "needs the role <strong>admin</strong>" in response.content.decode()


def test_a_missing_page_says_what_is_missing(viewer: Client) -> None:
    response = viewer.get("/nothing/<b>here")
    assert response.status_code == 404
    assert "&lt;b&gt;here" in response.content.decode()


def test_the_pattern_page_is_for_builders(client: Client) -> None:
    client.force_login(UserFactory(role="viewer"))
    assert client.get("/patterns/").status_code == 404
    client.force_login(UserFactory(role="admin"))
    assert client.get("/patterns/").status_code == 200


def test_the_pattern_page_shows_every_component_and_no_markup_of_a_name(client: Client) -> None:
    client.force_login(UserFactory(role="admin"))
    response = client.get("/patterns/")
    shown = {f"{template.name}".rpartition("/")[2] for template in response.templates if template.name}
    assert {path.name for path in COMPONENTS.glob("*.html")} - shown == set()
    assert "<script>alert" not in response.content.decode()
    for name in ("cost", "panels", "empty"):
        assert client.get(reverse("patterns:chart", args=[name])).status_code == 200


def test_every_component_states_its_inputs_first() -> None:
    for path in COMPONENTS.glob("*.html"):
        assert path.read_text().startswith("{# Inputs: "), path.name


def test_every_icon_of_the_list_exists() -> None:
    for name in ICONS:
        assert "<path" in inner_svg(name), name


def test_an_unlisted_icon_is_an_error() -> None:
    with pytest.raises(KeyError):
        inner_svg("../../../etc/passwd")


def test_each_status_of_aws_has_its_own_word_and_an_unknown_one_is_shown_as_it_came() -> None:
    for state in EndpointStatus:
        assert status.look(state).word == state.value
    assert status.look("Hibernating").word == "Hibernating"


def test_templates_hold_no_inline_script_or_style() -> None:
    root = Path(settings.BASE_DIR) / "templates"
    for path in root.rglob("*.html"):
        if "email" in path.parts:
            continue
        text = path.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|hx-on|<script(?![^>]*\ssrc=)|\|safe\b", text), (
            path
        )


def test_htmx_redirects_by_header_and_browsers_by_303(rf: RequestFactory) -> None:
    plain: Any = rf.post("/")
    plain.htmx = False
    assert htmx.redirect(plain, "endpoints:page").status_code == 303
    quick: Any = rf.post("/")
    quick.htmx = True
    assert htmx.redirect(quick, "endpoints:page")["HX-Redirect"] == "/endpoints/"


def test_the_csv_and_the_page_of_a_hostile_name_are_text(viewer: Client) -> None:
    EndpointFactory(name="<script>alert(1)</script>", owner="=cmd()", team='"quoted"')
    page = viewer.get("/endpoints/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "'=cmd()" in read(viewer, "/endpoints/endpoints.csv")


def test_every_page_says_when_the_background_work_fell_silent(viewer: Client) -> None:
    ShardFactory()
    heartbeat.beat(now() - heartbeat.silence_limit() + timedelta(minutes=1))
    assert "Background work is paused" not in viewer.get("/endpoints/").content.decode()
    heartbeat.beat(now() - heartbeat.silence_limit() - timedelta(minutes=1))
    assert "Background work is paused since" in viewer.get("/endpoints/").content.decode()
