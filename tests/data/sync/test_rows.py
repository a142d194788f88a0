"""Rows written by one statement: every type arrives as it was, ids come back in order, too long a text is refused."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from fleet.models import Account, Endpoint, EndpointConfig, ScalableTarget, ScalingPolicy, Shard
from fleet.sync import rows

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
HOSTILE = "'; DROP TABLE x; -- %s \" \\ ü 🚀 <script>"


@pytest.fixture
def shard() -> Shard:
    account = Account.objects.create(account_id="111122223333", alias="test")
    return Shard.objects.create(account=account, region="us-east-1")


def endpoint(shard: Shard, name: str) -> Endpoint:
    return Endpoint(
        shard=shard,
        name=name,
        arn=HOSTILE,
        created_at=AT,
        modified_at=AT,
        first_seen_at=AT,
        status="InService",
        status_since=AT,
        document={"deep": [1, 2.5, None, {"text": HOSTILE}]},
        tags={"k": HOSTILE},
    )


def test_rows_arrive_as_they_were_and_carry_their_ids(shard: Shard) -> None:
    written = [endpoint(shard, f"e-{number}") for number in range(5)]

    with CaptureQueriesContext(connection) as queries:
        rows.insert(written)

    assert len(queries) == 1
    for row in written:
        assert not row._state.adding
        stored = Endpoint.objects.get(pk=row.pk)
        for field in Endpoint._meta.concrete_fields:
            assert getattr(stored, field.attname) == getattr(row, field.attname), field.name


def test_only_the_named_fields_of_the_named_rows_change(shard: Shard) -> None:
    config = EndpointConfig.objects.create(shard=shard, name="c", arn="arn:c", created_at=AT)
    first, second, other = (endpoint(shard, name) for name in ("a", "b", "c"))
    rows.insert([first, second, other])
    first.status, first.config, first.tags = "Failed", config, {"new": "1"}
    second.unreadable, second.arn = {"code": "AccessDenied"}, "not to be written"

    rows.update([first, second], ["status", "config", "unreadable", "tags"])

    a, b, c = Endpoint.objects.order_by("name")
    assert (a.status, a.config, a.tags, a.unreadable) == ("Failed", config, {"new": "1"}, None)
    assert (b.status, b.config, b.unreadable, b.arn) == ("InService", None, {"code": "AccessDenied"}, HOSTILE)
    assert (c.status, c.tags) == ("InService", {"k": HOSTILE})


def test_child_follows_a_parent_that_was_saved_after_it_was_given(shard: Shard) -> None:
    target = ScalableTarget(
        shard=shard, resource_id="endpoint/e/variant/v", dimension="d", min_capacity=1, max_capacity=2
    )
    policy = ScalingPolicy(target=target, name="p", policy_type="StepScaling")
    rows.insert([target])

    rows.insert([policy])

    assert ScalingPolicy.objects.get().target == target


def test_a_text_too_long_for_its_column_is_refused_not_cut(shard: Shard) -> None:
    with transaction.atomic(), pytest.raises(DataError, match="too long"), transaction.atomic():
        rows.insert([endpoint(shard, "x" * 300)])

    assert not Endpoint.objects.exists()


def test_nothing_to_write_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        rows.insert([])
        rows.update([], ["status"])

    assert len(queries) == 0
