"""What evidence is made of beside hours: sizes, failed updates, calls in step; and that it is kept as it was."""

from datetime import timedelta

import pytest
from django.utils import timezone

from fleet.advice import runs
from fleet.advisor import engine
from fleet.models import (
    ChangeEvent,
    Container,
    Endpoint,
    HostedModel,
    KeptEvidence,
    LinkCheck,
    PartHour,
    Shard,
)
from fleet.queries import advice_evidence
from fleet.queries.advice_evidence import kept
from fleet.types import Kind
from tests.data.advice import cast
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shard:
    return rows.shard("us-east-1")


def test_what_was_known_is_kept_for_the_tab_as_it_was(place: Shard) -> None:
    chat, old = cast.too_large(place), cast.idle(place)
    Endpoint.objects.filter(pk=chat.pk).update(tags={"cost\x1fcentre": 'it\'s \\"1", {2}, é 100 %'})
    now = timezone.now()
    runs.look(lambda: now)
    about = advice_evidence.surroundings(now)
    for each in advice_evidence.of([chat.pk, old.pk], now, about):
        assert kept.of_endpoint(each.endpoint) == (each.evidence, now)
    KeptEvidence.objects.filter(endpoint=chat).update(document='{"kind": "unheard of"}')
    assert kept.of_endpoint(chat) is None
    Endpoint.objects.update(closed_at=now)
    runs.look(timezone.now)
    assert not KeptEvidence.objects.exists()


def test_containers_are_evidence_with_the_hours_in_which_their_calls_are_known(place: Shard) -> None:
    pair = rows.endpoint(place, "pair", Kind.MULTI_CONTAINER)
    at, main = rows.hour(), rows.variant(pair)
    document = {"InferenceExecutionConfig": {"Mode": "Direct"}}
    HostedModel.objects.create(shard=place, name=main.model_name, arn="a", created_at=at, document=document)
    PartHour.objects.bulk_create(
        PartHour(
            variant=main,
            of="container",
            name=name,
            at=at - timedelta(hours=n),
            invocations=calls,
            cpu_pct=5.0,
        )
        for n in range(1, 171)
        for name, calls in (("old", 0.0), ("new", 3.0), ("silent", 2.0 if n % 2 else None))
    )
    now = timezone.now()
    (known,) = advice_evidence.of([pair.pk], now, advice_evidence.surroundings(now))
    found = {each.name: (each.calls, each.hours, each.is_direct) for each in known.evidence.stages}
    assert found == {"old": (0.0, 170, True), "new": (510.0, 170, True), "silent": (170.0, 85, True)}


def test_sizes_failed_updates_and_calls_in_step_are_evidence(place: Shard) -> None:
    found = [rows.serverless(place, name) for name in ("rank", "price")]
    at = rows.hour()
    for n in range(1, 121):
        for times, each in enumerate(found, 1):
            rows.hour_bucket(each, at - timedelta(hours=n), invocations=times * float(n % 7))
    Endpoint.objects.update(application="shop")
    rank = found[0]
    model = HostedModel.objects.create(
        shard=place, name=rows.variant(rank).model_name, arn="a", created_at=at
    )
    Container.objects.create(model=model, position=0, image="ours:1", model_data_url="s3://b/m.tar.gz")
    for kind, target, size in (
        ("image", "ours:1", 9_000_000_000),
        ("artefact", "s3://b/m.tar.gz", 70_000_000),
    ):
        LinkCheck.objects.create(
            shard=place, kind=kind, target=target, state="found", checked_at=at, size_bytes=size
        )
    for n, (was, status, why) in enumerate([
        ("Updating", "RollingBack", ""), ("RollingBack", "InService", "No capacity."), ("InService", "Updating", ""),
        ("Updating", "InService", "The ping failed."), ("Updating", "InService", ""),
    ]):  # fmt: skip
        ChangeEvent.objects.create(
            endpoint=rank, at=at + timedelta(minutes=n), category="status", summary="", before={"status": was},
            after={"status": status, "failure_reason": why},
        )  # fmt: skip
    Endpoint.objects.filter(pk=rank.pk).update(document={"EndpointName": "rank"})
    now = timezone.now()
    (known, other) = (
        each.evidence
        for each in advice_evidence.of([each.pk for each in found], now, advice_evidence.surroundings(now))
    )
    assert known.main is not None
    assert (known.main.image_bytes, known.main.model_bytes) == (9_000_000_000, 70_000_000)
    assert known.deployment is not None
    assert known.deployment.failed == 2
    assert known.application is not None
    assert known.application.calls_together == pytest.approx(1.0)
    assert other.application is not None
    assert other.application.others == ("rank",)
    assert {"large-image"} <= {each.rule for each in engine.judge(known)}
