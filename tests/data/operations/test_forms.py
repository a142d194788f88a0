"""The forms of a change: typing, refusals beside their field, and the way from a submit to a plan."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import Endpoint, Operation, User
from tests.data.dashboards import rows
from tests.data.operations import cast
from tests.data.operations.test_pages import CHANGE, HOSTILE, change_url, page_of

pytestmark = pytest.mark.django_db


TYPING = {"HX-Request": "true", "HX-Target": "action-form", "HX-Trigger": "action-fields"}


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", role=User.Role.OPERATOR)


@pytest.fixture
def operator(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    return cast.endpoint()


def test_an_account_whose_roles_cannot_change_is_refused_by_the_form_itself(
    operator: Client, endpoint: Endpoint
) -> None:
    account = endpoint.shard.account
    account.role_arn = f"arn:aws:iam::{account.account_id}:role/FlotillaRead"
    account.act_role_arn, account.permissions = "", {"may_change": False}
    account.save()
    answer = operator.post(change_url(endpoint), {**CHANGE, "reason": "INC-214"})
    assert f"{account.alias} is read-only: it has no role for changing" in rows.words(answer.content.decode())
    assert not Operation.objects.exists()


def test_a_change_goes_from_form_to_plan_to_queue(operator: Client, endpoint: Endpoint) -> None:
    form = operator.get(change_url(endpoint))
    assert "Today 20 calls at a time, none kept warm" in rows.words(form.content.decode())

    answer = operator.post(change_url(endpoint), {**CHANGE, "reason": "INC-214"})
    operation = Operation.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, page_of(operation))

    shown = rows.words(operator.get(page_of(operation)).content.decode())
    for words in (
        "Region quota 40 of 1,000",
        "max concurrency 20 → 40",
        "sagemaker.UpdateEndpointWeightsAndCapacities",
        "INC-214",
    ):
        assert words in shown
    answer = operator.post(page_of(operation, "confirm"), {"reason": "INC-214"})
    assert answer.status_code == 303
    operation.refresh_from_db()
    assert (operation.state, operation.reason) == ("queued", "INC-214")


def test_a_refused_submit_keeps_the_values_and_says_why_beside_the_field(
    operator: Client, endpoint: Endpoint
) -> None:
    answer = operator.post(
        change_url(endpoint), {**CHANGE, "provisioned_concurrency": "50", "reason": HOSTILE}
    )
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Provisioned concurrency 50 &gt; max concurrency 40" in html
    assert 'id="field-provisioned_concurrency"' in html
    assert 'value="40"' in html
    assert 'value="50"' in html
    assert HOSTILE not in html
    assert not Operation.objects.exists()


def test_typing_validates_and_shows_the_effect_without_planning(operator: Client, endpoint: Endpoint) -> None:
    for n in range(4):
        cast.endpoint(f"other-{n}", shard=endpoint.shard, live={"max_concurrency": 100})
    answer = operator.post(change_url(endpoint), {**CHANGE, "max_concurrency": "140"}, headers=TYPING)
    assert answer.status_code == 200
    assert "540 of 1,000" in rows.words(answer.content.decode())
    assert "<html" not in answer.content.decode()

    answer = operator.post(change_url(endpoint), {**CHANGE, "max_concurrency": "201"}, headers=TYPING)
    assert "201; the highest AWS accepts is 200" in rows.words(answer.content.decode())

    answer = operator.post(change_url(endpoint), {**CHANGE, "max_concurrency": ""}, headers=TYPING)
    assert "missing" not in answer.content.decode(), "an empty field is no mistake while one types"
    assert not Operation.objects.exists()


def test_a_submit_by_htmx_answers_with_a_redirect_header(operator: Client, endpoint: Endpoint) -> None:
    headers = {"HX-Request": "true", "HX-Target": "action-form"}
    answer = operator.post(change_url(endpoint), CHANGE, headers=headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (200, page_of(Operation.objects.get()))
    answer = operator.post(change_url(endpoint), {**CHANGE, "max_concurrency": "0"}, headers=headers)
    assert answer.status_code == 200, "the same token still means the first operation"
    answer = operator.post(
        change_url(endpoint), {**CHANGE, "max_concurrency": "0", "form_token": "b"}, headers=headers
    )
    assert answer.status_code == 422
    assert "<html" not in answer.content.decode()


def test_a_double_submit_and_a_double_confirm_are_one_operation(operator: Client, endpoint: Endpoint) -> None:
    first = operator.post(change_url(endpoint), CHANGE)
    second = operator.post(change_url(endpoint), CHANGE)
    assert first["Location"] == second["Location"]
    operation = Operation.objects.get()
    for _ in range(2):
        assert operator.post(page_of(operation, "confirm"), {"reason": "x"}).status_code == 303
    assert Operation.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "Updating"}, "is Updating"),
        ({"kind": "real-time"}, "is real-time, not serverless"),
        ({"unreadable": {"code": "AccessDeniedException", "message": "no"}}, "does not let Flotilla read"),
    ],
)
@pytest.mark.parametrize("family", ["change-concurrency", "convert"])
def test_an_endpoint_that_cannot_be_changed_says_so_and_has_no_form(
    operator: Client, fields: dict[str, Any], words: str, family: str
) -> None:
    endpoint = cast.endpoint(**fields)
    url = reverse(f"operations:{family}", args=[endpoint.pk])
    for answer in (operator.get(url), operator.post(url, {**CHANGE, "instance_type": "ml.m5.large"})):
        assert answer.status_code == 409
        html = answer.content.decode()
        assert words in rows.words(html)
        assert 'id="action-form"' not in html
    assert not Operation.objects.exists()


def test_converting_compares_prices_and_needs_the_name(operator: Client, alice: User) -> None:
    endpoint = cast.endpoint(shard=rows.shard(region="us-east-1"))
    url = reverse("operations:convert", args=[endpoint.pk])
    shown = rows.words(operator.get(url).content.decode())
    assert "This cannot be undone" in shown
    # 730 h × $0.115, the us-east-1 price of ml.m5.large in the built-in snapshot.
    assert "ml.m5.large 2 8,192 0.1150 83.95" in shown

    wish = {"instance_type": "ml.m5.large", "instance_count": "2", "form_token": "c", "reason": "always warm"}
    operation_url = operator.post(url, wish)["Location"]
    plan = rows.words(operator.get(operation_url).content.decode())
    assert plan.count("AWS refuses real-time to serverless") == 2, "said twice before confirming"
    answer = operator.post(operation_url + "confirm/", {"reason": "always warm", "typed_name": "Fraud-score"})
    assert answer.status_code == 422
    assert "You typed “Fraud-score”" in rows.words(answer.content.decode())
    answer = operator.post(operation_url + "confirm/", {"reason": "always warm", "typed_name": "fraud-score"})
    assert answer.status_code == 303


def test_choosing_a_suggested_type_keeps_what_was_typed_and_plans_nothing(
    operator: Client, alice: User
) -> None:
    endpoint = cast.endpoint(shard=rows.shard(region="us-east-1"))
    url = reverse("operations:convert", args=[endpoint.pk])
    typed = {"instance_type": "", "instance_count": "3", "form_token": "c" * 9, "reason": "because of INC-7"}
    answer = operator.post(url, {**typed, "choose": "ml.m5.large"})
    assert answer.status_code == 200
    html = answer.content.decode()
    assert '<option value="ml.m5.large" selected>' in html
    for kept in ('value="3"', f'value="{"c" * 9}"', "because of INC-7</textarea>"):
        assert kept in html
    assert "3 running all month" in rows.words(html)
    assert "Chosen" in rows.words(html)
    assert "field-error" not in html
    assert not Operation.objects.exists()
    first = html[html.index('id="action-form"') :].partition('type="submit"')[2].partition(">")[0]
    assert "choose" not in first, "Enter previews, it does not choose"


def test_an_unknown_instance_type_is_refused_beside_its_field(operator: Client, endpoint: Endpoint) -> None:
    url = reverse("operations:convert", args=[endpoint.pk])
    answer = operator.post(url, {"instance_type": HOSTILE, "instance_count": "1", "form_token": "d"})
    assert answer.status_code == 422
    assert "is not an instance type for hosting" in answer.content.decode()
    assert HOSTILE not in answer.content.decode()


def test_only_an_admin_is_offered_to_go_on_without_a_price(endpoint: Endpoint, operator: Client) -> None:
    url = reverse("operations:convert", args=[endpoint.pk])
    assert "Price unknown, go on" not in operator.get(url).content.decode()
    admin = Client()
    admin.force_login(rows.user("admin"))
    assert "Price unknown, go on" in admin.get(url).content.decode()
