"""One endpoint's figures equal sums over its stored buckets."""

from datetime import timedelta

import pytest

from fleet.models import ChangeEvent, Container, HostedModel, Operation, VariantStatus
from fleet.queries import endpoint as queries
from fleet.queries import endpoint_timeline
from fleet.queries.scope import TimeRange
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


def window(key: str, hours: int) -> TimeRange:
    end = rows.now()
    return TimeRange(key, f"last {key}", end - timedelta(hours=hours), end)


def test_a_day_is_read_from_minutes_and_a_week_from_hours() -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    rows.minute_bucket(chat, rows.now() - timedelta(minutes=30), invocations=5.0)
    rows.hour_bucket(chat, rows.hour() - timedelta(hours=3), invocations=1000.0)
    head = queries.head(chat)
    assert queries.activity(head, window("24h", 24)).calls == 5
    assert queries.activity(head, window("7d", 168)).calls == 1000


def test_the_window_before_is_summed_apart() -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    rows.hour_bucket(chat, rows.hour() - timedelta(hours=3), invocations=30.0)
    rows.hour_bucket(chat, rows.hour() - timedelta(days=8), invocations=20.0)
    found = queries.activity(queries.head(chat), window("7d", 168))
    assert (found.calls, found.calls_before) == (30, 20)


def test_an_asynchronous_endpoint_counts_what_it_processed() -> None:
    ocr = rows.endpoint(rows.shard(), "ocr", Kind.ASYNCHRONOUS)
    rows.hour_bucket(ocr, rows.hour() - timedelta(hours=3), processed=12.0, invocations=99.0, errors_5xx=3.0)
    found = queries.activity(queries.head(ocr), window("7d", 168))
    assert (found.calls, found.share("errors_5xx")) == (12, 0.25)


def test_latency_average_is_exact_and_wasted_seconds_are_weighted() -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    at = rows.hour() - timedelta(hours=3)
    rows.hour_bucket(
        chat, at, model_latency_ms_sum=1000.0, model_latency_count=1.0, setup_count=2.0, setup_ms_avg=3000.0
    )
    rows.hour_bucket(chat, at + timedelta(hours=1), model_latency_ms_sum=300.0, model_latency_count=9.0)
    found = queries.activity(queries.head(chat), window("7d", 168))
    assert (found.latency_avg_ms, found.wasted_s) == (130, 6)


def test_variants_removed_from_the_endpoint_no_longer_count() -> None:
    search = rows.endpoint(rows.shard(), "search", Kind.REAL_TIME)
    VariantStatus.objects.create(endpoint=search, name="old", removed_at=rows.now())
    assert [v.name for v in queries.head(search).variants] == ["AllTraffic"]


def test_head_is_transitional_while_aws_or_an_operation_changes_it() -> None:
    shard = rows.shard()
    calm, moving, ours = (rows.serverless(shard, name) for name in ("calm", "moving", "ours"))
    moving.status = "Updating"
    moving.save()
    Operation.objects.create(
        endpoint=ours, kind="set-max-concurrency", form_token="t", state="queued", planned_at=rows.now()
    )
    assert [queries.head(e).is_transitional for e in (calm, moving, ours)] == [False, True, True]


def test_the_timeline_joins_changes_and_operations_newest_first() -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    at = rows.now()
    ChangeEvent.objects.create(
        endpoint=chat, at=at - timedelta(hours=2), category="capacity", summary="Max 10 → 20"
    )
    Operation.objects.create(
        endpoint=chat,
        kind="set-max-concurrency",
        form_token="t",
        state="succeeded",
        planned_at=at - timedelta(hours=3),
        confirmed_at=at - timedelta(hours=1),
        requested_by=rows.user("operator"),
    )
    found = endpoint_timeline.timeline(chat)
    assert [(m.what, m.by) for m in found] == [("operation", "operator"), ("observed", "")]


def test_configuration_joins_models_and_containers_by_name() -> None:
    shard = rows.shard()
    chat = rows.serverless(shard, "chat-faq")
    model = HostedModel.objects.create(shard=shard, name="chat-faq-model", arn="a", created_at=rows.now())
    Container.objects.create(model=model, position=0, image="111.dkr.ecr.eu-west-1.amazonaws.com/chat:3")
    found = queries.configuration(queries.head(chat))
    assert [(part.name, [c.image for c in part.containers]) for part in found.models] == [
        ("chat-faq-model", ["111.dkr.ecr.eu-west-1.amazonaws.com/chat:3"])
    ]
    assert found.wanted["AllTraffic"].max_concurrency == 20


def test_a_model_that_was_never_read_is_named_without_parts() -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    (part,) = queries.configuration(queries.head(chat)).models
    assert (part.name, part.model, part.containers) == ("chat-faq-model", None, [])
