"""The form that changes memory: from a choice to a queued plan, and the way back."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import Endpoint, Operation
from tests.data.dashboards import rows
from tests.data.operations import cast

pytestmark = pytest.mark.django_db

TYPING = {"HX-Request": "true", "HX-Target": "action-form", "HX-Trigger": "action-fields"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator"))
    return client


def url_of(endpoint: Endpoint) -> str:
    return reverse("operations:change-memory", args=[endpoint.pk])


def test_memory_is_chosen_previewed_confirmed_and_can_be_planned_back(operator: Client) -> None:
    endpoint = cast.endpoint(shard=rows.shard(region="us-east-1"))
    url = url_of(endpoint)
    assert 'value="4096" selected' in operator.get(url).content.decode()
    typed = rows.words(
        operator.post(url, {"memory_mb": "2048", "form_token": "m"}, headers=TYPING).content.decode()
    )
    assert "likely after it" in typed
    assert "calls may take longer" in typed
    assert not Operation.objects.exists()

    wish = {"memory_mb": "2048", "form_token": "m", "reason": "19 % in use"}
    page = operator.post(url, wish)["Location"]
    plan = rows.words(operator.get(page).content.decode())
    assert "Memory 4,096 MB 2,048 MB" in plan
    assert "How much memory is in use is not known" in plan
    operation = Operation.objects.get()
    assert (operation.kind, operation.parameters) == ("change-memory", {"memory_mb": 2048})
    operator.post(reverse("operations:confirm", args=[operation.code]), {"reason": "19 % in use"})
    operation.refresh_from_db()
    assert operation.state == Operation.State.QUEUED

    Operation.objects.update(state="succeeded", verdict="applied", finished_at=timezone.now())
    assert f'href="{url}?memory_mb=4096"' in operator.get(page).content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("1000", "1,024 to 6,144 MB in steps of 1,024"),
        ("4096", "memory is 4,096 MB already"),
        ("", "is missing"),
    ],
)
def test_what_is_no_other_size_is_refused_beside_its_field(operator: Client, typed: str, words: str) -> None:
    answer = operator.post(url_of(cast.endpoint()), {"memory_mb": typed, "form_token": "m", "reason": "r"})
    assert answer.status_code == 422
    assert words in rows.words(answer.content.decode())
    assert not Operation.objects.exists()


def test_an_endpoint_that_has_no_memory_size_has_no_form(operator: Client) -> None:
    endpoint = cast.endpoint(kind="real-time")
    answer = operator.get(url_of(endpoint))
    assert answer.status_code == 409
    assert "is real-time, not serverless" in rows.words(answer.content.decode())
