"""The form that changes instances: prefilled by a link, refused beside its fields, planned, confirmed, planned back."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import Endpoint, Operation, ScalableTarget
from fleet.operations.schedules import INSTANCES
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

TYPING = {"HX-Request": "true", "HX-Target": "action-form", "HX-Trigger": "action-fields"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator"))
    return client


def persona(kind: Kind = Kind.MULTI_MODEL) -> Endpoint:
    """On two ml.c5.xlarge in us-east-1, whose prices are built in; its config can be copied."""
    shape = {"instance_type": "ml.c5.xlarge", "current_instance_count": 2, "desired_instance_count": 2}
    found = rows.endpoint(rows.shard(region="us-east-1"), "persona-mme", kind, live=shape)
    assert found.config is not None
    found.config.document = {
        "EndpointConfigName": found.config_name,
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": "persona",
                "InstanceType": "ml.c5.xlarge",
                "InitialInstanceCount": 2,
                "VolumeSizeInGB": 30,
            }
        ],
    }
    found.config.save()
    return found


def url_of(endpoint: Endpoint) -> str:
    return reverse("operations:change-instances", args=[endpoint.pk])


def test_instances_are_prefilled_previewed_confirmed_and_can_be_planned_back(operator: Client) -> None:
    endpoint = persona()
    url = url_of(endpoint)
    start = operator.get(url).content.decode()
    assert 'value="ml.c5.xlarge" selected' in start
    assert url in operator.get(reverse("endpoints:detail", args=[endpoint.pk])).content.decode()
    prefilled = operator.get(f"{url}?instance_type=ml.c5.2xlarge&instance_count=2").content.decode()
    assert 'value="ml.c5.2xlarge" selected' in prefilled
    assert "+$297.84" in prefilled
    wish = {
        "instance_type": "ml.c5.2xlarge",
        "instance_count": "3",
        "form_token": "i",
        "reason": "it thrashes",
    }
    typed = rows.words(operator.post(url, wish, headers=TYPING).content.decode())
    assert "first calls wait for loading until the cache has filled" in typed
    assert not Operation.objects.exists()

    page = operator.post(url, wish)["Location"]
    plan = rows.words(operator.get(page).content.decode())
    assert "Instance type ml.c5.xlarge ml.c5.2xlarge" in plan
    assert "Instances 2 3" in plan
    operation = Operation.objects.get()
    assert operation.parameters == {
        "instance_type": "ml.c5.2xlarge",
        "instance_count": 3,
        "accept_unpriced": False,
    }
    operator.post(reverse("operations:confirm", args=[operation.code]), {"reason": "it thrashes"})
    operation.refresh_from_db()
    assert operation.state == Operation.State.QUEUED

    Operation.objects.update(state="succeeded", verdict="applied", finished_at=timezone.now())
    back = operator.get(page).content.decode()
    assert f'href="{url}?instance_type=ml.c5.xlarge&amp;instance_count=2"' in back


@pytest.mark.parametrize(
    ("name", "count", "words"),
    [
        ("ml.c5.2xlarge", "0", "must be at least 1"),
        ("ml.c5.2xlarge", "two", "must be a whole number"),
        ("", "2", "Choose an instance type"),
        ("ml.c5.xlarge", "2", "Nothing would change: it runs on 2 × ml.c5.xlarge already"),
    ],
)
def test_what_is_refused_stands_beside_its_field(operator: Client, name: str, count: str, words: str) -> None:
    sent = {"instance_type": name, "instance_count": count, "form_token": "i", "reason": "r"}
    answer = operator.post(url_of(persona()), sent)
    assert answer.status_code == 422
    assert words in rows.words(answer.content.decode())
    assert not Operation.objects.exists()


def test_a_serverless_endpoint_and_one_that_scales_have_no_form(operator: Client) -> None:
    serverless = rows.serverless(rows.shard(), "chat-faq")
    answer = operator.get(url_of(serverless))
    assert answer.status_code == 409
    assert "no variant with instances of its own" in rows.words(answer.content.decode())
    scaled = persona()
    ScalableTarget.objects.create(
        endpoint=scaled,
        shard=scaled.shard,
        variant_name="AllTraffic",
        resource_id="endpoint/persona-mme/variant/AllTraffic",
        dimension=INSTANCES,
        min_capacity=1,
        max_capacity=4,
    )
    answer = operator.get(url_of(scaled))
    assert answer.status_code == 409
    assert "A scalable target decides how many instances run, 1 to 4" in rows.words(answer.content.decode())
