"""Quotas that fill up: two thresholds, a margin against flapping, and mails with the figures of the Quotas page."""

import pytest
from django.conf import settings

from fleet.alerts.evaluate import evaluate
from fleet.models import Notification, Quota, Shard, VariantStatus
from fleet.types import Kind
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, minutes, ongoing, person

pytestmark = pytest.mark.django_db


def hold(slots: int) -> None:
    """The region's only serverless endpoint holds so many of the 500 slots of eu-west-2."""
    VariantStatus.objects.update(max_concurrency=slots)


def look(minute: float) -> tuple[list[str], list[str]]:
    """Titles of open incidents, (full, filling), after an evaluation."""
    Shard.objects.update(inventory_ok_at=NOON + minutes(minute))
    evaluate(now=NOON + minutes(minute))
    full, filling = ongoing("quota-full"), ongoing("quota-filling")
    return [incident.title for incident in full], [incident.title for incident in filling]


@pytest.fixture
def shard() -> Shard:
    shard = make_shard(region="eu-west-2")
    make_endpoint(shard, "ranker", variant={"max_concurrency": 100})
    return shard


def test_eighty_percent_warns_and_ninety_five_is_critical(shard: Shard) -> None:
    assert look(0) == ([], [])
    hold(400)
    title = "prod/eu-west-2: serverless concurrency at 80 % of the quota"
    assert look(1) == ([], [title])
    hold(475)
    full, filling = look(2)
    assert full == ["prod/eu-west-2: serverless concurrency at 95 % of the quota"]
    assert filling == [title]
    (incident,) = ongoing("quota-full")
    assert incident.severity == "critical"
    assert "hold 475 of 500 serverless concurrency, room for 25 more" in incident.summary


def test_an_incident_stays_until_the_figure_is_well_below(shard: Shard) -> None:
    hold(400)
    look(0)
    hold(380)
    assert look(1)[1], "76 % lies within the margin of five points"
    hold(375)
    assert look(2)[1] == []
    hold(399)
    assert look(3)[1] == [], "the margin keeps incidents open, it opens none"


def test_a_late_sync_and_an_unknown_limit_leave_the_incident_as_it_is(shard: Shard) -> None:
    hold(480)
    look(0)
    hold(10)
    evaluate(now=NOON + minutes(settings.STALE_AFTER_S / 60 + 1))
    assert len(ongoing("quota-full")) == 1
    Shard.objects.update(region="xx-nowhere-1")
    assert len(look(60)[0]) == 1
    Shard.objects.update(region="eu-west-2")
    assert look(61) == ([], [])


def test_an_instance_quota_opens_with_service_quotas_value(shard: Shard) -> None:
    make_endpoint(
        shard, "rt", Kind.REAL_TIME, variant={"instance_type": "ml.g5.xlarge", "current_instance_count": 4}
    )
    Quota.objects.create(
        shard=shard, code="L-1", name="ml.g5.xlarge for endpoint usage", subject="instances:ml.g5.xlarge", value=3,
        source="AWS Service Quotas", fetched_at=NOON,
    )  # fmt: skip
    assert look(0)[0] == ["prod/eu-west-2: ml.g5.xlarge instances over the quota"]
    assert ["Limit", "3 (Service Quotas)"] in ongoing("quota-full")[0].facts


def test_one_mail_when_it_opens_and_one_when_it_resolves(shard: Shard) -> None:
    person("ana")
    hold(480)
    look(0)
    look(1)
    hold(10)
    look(2)
    subjects = list(Notification.objects.order_by("id").values_list("subject", flat=True))
    assert len(subjects) == 2
    assert "480 of 500 serverless concurrency held in prod/eu-west-2" in subjects[0]
    assert subjects[1].lower().startswith("[resolved")
