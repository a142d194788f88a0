"""What an operator assumes about the data of calls: the form, its refusals, the audit entry, the lines that follow."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from fleet.ledger import update_shard
from fleet.models import AuditEntry, CapacityPeriod, DailyCost, DataAssumption, Endpoint
from tests.data.dashboards import rows
from tests.data.dashboards.cost_rows import cost, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator"))
    return client


@pytest.fixture
def chat() -> Endpoint:
    """A serverless endpoint in us-east-1 that took 1,024 calls at three yesterday."""
    shard = rows.shard(region="us-east-1")
    midnight = datetime.combine(today(), datetime.min.time(), UTC)
    shard.backfill_from = midnight - timedelta(days=2)
    shard.backfill_until = shard.backfill_done_until = midnight
    shard.save()
    found = rows.serverless(shard, "chat-faq")
    variant = rows.variant(found)
    variant.metrics_until = midnight
    variant.save()
    CapacityPeriod.objects.create(
        variant=variant, start=midnight - timedelta(days=2), memory_mb=2048, max_concurrency=20
    )
    rows.hour_bucket(found, midnight - timedelta(hours=21), invocations=1024.0, model_latency_ms_sum=1_000.0)
    return found


def url(endpoint: Endpoint) -> str:
    return f"/endpoints/{endpoint.pk}/data-sizes/"


def tab(client: Client, endpoint: Endpoint) -> str:
    html = client.get(f"/endpoints/{endpoint.pk}/tab/cost/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def yesterdays() -> dict[str, DailyCost]:
    return {cost.component: cost for cost in DailyCost.objects.filter(day=today() - timedelta(days=1))}


def test_without_an_assumption_the_lines_say_so_and_are_in_no_sum(operator: Client, chat: Endpoint) -> None:
    cost(chat, "1.00")
    words = tab(operator, chat)
    assert "Data in quantity not known No byte counts and no assumption set" in words
    assert "Data out quantity not known No byte counts and no assumption set" in words
    assert "Average request no assumption set" in words
    assert "Sum of what is known 1.00" in words


def test_an_assumption_prices_the_data_of_every_day_as_assumed(operator: Client, chat: Endpoint) -> None:
    now = datetime.now(UTC)
    update_shard(chat.shard_id, now=now)
    assert set(yesterdays()) == {"execution-on-demand"}
    answer = operator.post(
        url(chat), {"request_kb": "1024", "response_kb": "0.5", "reason": "payload sample"}
    )
    assert answer.status_code == 303
    update_shard(chat.shard_id, now=now)
    found = yesterdays()
    assert (found["data-in"].quantity, found["data-in"].amount) == (1, Decimal("0.016"))
    assert found["data-in"].confidence == "assumed"
    assert found["data-out"].quantity == Decimal("0.000488281")
    words = tab(operator, chat)
    assert "Data in 1 GB × $0.016 Assumed: 1024 KB a request on average" in words
    assert "Average request 1024 KB assumed" in words


def test_setting_changing_and_removing_are_audited_each(operator: Client, chat: Endpoint) -> None:
    for values in ({"request_kb": "4"}, {"request_kb": "4"}, {"request_kb": "", "response_kb": ""}):
        assert operator.post(url(chat), values).status_code == 303
    found = AuditEntry.objects.filter(action="data-sizes.set").order_by("pk")
    assert [(each.before["request_kb"], each.after["request_kb"]) for each in found] == [
        (None, "4"),
        ("4", None),
    ]
    assert {each.actor_label for each in found} == {"operator"}
    assert not DataAssumption.objects.exists()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("-1", "A size cannot be below 0 KB."),
        ("many", "Enter a number of KB"),
        ("1048577", "at most 1 GB"),
        ("0.0001", "at most three decimals"),
        ("NaN", "Enter a number of KB"),
    ],
)
def test_a_size_that_cannot_be_is_refused_beside_its_field(
    operator: Client, chat: Endpoint, value: str, error: str
) -> None:
    answer = operator.post(url(chat), {"request_kb": value, "response_kb": "1"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert error in html
    assert html.index("id_request_kb") < html.index(error) < html.index("id_response_kb")
    assert not DataAssumption.objects.exists()


def test_a_viewer_reads_the_sizes_and_may_not_set_them(client: Client, chat: Endpoint) -> None:
    client.force_login(rows.user())
    assert client.post(url(chat), {"request_kb": "4"}).status_code == 403
    assert "Setting it needs the role operator." in tab(client, chat)


def test_an_unknown_endpoint_is_not_found(operator: Client) -> None:
    assert operator.get("/endpoints/999999/data-sizes/").status_code == 404


def test_a_shadow_variants_copies_of_calls_are_no_data_of_callers(operator: Client, chat: Endpoint) -> None:
    operator.post(url(chat), {"request_kb": "1024"})
    variant = rows.variant(chat)
    variant.is_shadow = True
    variant.save()
    update_shard(chat.shard_id, now=datetime.now(UTC))
    assert "data-in" not in yesterdays()
