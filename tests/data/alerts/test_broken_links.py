"""An endpoint that cannot be patched: told once in AWS's words, never for want of a permission, ended by a repair."""

from typing import Any

import pytest

from fleet.alerts.evaluate import evaluate
from fleet.models import Endpoint, Notification, Shard
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, minutes, ongoing, person

pytestmark = pytest.mark.django_db
KEY = "cannot-be-patched"
ROLE = {
    "kind": "role",
    "name": "arn:aws:iam::1:role/serving",
    "action": "iam:GetRole",
    "said": "The role with name serving cannot be found.",
}


def judge(verdict: str, *links: dict[str, str], since: Any = NOON) -> None:
    Endpoint.objects.update(built_from=verdict, built_from_since=since, broken_links=list(links))


@pytest.fixture
def shard() -> Shard:
    """A region with one endpoint, watched well past noon."""
    person("ana")
    later = NOON + minutes(24 * 60)
    where = make_shard(inventory_ok_at=later, metrics_ok_at=later)
    make_endpoint(where, "ranker")
    return where


def test_what_has_been_gone_for_an_hour_is_mailed_once_in_aws_s_words(shard: Shard) -> None:
    judge("broken", ROLE)
    evaluate(now=NOON + minutes(59))
    assert ongoing(KEY) == []
    evaluate(now=NOON + minutes(60))
    evaluate(now=NOON + minutes(61))
    mail = Notification.objects.get()
    assert mail.subject.startswith("[warning] ranker eu-west-1: cannot be patched: its role")
    assert f"{ROLE['name']} (iam:GetRole: {ROLE['said']})" in mail.text
    assert "Owner" in mail.text
    assert "risk" in mail.text
    assert ongoing(KEY)[0].cause.startswith(f"cannot be patched: its role {ROLE['name']} is gone since")


@pytest.mark.parametrize("verdict", ["cannot-tell", "patchable"])
def test_what_cannot_be_told_or_is_there_never_alerts(shard: Shard, verdict: str) -> None:
    judge(verdict)
    evaluate(now=NOON + minutes(600))
    assert ongoing(KEY) == []
    assert not Notification.objects.exists()


def test_only_a_repair_ends_it_not_a_permission_taken_away(shard: Shard) -> None:
    judge("broken", ROLE)
    evaluate(now=NOON + minutes(60))
    judge("cannot-tell", since=NOON + minutes(61))
    evaluate(now=NOON + minutes(62))
    assert len(ongoing(KEY)) == 1
    judge("patchable", since=NOON + minutes(63))
    evaluate(now=NOON + minutes(64))
    assert ongoing(KEY) == []


def test_a_region_that_is_read_late_opens_and_ends_nothing(shard: Shard) -> None:
    judge("broken", ROLE)
    Shard.objects.update(inventory_ok_at=NOON - minutes(600))
    evaluate(now=NOON + minutes(60))
    assert ongoing(KEY) == []


def test_many_gone_things_are_counted_and_the_first_ones_named(shard: Shard) -> None:
    gone = [{"kind": "image", "name": f"image-{n}", "action": "", "said": ""} for n in range(10)]
    judge("broken", *gone)
    evaluate(now=NOON + minutes(60))
    (incident,) = ongoing(KEY)
    assert incident.cause.startswith("cannot be patched: 10 things are gone")
    assert ["Gone: image", "image-0 (AWS no longer lists it)"] in incident.facts
    assert ["And more", "2"] in incident.facts
