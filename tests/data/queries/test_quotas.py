"""The quota ledger: what counts, against which limit, who holds it, and the same number of queries for any fleet."""

from datetime import timedelta
from typing import Any

import pytest

from fleet import serverless_quotas as known
from fleet.models import Account, Endpoint, EndpointWindow, Quota, ScalableTarget, Shard, User
from fleet.queries import quota_users
from fleet.queries.quotas import Group, Line, ledger
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind
from tests.data.dashboards import rows
from tests.factories import OperationFactory

pytestmark = pytest.mark.django_db
EVERYTHING = ScopeFilter()


def report(shard: Shard, name: str, value: float) -> None:
    """A quota as Service Quotas reported it."""
    Quota.objects.create(
        shard=shard, code=f"L-{Quota.objects.count()}", name=name, subject=known.subject_of(name), value=value,
        source="AWS Service Quotas", fetched_at=rows.now(),
    )  # fmt: skip


def line(subject: str, **filters: Any) -> Line:
    (found,) = [line for line in ledger(EVERYTHING, **filters).lines if line.subject == subject]
    return found


def scale(endpoint: Endpoint, dimension: str, most: int) -> None:
    ScalableTarget.objects.create(
        shard=endpoint.shard, endpoint=endpoint, variant_name="AllTraffic", resource_id=f"endpoint/{endpoint.name}",
        dimension=f"sagemaker:variant:{dimension}", min_capacity=1, max_capacity=most,
    )  # fmt: skip


def test_serverless_slots_count_against_the_documented_default_until_service_quotas_says_otherwise() -> None:
    shard = rows.shard("us-east-1")
    rows.serverless(shard, "a", max_concurrency=200, provisioned_concurrency=10)
    rows.serverless(shard, "b", max_concurrency=100).variants.update(desired_max_concurrency=150)
    found = line(known.CONCURRENCY)
    assert (found.used, found.provisioned, found.endpoints) == (350, 10, 2)
    assert (found.limit, found.documented, found.reported, found.room) == (1000, 1000, None, 650)
    report(shard, known.TOTAL_CONCURRENCY, 400)
    report(
        shard,
        "Maximum total provisioned concurrency that can be allocated across all serverless endpoints",
        20,
    )
    found = line(known.CONCURRENCY)
    assert (found.limit, found.documented, found.reported, found.room) == (400, 1000, 400, 50)
    assert found.share == pytest.approx(0.875)
    assert (line(known.PROVISIONED).used, line(known.PROVISIONED).limit) == (10, 20)


def test_a_region_outside_the_table_has_no_limit_and_no_share() -> None:
    rows.serverless(rows.shard("xx-nowhere-1"), "a")
    found = line(known.CONCURRENCY)
    assert (found.used, found.limit, found.room, found.share) == (20, None, None, None)
    assert ledger(EVERYTHING).unknown == 2


def test_instances_count_by_type_with_what_autoscaling_could_claim() -> None:
    shard = rows.shard()
    one = rows.endpoint(
        shard, "rt", Kind.REAL_TIME,
        live={"instance_type": "ml.m5.large", "current_instance_count": 2, "desired_instance_count": 3},
    )  # fmt: skip
    rows.endpoint(
        shard, "fixed", Kind.REAL_TIME, live={"instance_type": "ml.m5.large", "current_instance_count": 1}
    )
    rows.endpoint(
        shard, "llm", Kind.INFERENCE_COMPONENT,
        live={"instance_type": "ml.g5.xlarge", "current_instance_count": 1},
        document={"ProductionVariants": [{"VariantName": "AllTraffic",
                                          "ManagedInstanceScaling": {"MaxInstanceCount": 3}}]},
    )  # fmt: skip
    scale(one, "DesiredInstanceCount", 8)
    report(shard, "ml.m5.large for endpoint usage", 6)
    found = line("instances:ml.m5.large")
    assert (found.used, found.claim, found.limit, found.room) == (4, 9, 6, 2)
    assert found.instance_type == "ml.m5.large"
    other = line("instances:ml.g5.xlarge")
    assert (other.used, other.claim, other.limit) == (1, 3, None)


def test_changes_under_way_count_with_what_they_add() -> None:
    shard = rows.shard()
    a, b = rows.serverless(shard, "a", max_concurrency=20), rows.serverless(shard, "b", max_concurrency=20)
    person = User.objects.create_user("ana")
    common = {"variant_name": "AllTraffic", "requested_by": person}
    OperationFactory(endpoint=a, state="running", parameters={"max_concurrency": 70}, **common)
    OperationFactory(
        endpoint=b, state="queued", parameters={"instance_type": "ml.m5.large", "instance_count": 2}, **common
    )
    assert (line(known.CONCURRENCY).used, line(known.CONCURRENCY).pending) == (40, 50)
    assert (line("instances:ml.m5.large").used, line("instances:ml.m5.large").pending) == (0, 2)


def test_provisioned_concurrency_about_to_be_added_counts() -> None:
    shard = rows.shard("us-east-1")
    report(
        shard,
        "Maximum total provisioned concurrency that can be allocated across all serverless endpoints",
        20,
    )
    warm = rows.serverless(shard, "warm", max_concurrency=20, provisioned_concurrency=6)
    cold = rows.serverless(shard, "cold", max_concurrency=20)
    common = {
        "state": "running",
        "variant_name": "AllTraffic",
        "requested_by": User.objects.create_user("ana"),
    }
    for endpoint, level in ((warm, 10), (cold, 3)):
        wish = {"max_concurrency": 20, "provisioned_concurrency": level}
        OperationFactory(endpoint=endpoint, parameters=wish, **common)
    less = {"max_concurrency": 20, "provisioned_concurrency": None}
    OperationFactory(endpoint=rows.serverless(shard, "none"), parameters=less, **common)
    found = line(known.PROVISIONED)
    assert (found.used, found.pending, found.room) == (6, 7, 7)


def test_deleted_endpoints_removed_variants_and_switched_off_regions_hold_nothing() -> None:
    shard = rows.shard()
    rows.serverless(shard, "gone")
    Endpoint.objects.update(closed_at=rows.now())
    rows.serverless(shard, "left").variants.update(removed_at=rows.now())
    rows.serverless(rows.shard("us-west-2", enabled=False), "unwatched")
    assert line(known.CONCURRENCY).used == 0
    assert line(known.SERVERLESS_ENDPOINTS).used == 1
    Account.objects.update(enabled=False)
    assert ledger(EVERYTHING).lines == []


def test_the_tightest_stand_first_and_filters_narrow() -> None:
    near, far = rows.shard("us-east-1"), rows.shard("eu-west-2", "dev", "444455556666")
    for n in range(5):
        rows.serverless(near, f"n{n}", max_concurrency=190)
    rows.serverless(far, "f", max_concurrency=50)
    found = ledger(EVERYTHING)
    assert [(item.region, item.used) for item in found.lines[:2]] == [("us-east-1", 950), ("eu-west-2", 50)]
    assert (found.total, found.tight, found.near, found.over, found.shards) == (4, 1, 1, 0, 2)
    assert {item.region for item in ledger(ScopeFilter(accounts=("444455556666",))).lines} == {"eu-west-2"}
    assert {item.region for item in ledger(ScopeFilter(regions=("us-east-1",))).lines} == {"us-east-1"}
    only = ledger(EVERYTHING, groups=(Group.ENDPOINTS,))
    assert {item.subject for item in only.lines} == {known.SERVERLESS_ENDPOINTS}
    assert [item.share for item in ledger(EVERYTHING, least_share=0.9).lines] == [0.95]
    assert len(ledger(EVERYTHING, limit=1, offset=1).lines) == 1


def test_a_refused_service_quotas_leaves_its_error_on_the_line() -> None:
    error = {"action": "servicequotas:ListServiceQuotas", "code": "AccessDeniedException", "message": "no"}
    rows.serverless(rows.shard(sections={"quotas": {"ok_at": None, "error": error}}), "a")
    found = ledger(EVERYTHING)
    assert found.denied == found.total == 2
    assert found.lines[0].error == error
    Shard.objects.update(sections={"quotas": {"ok_at": rows.now().isoformat(), "error": None}})
    found = ledger(EVERYTHING)
    assert (found.denied, found.lines[0].quotas_read_at) == (0, rows.now())


def test_the_largest_holders_are_named_with_their_peak() -> None:
    shard = rows.shard()
    made = [rows.serverless(shard, f"e{n}", max_concurrency=10 * n) for n in range(1, 6)]
    at = rows.hour() - timedelta(hours=3)
    rows.hour_bucket(made[4], at, concurrency_utilization_max=0.24)
    rows.hour_bucket(made[3], at, concurrency_utilization_max=0.5)
    rows.hour_bucket(made[3], at + timedelta(hours=1), concurrency_utilization_max=0.1)
    lines = ledger(EVERYTHING).lines
    found = quota_users.users(lines, rows.now())[(shard.pk, known.CONCURRENCY)]
    assert [(user.name, user.amount, user.peak) for user in found] == [
        ("e5", 50, 12),
        ("e4", 40, 20),
        ("e3", 30, None),
    ]
    assert quota_users.busiest(lines, rows.now()) == {shard.pk: 32}


def test_a_peak_is_the_same_from_the_summed_days_and_counts_what_came_since() -> None:
    shard = rows.shard()
    chat = rows.serverless(shard, "chat", max_concurrency=50)
    rows.hour_bucket(chat, rows.hour() - timedelta(days=3), concurrency_utilization_max=0.4)
    rows.hour_bucket(chat, rows.hour() - timedelta(days=9), concurrency_utilization_max=0.9)
    lines = ledger(EVERYTHING).lines

    def peak() -> int | None:
        (user,) = quota_users.users(lines, rows.now())[(shard.pk, known.CONCURRENCY)]
        return user.peak

    assert peak() == 20
    until = rows.now() - timedelta(hours=2)
    EndpointWindow.objects.create(endpoint=chat, key="7d", until=until, concurrency=0.4)
    assert peak() == 20
    rows.hour_bucket(chat, rows.hour() - timedelta(hours=1), concurrency_utilization_max=0.6)
    assert peak() == 30
    EndpointWindow.objects.update(until=rows.now() - timedelta(days=2), concurrency=1.0)
    assert peak() == 30, "days that nobody has added up for long do not stand for the hours"


def test_the_ledger_takes_three_queries_whatever_the_fleet(django_assert_num_queries: Any) -> None:
    for n in range(12):
        shard = rows.shard(f"us-east-{n}")
        rows.serverless(shard, f"s{n}")
        rows.multi_model(shard, f"m{n}")
    with django_assert_num_queries(3):
        lines = ledger(EVERYTHING, limit=50).lines
        quota_users.users(lines, rows.now())
        quota_users.busiest(lines, rows.now())
    assert len(lines) == 36
