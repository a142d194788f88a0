"""Failed and unusually long transform jobs: one mail each, AWS's reason word for word, and an end."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from fleet.alerts.evaluate import evaluate
from fleet.models import Incident, Notification, Shard, TransformJob
from tests.data.alerts.fleet import NOON, make_shard, person

pytestmark = pytest.mark.django_db


def job(shard: Shard, name: str, started: datetime, hours: float | None, **fields: Any) -> TransformJob:
    ended = None if hours is None else started + timedelta(hours=hours)
    return TransformJob.objects.create(
        **{
            "shard": shard, "name": name, "arn": name, "status": "InProgress" if hours is None else "Completed",
            "created_at": started, "first_seen_at": started, "described_at": started, "started_at": started,
            "ended_at": ended, "model_name": "scorer", "instance_type": "ml.m5.xlarge", "instance_count": 1, **fields,
        }
    )  # fmt: skip


def open_keys() -> set[str]:
    found = Incident.objects.filter(resolved_at=None, rule__key__startswith="transform-")
    return set(found.values_list("rule__key", flat=True))


def test_a_failed_job_is_told_once_in_aws_s_words_and_ends_with_its_day() -> None:
    person("ana")
    reason = "ClientError: s3://bucket/in/ is empty"
    job(make_shard(), "nightly", NOON - timedelta(hours=3), 1, status="Failed", failure_reason=reason)
    evaluate(now=NOON)
    evaluate(now=NOON + timedelta(minutes=1))
    mail = Notification.objects.get()
    assert "nightly" in mail.subject
    assert reason in mail.text
    evaluate(now=NOON + timedelta(hours=23))
    assert open_keys() == set()


def test_a_job_three_times_as_long_as_its_like_opens_and_its_end_resolves() -> None:
    shard = make_shard()
    for day in range(1, 4):
        job(shard, f"usual-{day}", NOON - timedelta(days=day), 1)
    slow = job(shard, "slow", NOON, None)
    evaluate(now=NOON + timedelta(hours=2, minutes=59))
    assert open_keys() == set()
    evaluate(now=NOON + timedelta(hours=3, minutes=1))
    assert open_keys() == {"transform-long"}
    assert "its like take 1 h" in Incident.objects.get(rule__key="transform-long").cause
    TransformJob.objects.filter(pk=slow.pk).update(status="Completed", ended_at=NOON + timedelta(hours=4))
    evaluate(now=NOON + timedelta(hours=4))
    assert open_keys() == set()


def test_without_earlier_jobs_only_half_a_day_is_long() -> None:
    job(make_shard(), "first", NOON, None)
    evaluate(now=NOON + timedelta(hours=11))
    assert open_keys() == set()
    evaluate(now=NOON + timedelta(hours=13))
    assert "transform-long" in open_keys()


def test_jobs_of_a_region_that_is_switched_off_are_nobodys_trouble() -> None:
    job(make_shard(enabled=False), "nightly", NOON - timedelta(hours=3), 1, status="Failed")
    evaluate(now=NOON)
    assert open_keys() == set()
