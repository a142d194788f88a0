"""The Quotas page: its sentence, what it says of unknown limits, the what-if, the export, and its query budget."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet import serverless_quotas as known
from fleet.models import Quota, Shard
from tests.data.dashboards import rows
from tests.data.dashboards.rows import read

pytestmark = pytest.mark.django_db
DENIED = {
    "code": "AccessDeniedException",
    "action": "servicequotas:ListServiceQuotas",
    "message": "User is not authorized to perform: servicequotas:ListServiceQuotas",
    "since": "2026-11-20T09:00:00+00:00",
}


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(rows.user())
    return client


def page(client: Client, query: str = "") -> str:
    response = client.get(f"{reverse('quotas:page')}?{query}")
    assert response.status_code == 200
    return rows.words(response.content.decode())


def fill(region: str = "us-east-1", used: int = 930, **shard: Any) -> Shard:
    """A region whose serverless endpoints hold `used` slots."""
    where = rows.shard(region, sections={"quotas": {"ok_at": rows.now().isoformat(), "error": None}}, **shard)
    whole, rest = divmod(used, 200)
    for n, slots in enumerate([*[200] * whole, *([rest] if rest else [])]):
        rows.serverless(where, f"{region}-{n}", max_concurrency=slots)
    return where


def test_the_sentence_names_the_tightest_quota(viewer: Client) -> None:
    fill()
    words = page(viewer)
    assert (
        "1 quota is at 80 % or above. Tightest: Serverless concurrency of prod in us-east-1, 930 of 1,000"
        in words
    )
    assert "AWS's default 1,000" in words
    assert "Getting full" in words


def test_both_values_stand_with_source_and_time(viewer: Client) -> None:
    where = fill()
    Quota.objects.create(
        shard=where, code="L-1", name=known.TOTAL_CONCURRENCY, subject=known.CONCURRENCY, value=900,
        source="AWS Service Quotas", fetched_at=rows.now(),
    )  # fmt: skip
    words = page(viewer)
    assert "1 quota is passed." in words
    assert (
        "900 for “Maximum total concurrency that can be allocated across all serverless endpoints”, read"
        in words
    )
    assert "1,000. Documented default: SageMaker AI developer guide" in words
    assert "30 over" in words


def test_a_refused_service_quotas_makes_limits_unknown_and_names_the_permission(viewer: Client) -> None:
    where = fill()
    Shard.objects.filter(pk=where.pk).update(sections={"quotas": {"ok_at": None, "error": DENIED}})
    rows.multi_model(where, "mme")
    words = page(viewer)
    assert "Missing permission: servicequotas:ListServiceQuotas" in words
    assert "needs servicequotas:ListServiceQuotas" in words
    assert "1 limit is unknown." in words
    assert "AWS's default , not yours" in words or "AWS's default, not yours" in words


def test_the_what_if_says_what_would_not_fit(viewer: Client) -> None:
    fill()
    fill("eu-west-1", used=100)
    words = page(viewer, "add=80")
    assert "80 more would not fit 3 quotas" in words
    assert "10 over" in words
    assert "fits, 820 left" in words
    assert "1 more would fit every quota with a known limit" in page(viewer, "add=1")


@pytest.mark.parametrize("typed", ["0", "-3", "9999999", "many"])
def test_an_impossible_number_is_told_beside_its_field(viewer: Client, typed: str) -> None:
    fill()
    words = page(viewer, f"add={typed}")
    assert "Give a whole number from 1 to 100,000." in words
    assert "more would" not in words


def test_filters_by_kind_account_and_region(viewer: Client) -> None:
    fill()
    fill("eu-west-2", used=20, alias="dev", account_id="444455556666")
    assert "Serverless concurrency" not in page(viewer, "kind=instances").split("Held by")[-1]
    assert "dev eu-west-2" not in page(viewer, "account=111122223333").split("Held by")[1]
    assert "dev eu-west-2" in page(viewer, "region=eu-west-2&kind=concurrency&kind=nonsense")


def test_the_export_has_every_quota_and_leaves_unknown_cells_empty(viewer: Client) -> None:
    where = fill()
    rows.multi_model(where, "mme")
    text = read(viewer, reverse("quotas:csv"))
    found = {row["subject"]: row for row in csv.DictReader(io.StringIO(text))}
    assert (found["serverless-concurrency"]["used"], found["serverless-concurrency"]["limit"]) == (
        "930",
        "1000",
    )
    unknown = found["instances:ml.c5d.xlarge"]
    assert (unknown["limit"], unknown["room"]) == ("", "")


def test_a_page_beyond_the_last_shows_the_first(viewer: Client) -> None:
    fill()
    assert "Serverless concurrency" in page(viewer, "page=99").split("Held by")[-1]


def test_no_account_says_what_will_appear(viewer: Client) -> None:
    assert "No quota to show." in page(viewer)


def test_the_page_costs_the_same_number_of_queries_for_any_fleet(
    viewer: Client, django_assert_num_queries: Any
) -> None:
    for n in range(3):
        fill(f"us-east-{n}", used=300)
    with django_assert_num_queries(7):
        page(viewer)
    for n in range(3, 30):
        rows.multi_model(fill(f"us-east-{n}", used=300), f"m{n}")
    with django_assert_num_queries(7):
        page(viewer)
