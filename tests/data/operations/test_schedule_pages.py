"""The form of a schedule: from plain words to a queued plan, the way back, and the way there from what-if."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import Endpoint, Operation, ScalableTarget, ScheduledAction, User
from fleet.operations.schedules import PROVISIONED
from fleet.types import Kind
from tests.data.dashboards import rows
from tests.data.operations import cast

pytestmark = pytest.mark.django_db

TYPING = {"HX-Request": "true", "HX-Target": "action-form", "HX-Trigger": "action-fields"}
OFFICE = {
    "way": "weekly", "days": "weekdays", "from_hour": "8", "to_hour": "18", "level": "5", "rest": "1",
    "timezone": "Europe/Paris", "form_token": "s", "reason": "nobody calls at night",
}  # fmt: skip


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


@pytest.fixture
def warm(db: None) -> Endpoint:
    """Five slots kept warm, nothing scales them."""
    found = cast.endpoint(shard=rows.shard(region="us-east-1"), live={"provisioned_concurrency": 5})
    for hour in range(1, 25):
        rows.hour_bucket(
            found, rows.hour() - timedelta(hours=hour), invocations=10.0, model_latency_ms_sum=5e3
        )
    return found


def url_of(endpoint: Endpoint) -> str:
    return reverse("operations:change-schedule", args=[endpoint.pk])


def target_of(endpoint: Endpoint) -> ScalableTarget:
    return ScalableTarget.objects.create(
        shard=endpoint.shard,
        endpoint=endpoint,
        variant_name="AllTraffic",
        resource_id=f"endpoint/{endpoint.name}/variant/AllTraffic",
        dimension=PROVISIONED,
        min_capacity=1,
        max_capacity=5,
    )


def noon(target: ScalableTarget) -> ScheduledAction:
    schedule = "cron(0 12 * * ? *)"
    document = {
        "ScheduledActionName": "noon",
        "Schedule": schedule,
        "ScalableTargetAction": {"MinCapacity": 2},
    }
    return ScheduledAction.objects.create(
        target=target, name="noon", schedule=schedule, min_capacity=2, document=document
    )


def test_a_schedule_is_worded_previewed_confirmed_and_can_be_planned_back(
    operator: Client, warm: Endpoint
) -> None:
    url = url_of(warm)
    assert f'href="{url}"' in operator.get(reverse("endpoints:detail", args=[warm.pk])).content.decode()
    assert "5 now, 0 scheduled actions" in rows.words(operator.get(url).content.decode())
    typed = rows.words(operator.post(url, OFFICE, headers=TYPING).content.decode())
    assert "cron(0 8 ? * MON-FRI *) Europe/Paris: minimum 5, maximum 5" in typed
    assert "Clocks in Europe/Paris change on" in typed
    assert "a month" in typed
    assert not Operation.objects.exists()

    page = operator.post(url, OFFICE)["Location"]
    plan = rows.words(operator.get(page).content.decode())
    assert "Scalable target not registered 1 – 5" in plan
    assert "weekly-off none cron(0 18 ? * MON-FRI *) Europe/Paris: minimum 1, maximum 1" in plan
    assert "by Application Auto Scaling" in plan
    assert "PutScheduledAction" in plan
    operation = Operation.objects.get()
    assert operation.kind == "change-schedule"
    assert operation.monthly_cost_change_usd is not None
    assert operation.monthly_cost_change_usd < 0
    operator.post(reverse("operations:confirm", args=[operation.code]), {"reason": "nobody calls at night"})
    operation.refresh_from_db()
    assert operation.state == Operation.State.QUEUED

    noon(target_of(warm))
    Operation.objects.update(state="succeeded", verdict="applied", finished_at=timezone.now())
    done = operator.get(page).content.decode()
    assert "weekly-on cron(0 8 ? * MON-FRI *) Europe/Paris: minimum 5, maximum 5 none" in rows.words(done)
    back = re.search(r'href="(/endpoints/\d+/change-schedule/\?way=restore[^"]*)"', done)
    assert back is not None
    form = rows.words(operator.get(back[1].replace("&amp;", "&")).content.decode())
    assert "As it was before" in form
    assert "Scalable target none" in form


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rest": "0"}, "keeps at least one unit warm"),
        ({"level": "21"}, "Level 21 > max concurrency 20"),
        ({"timezone": "Mars/Base"}, "is no time zone"),
        ({"way": "one", "schedule": "cron(0 8 * * MON *)", "name": "x", "minimum": "1"}, "Exactly one of day of month"),
        (
            {"way": "one", "schedule": "rate(1 day)", "name": "x", "minimum": "4", "maximum": "2"},
            "Minimum 4 > maximum 2",
        ),
        ({"way": "remove"}, "no scheduled action to remove"),
    ],
)  # fmt: skip
def test_what_aws_would_refuse_is_refused_before(
    operator: Client, warm: Endpoint, changes: dict[str, str], words: str
) -> None:
    answer = operator.post(url_of(warm), OFFICE | changes)
    assert answer.status_code == 422
    assert words in rows.words(answer.content.decode())
    assert not Operation.objects.exists()


def test_a_scheduled_action_is_removed_and_what_is_there_fills_the_form(
    operator: Client, warm: Endpoint
) -> None:
    noon(target_of(warm))
    assert '<option value="noon">' in operator.get(url_of(warm)).content.decode()
    wish = {"way": "remove", "removed": "noon", "form_token": "r", "reason": "no lunch"}
    plan = rows.words(operator.get(operator.post(url_of(warm), wish)["Location"]).content.decode())
    assert "noon cron(0 12 * * ? *) UTC: minimum 2 none" in plan
    assert "Its cost a month cannot be told" in plan


def test_what_scales_nothing_has_no_form_and_a_viewer_none_at_all(operator: Client, client: Client) -> None:
    cold = cast.endpoint()
    answer = operator.get(url_of(cold))
    assert answer.status_code == 409
    assert "has nothing that a schedule could set" in rows.words(answer.content.decode())
    assert url_of(cold) not in operator.get(reverse("endpoints:detail", args=[cold.pk])).content.decode()
    client.force_login(User.objects.create_user("eve", role=User.Role.VIEWER))
    assert client.get(url_of(cold)).status_code == 403


def test_what_if_leads_to_the_form_filled_in(operator: Client, warm: Endpoint) -> None:
    hours: dict[str, str | int] = {"days": "weekdays", "from_hour": 8, "to_hour": 18}
    size: dict[str, str | int] = {"hosting": "serverless", "memory_mb": 4096, "max_concurrency": 20}
    page = reverse("endpoints:what_if", args=[warm.pk])
    answer = operator.get(page, {**size, "provisioned_concurrency": 8, **hours, "rest": 2}).content.decode()
    link = re.search(r'href="(/endpoints/\d+/change-schedule/\?[^"]*)"', answer)
    assert link is not None
    form = operator.get(link[1].replace("&amp;", "&")).content.decode()
    for name, value in {
        "from_hour": "8",
        "to_hour": "18",
        "level": "8",
        "rest": "2",
        "timezone": "UTC",
    }.items():
        assert re.search(rf'name="{name}" value="{value}"', form), name
    assert '<option value="weekdays" selected>' in form
    assert "Level outside" in rows.words(answer)

    bigger = operator.get(page, {**size, "max_concurrency": 40, "provisioned_concurrency": 8, **hours})
    assert "Change concurrency first…" in rows.words(bigger.content.decode())


def test_instances_are_scheduled_where_some_stay_on_outside_the_hours(operator: Client) -> None:
    machines = {"instance_type": "ml.m5.large", "current_instance_count": 3, "desired_instance_count": 3}
    real = rows.endpoint(
        rows.shard(region="us-east-1"),
        "always-on",
        Kind.REAL_TIME,
        live=machines,
        wanted={"instance_type": "ml.m5.large"},
    )
    assert (
        f'href="{url_of(real)}"' in operator.get(reverse("endpoints:detail", args=[real.pk])).content.decode()
    )
    asked: dict[str, str | int] = {
        "hosting": "instances", "instance_type": "ml.m5.large", "instance_count": 3,
        "days": "daily", "from_hour": 6, "to_hour": 24,
    }  # fmt: skip
    page = reverse("endpoints:what_if", args=[real.pk])
    assert "no operation that makes this change" in rows.words(operator.get(page, asked).content.decode())
    answer = operator.get(page, {**asked, "rest": 1}).content.decode()
    assert (
        "/change-schedule/?way=weekly&amp;days=daily&amp;from_hour=6&amp;to_hour=24&amp;level=3&amp;rest=1"
        in answer
    )
