"""From a wish to a queued operation: one per token, one per endpoint, never from a stale plan."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis as redis_client
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.errors import Refused, StalePlan, TransitionLost
from fleet.models import AuditEntry, Endpoint, Operation, Quota, User
from fleet.operations import lifecycle, recover
from fleet.operations.kinds import ConcurrencyWish, ConversionWish, Route
from tests.data.dashboards import rows
from tests.data.operations import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", role=User.Role.OPERATOR)


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob", role=User.Role.OPERATOR)


def test_confirming_queues_rings_and_audits(
    alice: User, redis: "redis_client.Redis", django_capture_on_commit_callbacks: Any
) -> None:
    operation = cast.planned(cast.endpoint(), alice)
    assert operation.state == "planned"
    with django_capture_on_commit_callbacks(execute=True):
        operation = cast.confirmed(operation, alice)

    assert (operation.state, operation.requested_by) == ("queued", alice)
    assert operation.confirmed_at is not None
    assert redis.llen("operations") == 1, "the worker's doorbell"
    actions = AuditEntry.objects.order_by("pk").values_list("action", "actor_label", "reason")
    assert list(actions) == [
        ("operation.planned", "alice", "saturates every morning"),
        ("operation.confirmed", "alice", "saturates every morning"),
    ]


def test_confirming_twice_is_one_operation(alice: User) -> None:
    operation = cast.planned(cast.endpoint(), alice)
    first = cast.confirmed(operation, alice)
    again = cast.confirmed(operation, alice)
    assert again.pk == first.pk
    assert again.confirmed_at == first.confirmed_at
    assert AuditEntry.objects.filter(action="operation.confirmed").count() == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.text("abcdef0123456789", min_size=8, max_size=40),
    wishes=st.lists(st.tuples(st.integers(21, 200), st.none() | st.integers(1, 20)), min_size=2, max_size=4),
)
def test_any_submits_of_one_token_are_one_operation(
    alice: User, token: str, wishes: list[tuple[int, int | None]]
) -> None:
    endpoint = _the_endpoint()
    found = {
        cast.planned(endpoint, alice, ConcurrencyWish(str(m), "" if p is None else str(p)), token).pk
        for m, p in wishes
    }
    assert len(found) == 1
    operation = Operation.objects.get(form_token=token)
    assert operation.parameters["max_concurrency"] == wishes[0][0]
    operation.delete()


def _the_endpoint() -> Endpoint:
    return Endpoint.objects.filter(name="fraud-score").first() or cast.endpoint()


def test_a_token_of_somebody_else_is_refused(alice: User, bob: User) -> None:
    endpoint = cast.endpoint()
    cast.planned(endpoint, alice)
    with pytest.raises(Refused, match="somebody else"):
        cast.planned(endpoint, bob)


def test_the_second_of_two_operators_is_told_who_is_first(alice: User, bob: User) -> None:
    endpoint = cast.endpoint()
    first, second = cast.planned(endpoint, alice, click="a"), cast.planned(endpoint, bob, click="b")
    cast.confirmed(first, alice)
    with pytest.raises(Refused, match=f"alice is changing fraud-score already.*op-{first.code}"):
        cast.confirmed(second, bob)
    assert Operation.objects.filter(state__in=Operation.ACTIVE).count() == 1


def test_a_plan_made_before_the_endpoint_moved_expires(alice: User) -> None:
    endpoint = cast.endpoint()
    operation = cast.planned(endpoint, alice)
    endpoint.variants.update(max_concurrency=33)
    endpoint.modified_at += timedelta(minutes=5)
    endpoint.save()

    with pytest.raises(StalePlan, match="max concurrency 20 → 33"):
        cast.confirmed(operation, alice)
    operation.refresh_from_db()
    assert operation.state == "expired"
    assert "Plan again" in operation.verdict_detail
    with pytest.raises(TransitionLost):
        cast.confirmed(operation, alice)


def test_a_role_taken_away_meanwhile_refuses_the_confirmation(alice: User) -> None:
    operation = cast.planned(cast.endpoint(), alice)
    alice.role = User.Role.VIEWER
    alice.save()
    with pytest.raises(Refused, match="viewer"):
        cast.confirmed(operation, alice)
    operation.refresh_from_db()
    assert operation.state == "planned"


def test_the_last_free_concurrency_is_given_once(alice: User, bob: User) -> None:
    shard = rows.shard()
    one, two = cast.endpoint("one", shard=shard), cast.endpoint("two", shard=shard)
    Quota.objects.create(
        shard=shard,
        code="L-1",
        name="Maximum total concurrency that can be allocated across all serverless endpoints",
        value=60,
        source="Service Quotas",
        fetched_at=timezone.now(),
    )
    first = cast.planned(one, alice, ConcurrencyWish("40", ""), "a")
    second = cast.planned(two, bob, ConcurrencyWish("40", ""), "b")
    cast.confirmed(first, alice)
    with pytest.raises(Refused, match="80 of 60"):
        cast.confirmed(second, bob)


def test_a_quota_of_a_similar_name_is_not_taken_for_the_regions(alice: User) -> None:
    endpoint = cast.endpoint()
    for code, name in (
        (
            "L-0",
            "Maximum total provisioned concurrency that can be allocated across all serverless endpoints",
        ),
        ("L-1", "Maximum concurrency per serverless endpoint"),
        ("L-3", "Serverless concurrency of something new"),
    ):
        Quota.objects.create(
            shard=endpoint.shard, code=code, name=name, value=1, source="test", fetched_at=timezone.now()
        )
    assert cast.planned(endpoint, alice).plan["ledger"]["quota"] == 1000


def test_an_endpoint_that_is_being_created_holds_its_concurrency_already(alice: User, bob: User) -> None:
    shard = rows.shard(region="eu-west-2")
    endpoint = cast.endpoint(shard=shard)
    creating = cast.endpoint("new", shard=shard, status="Creating")
    creating.variants.update(max_concurrency=None, memory_mb=None, desired_max_concurrency=480)
    with pytest.raises(Refused, match="520 of 500"):
        cast.planned(endpoint, alice)


def test_without_service_quotas_the_documented_quota_of_the_region_holds(alice: User) -> None:
    shard = rows.shard(region="eu-west-2")
    endpoint = cast.endpoint(shard=shard)
    for n in range(3):
        cast.endpoint(f"other-{n}", shard=shard, live={"max_concurrency": 150})
    with pytest.raises(Refused, match="550 of 500"):
        cast.planned(endpoint, alice, ConcurrencyWish("100", ""))


def test_an_irreversible_kind_needs_the_name_typed(alice: User) -> None:
    endpoint = cast.endpoint(shard=rows.shard(region="us-east-1"))
    operation = cast.planned(endpoint, alice, ConversionWish("ml.m5.large", "1"))
    with pytest.raises(Refused) as refused:
        cast.confirmed(operation, alice, typed_name="fraud-scor")
    assert [(r.field, r.code) for r in refused.value.refusals] == [("typed_name", "typed-name")]
    assert cast.confirmed(operation, alice, typed_name="fraud-score").state == "queued"


def test_cancel_before_the_start_only(alice: User) -> None:
    endpoint = cast.endpoint()
    operation = cast.confirmed(cast.planned(endpoint, alice), alice)
    lifecycle.cancel(operation, actor=alice, now=timezone.now(), address=None)
    assert operation.state == "cancelled"

    running = cast.confirmed(cast.planned(endpoint, alice, click="b"), alice)
    Operation.objects.filter(pk=running.pk).update(state="running")
    with pytest.raises(TransitionLost, match="AWS cannot stop"):
        lifecycle.cancel(running, actor=alice, now=timezone.now(), address=None)


def test_a_plan_survives_its_way_into_the_row(alice: User) -> None:
    operation = cast.planned(cast.endpoint(), alice, ConcurrencyWish("40", "", Route.NEW_CONFIG))
    operation.refresh_from_db()
    assert operation.plan["config"]["ProductionVariants"][0]["ServerlessConfig"]["MaxConcurrency"] == 40
    assert operation.plan["wanted"]["config_name"] == f"fraud-score-op-{operation.code}"
    assert [step.action for step in operation.steps.all()] == [
        step["action"] for step in operation.plan["steps"]
    ]
    assert lifecycle.wish_of(operation) == ConcurrencyWish("40", "", Route.NEW_CONFIG)


def test_recovery_rings_for_what_nobody_carries_on(alice: User) -> None:
    now = timezone.now()
    soon, past = now + timedelta(seconds=60), now - timedelta(seconds=1)
    shard = rows.shard()
    cases: dict[str, dict[str, Any]] = {
        "queued": {"state": "queued"},
        "lease-ran-out": {"state": "running", "lease_until": past},
        "held": {"state": "running", "lease_until": soon},
        "poll-due": {"state": "verifying", "next_poll_at": past},
        "poll-later": {"state": "verifying", "next_poll_at": soon},
        "done": {"state": "succeeded"},
        "plan": {"state": "planned"},
    }
    for name, columns in cases.items():
        operation = cast.planned(cast.endpoint(name, shard=shard), alice, click=name)
        Operation.objects.filter(pk=operation.pk).update(**columns)
    names = dict(Operation.objects.values_list("pk", "endpoint__name"))
    assert {names[pk] for pk in recover.due(now)} == {"queued", "lease-ran-out", "poll-due"}


def test_an_old_plan_expires(alice: User) -> None:
    operation = cast.planned(cast.endpoint(), alice)
    recover.due(timezone.now() + timedelta(hours=23))
    operation.refresh_from_db()
    assert operation.state == "planned"
    recover.due(timezone.now() + timedelta(hours=25))
    operation.refresh_from_db()
    assert operation.state == "expired"


@pytest.mark.django_db(transaction=True)
def test_six_submits_at_the_same_instant_are_one_operation() -> None:
    alice = User.objects.create_user("alice", role=User.Role.OPERATOR)
    endpoint = cast.endpoint()
    start = threading.Barrier(6)

    def submit(_: int) -> int:
        start.wait(timeout=10)
        try:
            return cast.confirmed(cast.planned(endpoint, alice), alice).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(submit, range(6)))
    assert len(found) == 1
    assert Operation.objects.count() == 1
    assert AuditEntry.objects.filter(action="operation.confirmed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_operators_confirming_at_the_same_instant_start_one_operation() -> None:
    endpoint = cast.endpoint()
    people = [User.objects.create_user(name, role=User.Role.OPERATOR) for name in ("alice", "bob")]
    plans = [cast.planned(endpoint, person, click=person.username) for person in people]
    start = threading.Barrier(2)

    def confirm(n: int) -> str:
        start.wait(timeout=10)
        try:
            return cast.confirmed(plans[n], people[n]).state
        except Refused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(confirm, range(2)))
    assert answers.count("queued") == 1, answers
    winner = people[answers.index("queued")]
    told = next(answer for answer in answers if answer != "queued")
    assert f"{winner.username} is changing fraud-score already" in told
