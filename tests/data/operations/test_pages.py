"""The Operations pages and the action forms as people meet them: every role, every refusal, with and without htmx."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import Endpoint, Operation, User
from fleet.operations.kinds import ConversionWish
from tests.data.dashboards import rows
from tests.data.operations import cast

pytestmark = pytest.mark.django_db

CHANGE = {"max_concurrency": "40", "provisioned_concurrency": "", "route": "auto", "form_token": "a" * 16}
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", role=User.Role.OPERATOR)


@pytest.fixture
def operator(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def viewer() -> Client:
    client = Client()
    client.force_login(rows.user("viewer"))
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    return cast.endpoint()


def change_url(endpoint: Endpoint) -> str:
    return reverse("operations:change-concurrency", args=[endpoint.pk])


def page_of(operation: Operation, action: str = "detail") -> str:
    return reverse(f"operations:{action}", args=[operation.code])


def test_the_plan_opens_its_cost_line_by_line_and_the_lines_add_up(operator: Client) -> None:
    endpoint = cast.endpoint(shard=rows.shard(region="us-east-1"))
    wish = {"instance_type": "ml.m5.large", "instance_count": "2", "form_token": "c", "reason": "always warm"}
    answer = operator.get(operator.post(reverse("operations:convert", args=[endpoint.pk]), wish)["Location"])
    plan = rows.words(answer.content.decode())
    assert "1,460 instance hours × $0.115" in plan
    assert "estimated · AWS Price List" in plan
    cost = answer.context["cost"]
    for side in ("before", "after"):
        known = [row[side] for row in cost["rows"] if row[side] is not None]
        assert cost[side] is None or sum(known) == cost[side]
    assert cost["after"] is not None


def test_a_confirmation_without_a_reason_is_refused(
    operator: Client, alice: User, endpoint: Endpoint
) -> None:
    operation = cast.planned(endpoint, alice)
    answer = operator.post(page_of(operation, "confirm"), {"reason": " "})
    assert answer.status_code == 422
    assert "the reason is kept in the audit log" in answer.content.decode()


def test_a_stale_plan_answers_409_and_offers_a_new_one(
    operator: Client, alice: User, endpoint: Endpoint
) -> None:
    operation = cast.planned(endpoint, alice)
    endpoint.variants.update(max_concurrency=33)
    endpoint.modified_at = timezone.now()
    endpoint.save()
    answer = operator.post(page_of(operation, "confirm"), {"reason": "x"})
    assert answer.status_code == 409
    html = rows.words(answer.content.decode())
    assert "max concurrency 20 → 33" in html
    assert "Plan again" in html
    assert f"{change_url(endpoint)}?max_concurrency=40" in answer.content.decode()


def test_the_other_operator_is_told_who_is_changing_it(operator: Client, endpoint: Endpoint) -> None:
    bob = User.objects.create_user("bob", role=User.Role.OPERATOR)
    cast.confirmed(cast.planned(endpoint, bob), bob)
    answer = operator.get(change_url(endpoint))
    assert answer.status_code == 409
    assert "bob is changing fraud-score already" in rows.words(answer.content.decode())


def test_a_viewer_reads_plans_but_changes_nothing(viewer: Client, alice: User, endpoint: Endpoint) -> None:
    operation = cast.planned(endpoint, alice)
    html = viewer.get(page_of(operation)).content.decode()
    assert "You are signed in as viewer; this needs operator." in html
    assert 'type="submit" disabled' in html
    for url in (
        change_url(endpoint),
        reverse("operations:convert", args=[endpoint.pk]),
        page_of(operation, "confirm"),
        page_of(operation, "cancel"),
    ):
        answer = viewer.post(url, {**CHANGE, "reason": "x"})
        assert answer.status_code == 403, url
    operation.refresh_from_db()
    assert operation.state == "planned"
    assert Operation.objects.count() == 1


def test_signed_out_people_are_sent_to_sign_in(client: Client, alice: User, endpoint: Endpoint) -> None:
    operation = cast.planned(endpoint, alice)
    for url in (reverse("operations:page"), page_of(operation), change_url(endpoint)):
        answer = client.get(url)
        assert answer.status_code == 302
        assert "/sign-in/" in answer["Location"]


def test_wrong_methods_change_nothing(operator: Client, alice: User, endpoint: Endpoint) -> None:
    operation = cast.planned(endpoint, alice)
    assert operator.get(page_of(operation, "confirm")).status_code == 405
    assert operator.get(page_of(operation, "cancel")).status_code == 405
    assert operator.post(page_of(operation)).status_code == 405
    assert operator.delete(change_url(endpoint)).status_code == 405


def test_every_post_needs_its_csrf_token(alice: User, endpoint: Endpoint) -> None:
    operation = cast.planned(endpoint, alice)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    for url in (change_url(endpoint), page_of(operation, "confirm"), page_of(operation, "cancel")):
        assert strict.post(url, CHANGE).status_code == 403
    operation.refresh_from_db()
    assert operation.state == "planned"


def test_cancelling_a_plan_keeps_it_in_the_list(operator: Client, alice: User, endpoint: Endpoint) -> None:
    operation = cast.planned(endpoint, alice)
    assert operator.post(page_of(operation, "cancel")).status_code == 303
    shown = rows.words(operator.get(reverse("operations:page")).content.decode())
    assert "Cancelled before it started." in shown
    assert operator.post(page_of(operation, "cancel")).status_code == 409


def test_a_running_operation_polls_until_it_is_settled(
    operator: Client, alice: User, endpoint: Endpoint
) -> None:
    operation = cast.confirmed(cast.planned(endpoint, alice), alice)
    Operation.objects.filter(pk=operation.pk).update(state="verifying", started_at=timezone.now())
    html = operator.get(page_of(operation)).content.decode()
    assert 'hx-trigger="every 5s' in html
    assert "AWS cannot stop a running update" in html
    part = operator.get(page_of(operation), headers={"HX-Request": "true", "HX-Target": "operation-state"})
    assert part.status_code == 200

    Operation.objects.filter(pk=operation.pk).update(state="succeeded", verdict="applied")
    part = operator.get(page_of(operation), headers={"HX-Request": "true", "HX-Target": "operation-state"})
    assert part.status_code == 286
    assert "every 5s" not in part.content.decode()


def test_a_running_page_reloads_itself_without_javascript(
    operator: Client, alice: User, endpoint: Endpoint
) -> None:
    operation = cast.planned(endpoint, alice)
    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>'

    def head() -> str:
        return operator.get(page_of(operation)).content.decode().partition("</head>")[0]

    assert refresh not in head(), "a form somebody fills in is not taken away"
    cast.confirmed(operation, alice)
    for state in ("queued", "running", "verifying"):
        Operation.objects.filter(pk=operation.pk).update(state=state, started_at=timezone.now())
        assert refresh in head(), state
    Operation.objects.filter(pk=operation.pk).update(state="succeeded", verdict="applied")
    assert refresh not in head()


def test_a_rollback_is_shown_with_awss_words_as_text(operator: Client, alice: User) -> None:
    endpoint = cast.endpoint()
    operation = cast.confirmed(cast.planned(endpoint, alice), alice)
    now = timezone.now()
    Operation.objects.filter(pk=operation.pk).update(
        state="rolled-back",
        verdict="rolled-back",
        verdict_detail=f"AWS undid the change: {HOSTILE}",
        failure_reason=HOSTILE,
        started_at=now,
        finished_at=now,
    )
    html = operator.get(page_of(operation)).content.decode()
    assert HOSTILE not in html
    shown = rows.words(html)
    assert "Rolled back" in shown
    assert shown.count(HOSTILE) == 2
    assert "Max concurrency 40 20 not as asked" in shown
    assert "Plan again" in shown


def test_an_unpriced_plan_says_so_instead_of_zero(operator: Client, alice: User, endpoint: Endpoint) -> None:
    operation = cast.planned(endpoint, alice)
    assert operation.monthly_cost_change_usd is None
    shown = rows.words(operator.get(page_of(operation)).content.decode())
    assert "Its cost a month cannot be told" in shown


def test_the_list_is_constant_in_queries(
    operator: Client, alice: User, django_assert_max_num_queries: Any
) -> None:
    shard = rows.shard()
    for n in range(12):
        operation = cast.planned(cast.endpoint(f"e-{n}", shard=shard), alice, click=f"t{n}")
        if n % 2:
            Operation.objects.filter(pk=operation.pk).update(state="succeeded", verdict="applied")
    operator.get(reverse("operations:page"))
    with django_assert_max_num_queries(10):
        shown = operator.get(reverse("operations:page")).content.decode()
    assert shown.count("Change concurrency of e-") == 12


def test_an_unknown_operation_is_not_found(operator: Client) -> None:
    assert operator.get("/operations/ffffffff/").status_code == 404


def test_a_conversion_plan_of_a_hostile_name_stays_text(operator: Client, alice: User) -> None:
    endpoint = cast.endpoint('x"><b>', shard=rows.shard(region="us-east-1"))
    operation = cast.planned(endpoint, alice, ConversionWish("ml.m5.large", "1"))
    html = operator.get(page_of(operation)).content.decode()
    assert "<b>" not in html
    assert "&quot;&gt;&lt;b&gt;" in html


def test_the_endpoint_page_offers_what_may_be_done_and_says_why_not(
    operator: Client, viewer: Client, alice: User
) -> None:
    shard = rows.shard()
    free, moving = cast.endpoint("free", shard=shard), cast.endpoint("moving", shard=shard, status="Updating")
    busy, real_time = (
        cast.endpoint("busy", shard=shard),
        cast.endpoint("rt", shard=shard, kind="real-time", live={"memory_mb": None, "max_concurrency": None}),
    )
    operation = cast.confirmed(cast.planned(busy, alice), alice)

    def shown(client: Client, endpoint: Endpoint) -> str:
        return client.get(reverse("endpoints:detail", args=[endpoint.pk])).content.decode()

    assert change_url(free) in shown(operator, free)
    as_viewer = shown(viewer, free)
    assert "Changing an endpoint needs the role operator." in as_viewer
    assert change_url(free) not in as_viewer
    assert "it is Updating" in rows.words(shown(operator, moving))
    assert page_of(operation) in shown(operator, busy)
    assert change_url(busy) not in shown(operator, busy)
    assert "Convert to real-time" not in shown(operator, real_time)
