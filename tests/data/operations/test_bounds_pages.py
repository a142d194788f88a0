"""The bounds of a target in the form of a schedule: from a finding's link to a queued plan, and deregistering."""

import html
import re
from urllib.parse import unquote_plus

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import Endpoint, Operation, ScalableTarget, ScalingPolicy
from fleet.operations import schedule_spots
from fleet.operations.schedules import INSTANCES
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
STEP = {"StepAdjustments": [{"ScalingAdjustment": 1}]}


@pytest.fixture
def video(client: Client) -> Endpoint:
    """An asynchronous endpoint that keeps one instance, 1 to 3."""
    client.force_login(rows.user("operator", None))
    live = {"instance_type": "ml.g4dn.xlarge", "current_instance_count": 1}
    found = rows.endpoint(rows.shard("us-east-1"), "video-async", Kind.ASYNCHRONOUS, live=live)
    ScalableTarget.objects.create(
        shard=found.shard, endpoint=found, variant_name="AllTraffic", dimension=INSTANCES,
        resource_id="endpoint/video-async/variant/AllTraffic", min_capacity=1, max_capacity=3,
    )  # fmt: skip
    return found


def test_bounds_are_planned_confirmed_and_the_way_back_knows_them(client: Client, video: Endpoint) -> None:
    url = reverse("operations:change-schedule", args=[video.pk])
    asked = {"way": "bounds", "minimum": "1", "maximum": "5", "form_token": "b", "reason": "a launch"}
    opened = client.get(url, {key: asked[key] for key in ("way", "minimum", "maximum")})
    assert "Scalable target 1 – 5" in rows.words(opened.content.decode())
    page = client.post(url, asked)["Location"]
    plan = rows.words(client.get(page).content.decode())
    assert "Scalable target 1 – 3 1 – 5" in plan
    assert "instances: between 1 and 5" in plan
    assert "RegisterScalableTarget" in plan
    operation = Operation.objects.get()
    assert [step.action for step in operation.steps.all()] == [
        "read-schedule", "register-scaling", "prove-schedule",
    ]  # fmt: skip
    client.post(reverse("operations:confirm", args=[operation.code]), {"reason": "a launch"})
    operation.refresh_from_db()
    assert operation.state == "queued"


def test_zero_is_refused_until_a_step_policy_wakes_it(client: Client, video: Endpoint) -> None:
    url = reverse("operations:change-schedule", args=[video.pk])
    asked = {"way": "bounds", "minimum": "0", "maximum": "3", "form_token": "z", "reason": "idle nights"}
    refused = client.post(url, asked)
    assert refused.status_code == 422
    assert "add a step policy on HasBacklogWithoutCapacity first" in rows.words(refused.content.decode())
    ScalingPolicy.objects.create(
        target=video.scalable_targets.get(), name="wake", policy_type="StepScaling", configuration=STEP
    )
    (spot,) = schedule_spots.of(video)
    assert spot.wakes
    assert client.post(url, asked).status_code == 303


def test_waking_for_some_hours_shows_both_actions_and_the_way_back_restores_what_was(
    client: Client, video: Endpoint
) -> None:
    url = reverse("operations:change-schedule", args=[video.pk])
    asked = {"way": "wake", "back_after": "8", "form_token": "w", "reason": "a batch tonight"}
    refused = client.post(url, asked)
    assert refused.status_code == 422
    assert "minimum is 1" in rows.words(refused.content.decode())
    video.scalable_targets.update(min_capacity=0)
    page = client.post(url, asked)["Location"]
    plan = rows.words(client.get(page).content.decode())
    assert re.search(
        r"wake-back-to-0 none at\(\d{4}-\d\d-\d\dT\d\d:\d\d:00\) UTC: minimum 0, maximum 0", plan
    )
    assert re.search(r"wake-bounds-again none at\(.{19}\) UTC: minimum 0, maximum 3", plan)
    assert "Planning the way back deletes both actions." in plan
    operation = Operation.objects.get()
    assert operation.parameters["end"]
    client.post(reverse("operations:confirm", args=[operation.code]), {"reason": "a batch tonight"})
    operation.refresh_from_db()
    assert operation.state == "queued", "a plan that shows its hour is confirmed as it was shown"
    operation.state, operation.verdict = "succeeded", "applied"
    operation.save()
    ended = html.unescape(client.get(page).content.decode())
    (back,) = re.findall(r'href="([^"]*way=restore[^"]*)"', ended)
    assert '"actions": []' in unquote_plus(back)


def test_a_target_is_planned_to_be_deregistered(client: Client, video: Endpoint) -> None:
    url = reverse("operations:change-schedule", args=[video.pk])
    page = client.post(url, {"way": "leave", "form_token": "l", "reason": "fixed from now on"})["Location"]
    plan = rows.words(client.get(page).content.decode())
    assert "Scalable target 1 – 3 none" in plan
    assert "DeregisterScalableTarget" in plan
    assert "instances: scalable target deregistered" in plan
