"""A permission the role lacks fails in every region alike: one incident an account, naming what is lost and allowed."""

from typing import Any

import pytest

from fleet.alerts.evaluate import evaluate
from fleet.models import Notification, Shard
from tests.data.alerts.fleet import NOON, make_shard, minutes, ongoing, person

pytestmark = pytest.mark.django_db
KEY = "sync-section-failing"


def refused(action: str, kind: str = "AccessDenied") -> dict[str, Any]:
    return {
        "error": {
            "code": "AccessDeniedException",
            "kind": kind,
            "message": f"User: flotilla-read is not authorized to perform: {action}",
            "action": action,
            "since": (NOON - minutes(10)).isoformat(),
        }
    }


def old_role() -> dict[str, Any]:
    """What a read role made before configs, models and jobs were listed is refused."""
    return {
        "configs": refused("sagemaker:ListEndpointConfigs"),
        "batch": refused("sagemaker:ListTransformJobs"),
    }


def test_one_incident_an_account_names_what_is_lost_and_what_to_allow() -> None:
    person("ana")
    for region in ("eu-west-1", "us-east-1", "us-west-2"):
        make_shard("prod", region, sections=old_role())
    make_shard("lab", "eu-west-1", sections=old_role())
    evaluate(now=NOON)
    evaluate(now=NOON + minutes(1))
    lab, prod = sorted(ongoing(KEY), key=lambda incident: incident.title)
    assert prod.title == "AWS refuses batch and configs of prod/3 regions"
    assert lab.title == "AWS refuses batch and configs of lab/eu-west-1"
    assert "the Batch page: transform jobs" in prod.summary
    assert "finding configs that no endpoint uses" in prod.summary
    assert "Allow sagemaker:ListEndpointConfigs, sagemaker:ListTransformJobs" in prod.advice
    assert ["Regions", "eu-west-1, us-east-1, us-west-2"] in prod.facts
    assert Notification.objects.count() == 2


def test_it_ends_when_the_last_region_is_allowed() -> None:
    shards = [make_shard("prod", region, sections=old_role()) for region in ("eu-west-1", "us-east-1")]
    evaluate(now=NOON)
    Shard.objects.filter(pk=shards[0].pk).update(sections={})
    evaluate(now=NOON + minutes(1))
    assert len(ongoing(KEY)) == 1
    Shard.objects.filter(pk=shards[1].pk).update(sections={})
    evaluate(now=NOON + minutes(2))
    assert ongoing(KEY) == []


def test_what_is_no_missing_permission_stays_with_its_region() -> None:
    for region in ("eu-west-1", "us-east-1"):
        make_shard("prod", region, sections={"batch": refused("sagemaker:ListTransformJobs", "Unavailable")})
    evaluate(now=NOON)
    assert sorted(incident.title for incident in ongoing(KEY)) == [
        "AWS refuses batch of prod/eu-west-1",
        "AWS refuses batch of prod/us-east-1",
    ]
