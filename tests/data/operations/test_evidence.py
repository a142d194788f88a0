"""What a plan knows of quotas, of the calls of last week and of the price of warm slots, and says before confirming."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.errors import Refused
from fleet.models import Endpoint, Operation, Quota, Shard, User
from fleet.operations.kinds import ConcurrencyWish, ConversionWish, Route
from tests.data.dashboards import rows
from tests.data.operations import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", role=User.Role.OPERATOR)


@pytest.fixture
def operator(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def shard() -> Shard:
    return rows.shard(region="us-east-1")


def instance_quota(shard: Shard, value: float) -> None:
    """What Service Quotas says about ml.m5.large."""
    Quota.objects.create(
        shard=shard,
        code="L-5",
        name="ml.m5.large for endpoint usage",
        value=value,
        source="AWS Service Quotas",
        fetched_at=timezone.now(),
    )


def warnings(operation: Operation) -> dict[str, str]:
    return {warning["code"]: warning["text"] for warning in operation.plan["warnings"]}


def real_time(name: str, shard: Shard, count: int, desired: int) -> Endpoint:
    """A real-time endpoint on ml.m5.large."""
    found = cast.endpoint(name, shard=shard, kind="real-time")
    found.variants.update(
        memory_mb=None,
        max_concurrency=None,
        instance_type="ml.m5.large",
        current_instance_count=count,
        desired_instance_count=desired,
    )
    return found


def test_instances_that_run_start_or_are_promised_count_against_the_quota(alice: User, shard: Shard) -> None:
    instance_quota(shard, 10)
    real_time("growing", shard, 2, 4)
    other = cast.endpoint("converting", shard=shard)
    cast.confirmed(cast.planned(other, alice, ConversionWish("ml.m5.large", "3"), "a"), alice, other.name)
    endpoint = cast.endpoint(shard=shard)
    with pytest.raises(Refused, match=r"11 of 10 ml\.m5\.large in us-east-1; 3 are left"):
        cast.planned(endpoint, alice, ConversionWish("ml.m5.large", "4"), "b")
    found = cast.planned(endpoint, alice, ConversionWish("ml.m5.large", "3"), "c")
    assert "quota-not-read" not in warnings(found)


def test_a_type_without_quota_is_refused_and_not_suggested(
    operator: Client, alice: User, shard: Shard
) -> None:
    endpoint = cast.endpoint(shard=shard)
    url = reverse("operations:convert", args=[endpoint.pk])
    choice = 'name="choose" value="ml.m5.large"'
    assert choice in operator.get(url).content.decode()
    instance_quota(shard, 0)
    assert choice not in operator.get(url).content.decode()
    with pytest.raises(Refused, match=r"may run 0 of ml\.m5\.large"):
        cast.planned(endpoint, alice, ConversionWish("ml.m5.large", "1"))


def test_an_instance_quota_nobody_read_refuses_nothing_and_is_said(
    operator: Client, alice: User, shard: Shard
) -> None:
    found = cast.planned(cast.endpoint(shard=shard), alice, ConversionWish("ml.m5.large", "90"))
    shown = rows.words(operator.get(reverse("operations:detail", args=[found.code])).content.decode())
    assert "How many ml.m5.large prod may run in us-east-1: quota not read." in shown


def test_the_observed_peak_is_held_against_the_instances(alice: User, shard: Shard) -> None:
    endpoint = cast.endpoint(shard=shard)
    rows.hour_bucket(endpoint, rows.hour() - timedelta(hours=2), concurrency_utilization_max=0.6)
    found = cast.planned(endpoint, alice, ConversionWish("ml.m5.large", "1"))
    assert warnings(found)["below-peak"].startswith(
        "One instance is planned; today's peak is 12 calls at a time"
    )
    enough = cast.planned(endpoint, alice, ConversionWish("ml.m5.large", "12"), "b")
    assert "below-peak" not in warnings(enough)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"invocations": 100.0, "setup_count": 3.0}, "about 6.0 cold starts a day"),
        ({"invocations": 100.0}, "How many cold starts a day there are today is not known."),
    ],
)
def test_giving_up_warm_slots_tells_the_cold_starts_of_the_window(
    alice: User, columns: dict[str, float], words: str
) -> None:
    endpoint = cast.endpoint(live={"provisioned_concurrency": 5})
    for hours in (24, 13):
        rows.hour_bucket(endpoint, rows.hour() - timedelta(hours=hours), **columns)
    rows.hour_bucket(endpoint, rows.hour() - timedelta(hours=1), invocations=1.0)
    found = cast.planned(endpoint, alice, ConcurrencyWish("20", ""))
    assert words in warnings(found)["warm-lost"]


def test_warm_slots_are_priced_by_the_hour_and_the_month(operator: Client, alice: User, shard: Shard) -> None:
    endpoint = cast.endpoint(shard=shard)
    found = cast.planned(endpoint, alice, ConcurrencyWish("20", "10"))
    # Ten slots of 4 GB at $0.00002 a second, the us-east-1 price of the built-in snapshot.
    expected = "Kept warm $0.00 → $0.720 an hour, +$525.60 a month"
    assert expected in rows.words(
        operator.get(reverse("operations:detail", args=[found.code])).content.decode()
    )
    form = operator.get(
        reverse("operations:change-concurrency", args=[endpoint.pk]),
        {"max_concurrency": "20", "provisioned_concurrency": "10"},
    )
    assert expected in rows.words(form.content.decode())


def test_planning_again_keeps_the_way_that_was_asked_for(operator: Client, alice: User) -> None:
    endpoint = cast.endpoint()
    operation = cast.confirmed(
        cast.planned(endpoint, alice, ConcurrencyWish("40", "", Route.NEW_CONFIG)), alice
    )
    Operation.objects.filter(pk=operation.pk).update(state="failed", verdict="refused")
    url = reverse("operations:change-concurrency", args=[endpoint.pk])
    again = f"{url}?max_concurrency=40&provisioned_concurrency=&route=new-config"
    page = operator.get(reverse("operations:detail", args=[operation.code])).content.decode()
    assert again.replace("&", "&amp;") in page
    form = operator.get(again).content.decode()
    assert 'value="new-config" ' in form
    assert rows.words(form).count("You asked for a new endpoint config.") == 1
