"""Splitting the models of an endpoint over two: the form, the plan, what is left to people, and the way back."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import AuditEntry, Endpoint, FineBucket, HostedModelCount, Operation
from fleet.types import Kind
from tests.data.dashboards import rows
from tests.data.operations.test_instance_pages import TYPING, persona

pytestmark = pytest.mark.django_db
SENT = {
    "name": "persona-mme-b", "instance_count": "1", "models": "en/a.tar.gz\nen/<b>.tar.gz", "form_token": "s",
    "reason": "it thrashes",
}  # fmt: skip


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


def url_of(endpoint: Endpoint) -> str:
    return reverse("operations:split-models", args=[endpoint.pk])


def second_of(operation: Operation) -> Endpoint:
    """The endpoint that the split made, as the next sync mirrors it."""
    shape = {"instance_type": "ml.c5.xlarge", "current_instance_count": 1, "desired_instance_count": 1}
    wanted = operation.plan["wanted"]
    found = rows.endpoint(operation.endpoint.shard, wanted["new_endpoint"], Kind.MULTI_MODEL, live=shape)
    Endpoint.objects.filter(pk=found.pk).update(config_name=wanted["config_name"])
    found.refresh_from_db()
    return found


def ended(operator: Client, endpoint: Endpoint) -> Operation:
    """A split that a person planned and confirmed and AWS carried out."""
    operator.post(url_of(endpoint), SENT)
    operation = Operation.objects.get()
    operator.post(reverse("operations:confirm", args=[operation.code]), {"reason": "it thrashes"})
    assert Operation.objects.filter(state=Operation.State.QUEUED).exists()
    Operation.objects.update(state="succeeded", verdict="applied", finished_at=timezone.now())
    return operation


def test_a_split_is_prefilled_previewed_with_what_callers_have_to_do_and_confirmed(operator: Client) -> None:
    endpoint = persona()
    HostedModelCount.objects.create(endpoint=endpoint, count=400, set_at=rows.now())
    start = operator.get(url_of(endpoint) + "?instance_count=1").content.decode()
    assert 'value="persona-mme-b"' in start
    assert "for 400 models" in rows.words(start)
    typed = rows.words(operator.post(url_of(endpoint), SENT, headers=TYPING).content.decode())
    assert "Flotilla moves no calls: persona-mme-b serves nothing until callers name it" in typed
    assert "+$148.92" in typed
    assert not Operation.objects.exists()

    first = operator.post(url_of(endpoint), SENT)["Location"]
    assert operator.post(url_of(endpoint), SENT)["Location"] == first, "a double click plans one split"
    plan = rows.words(operator.get(first).content.decode())
    assert "New endpoint none persona-mme-b" in plan
    assert "2 models: en/a.tar.gz, en/&lt;b&gt;.tar.gz" in plan or "en/<b>.tar.gz" in plan
    assert "CreateEndpoint" in plan
    assert "UpdateEndpoint is skipped: persona-mme stays as it is" in plan
    operation = Operation.objects.get()
    assert operation.parameters["models"] == ["en/a.tar.gz", "en/<b>.tar.gz"]
    assert AuditEntry.objects.filter(action="operation.planned").count() == 1


def test_what_is_left_to_people_is_told_step_by_step_and_the_way_back_asks_for_the_name(
    operator: Client,
) -> None:
    endpoint = persona()
    operation = ended(operator, endpoint)
    page = reverse("operations:detail", args=[operation.code])
    found = rows.words(operator.get(page).content.decode())
    assert "1. Move callers Have them name persona-mme-b for 2 models" in found
    assert "2. Take instances from persona-mme Once they do, 1 instance" in found
    assert "after the next sync it is, or it is gone" in found

    second = second_of(operation)
    delete = reverse("operations:delete-split", args=[second.pk])
    html = operator.get(page).content.decode()
    assert f'href="{delete}"' in html
    rest = reverse("operations:change-instances", args=[endpoint.pk])
    assert f'href="{rest}?instance_type=ml.c5.xlarge&amp;instance_count=1"' in html

    plan = operator.post(delete, {"form_token": "d", "reason": "callers are back"})["Location"]
    words = rows.words(operator.get(plan).content.decode())
    assert "cannot be undone" in words
    assert "DeleteEndpointConfig" in words
    made = Operation.objects.get(kind="delete-split")
    confirm = reverse("operations:confirm", args=[made.code])
    refused = operator.post(confirm, {"reason": "callers are back", "typed_name": "persona-mme"})
    assert refused.status_code == 422
    operator.post(confirm, {"reason": "callers are back", "typed_name": "persona-mme-b"})
    made.refresh_from_db()
    assert made.state == Operation.State.QUEUED


def test_wanted_and_live_are_of_the_endpoint_that_the_split_made_and_deny_nothing_unread(
    operator: Client,
) -> None:
    operation = ended(operator, persona())
    page = reverse("operations:detail", args=[operation.code])
    unseen = rows.words(operator.get(page).content.decode())
    assert "Live, read never" in unseen
    assert "Capacity 1 × ml.c5.xlarge — not read yet" in unseen
    second = second_of(operation)
    Endpoint.objects.filter(pk=second.pk).update(described_at=rows.now().replace(hour=4, minute=5, second=6))
    second.variants.update(current_instance_count=None)
    creating = rows.words(operator.get(page).content.decode())
    assert "Live, read 04:05:06" in creating
    assert "Capacity 1 × ml.c5.xlarge — not read yet" in creating
    second.variants.update(current_instance_count=1)
    assert "1 × ml.c5.xlarge as asked" in rows.words(operator.get(page).content.decode())


def test_what_somebody_calls_and_what_no_split_made_is_not_deleted(operator: Client) -> None:
    endpoint = persona()
    second = second_of(ended(operator, endpoint))
    FineBucket.objects.create(
        variant=rows.variant(second), at=timezone.now() - timedelta(minutes=20), period_s=300, invocations=7.0
    )
    called = operator.get(reverse("operations:delete-split", args=[second.pk]))
    assert called.status_code == 409
    assert "had 7 calls in the last hour" in rows.words(called.content.decode())
    old = operator.get(reverse("operations:delete-split", args=[endpoint.pk]))
    assert "No split made persona-mme as it is now" in rows.words(old.content.decode())
    Endpoint.objects.filter(pk=second.pk).update(config_name="by-hand")
    moved = operator.get(reverse("operations:delete-split", args=[second.pk]))
    assert "No split made persona-mme-b as it is now" in rows.words(moved.content.decode())


def test_a_taken_name_and_no_models_are_refused_beside_their_fields(operator: Client) -> None:
    endpoint = persona()
    rows.multi_model(endpoint.shard, "persona-mme-b")
    answer = operator.post(url_of(endpoint), SENT | {"models": ""})
    assert answer.status_code == 422
    found = rows.words(answer.content.decode())
    assert "has an endpoint persona-mme-b in us-east-1 already" in found
    assert "Name the models that move" in found
    serverless = operator.get(url_of(rows.serverless(endpoint.shard, "chat-faq")))
    assert serverless.status_code == 409
