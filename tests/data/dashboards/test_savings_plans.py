"""Costs → Savings Plans: what could be covered, at which rates, and what is not known."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from fleet.models import Discount, Endpoint, Price, Shard, TransformJob
from fleet.queries import savings_plans
from fleet.queries.cost_scope import Span
from fleet.queries.scope import ScopeFilter
from fleet.types import Confidence, CostComponent, Kind
from tests.data.dashboards import cost_rows, rows
from tests.data.dashboards.plans import DAYS, SHAPE, URL, midnight, page, searching

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shard:
    """Where what Savings Plans could cover runs."""
    return rows.shard("us-east-1")


@pytest.fixture
def search(place: Shard) -> Endpoint:
    """Two whole days on ml.c5.large, more by day than at night."""
    return searching(place)


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("viewer", None))
    return client


def rate(place: Shard, usd: str, **fields: object) -> Discount:
    return Discount.objects.create(
        **{
            "name": "SP 2026",
            "account": place.account,
            "component": CostComponent.INSTANCE_TIME,
            "region": place.region,
            "item": "ml.c5.large",
            "usd_per_hour": Decimal(usd),
            "first_day": cost_rows.today(),
            "reason": "signed",
            "author_label": "ana",
            "made_at": rows.now(),
            **fields,
        }
    )


def test_the_hours_of_a_day_follow_the_instances_that_were_there(search: Endpoint) -> None:
    days = [cost_rows.today() - timedelta(days=n) for n in (3, 2, 1, 0)]
    found = savings_plans.eligible(ScopeFilter(), days, cost_rows.today())
    assert found.span == Span(days[1], days[2]), "from the first whole day with costs"
    assert found.usd == Decimal("9.792")
    # $4.896 a day over 48 instance-hours is $0.102 an hour: one at night, three by day.
    assert found.by_hour[:24] == [Decimal("0.102")] * 8 + [Decimal("0.306")] * 12 + [Decimal("0.102")] * 4


def test_without_a_rate_nothing_is_advised_and_the_page_says_what_is_missing(
    reader: Client, search: Endpoint
) -> None:
    words = page(reader)
    assert "$9.79 of on-demand spend" in words
    assert "No discount is known, so no commitment is advised" in words
    assert "The discount for 1 year is not known" in words
    assert "The discount for 3 years is not known" in words
    assert "No rate was entered" in reader.get(URL).content.decode()


def test_a_discount_gives_the_commitment_that_would_have_cost_least(reader: Client, search: Endpoint) -> None:
    # 25 % off pays where more than three hours of four use it: the night's level, $0.102 × 0.75 = $0.0765.
    # It saves $0.0255 an hour: $223.38 a year. At 60 % off the day's level pays: half of the hours use it, 0.4 < 0.5.
    words = page(reader, one_year="25", three_year="60")
    assert "A commitment of $0.0765 an hour would have cost least (1 year, 25 % off)" in words
    assert "save $223.38 a year" in words
    # $0.1224 committed; saved: on demand 12 × 0.102 + 12 × 0.306 = 4.896 − 24 × 0.1224 = 1.9584 a day × 365 = $714.82.
    assert "3 years, 60 % off" in words
    assert "$714.82" in words


def test_regret_is_told_for_a_fall_of_a_tenth_three_tenths_and_half(reader: Client, search: Endpoint) -> None:
    # At a tenth less the night is worth $0.0918, the day more than the $0.102 it buys: a day 12 × (0.0918 − 0.0765)
    # + 12 × 0.0255 = 0.4896. At half the night is worth $0.051: 12 × −0.0255 + 12 × 0.0255 = 0.
    words = page(reader, one_year="25")
    assert "Use −10 % Use −30 % Use −50 %" in words
    row = words.rpartition("1 year, 25 % off")[2]
    assert "+$178.70" in row, "0.4896 a day × 365"
    assert "$0.00" in row


def test_entered_rates_are_used_for_their_types_and_others_are_left_out(
    reader: Client, place: Shard, search: Endpoint
) -> None:
    other = rows.endpoint(place, "big", Kind.REAL_TIME, live={**SHAPE, "instance_type": "ml.m5.large"})
    cost_rows.cost(
        other,
        "2.76",
        day=cost_rows.today() - timedelta(days=1),
        component=CostComponent.INSTANCE_TIME,
        item="ml.m5.large",
        usd="0.115",
        unit="instance-hour",
    )
    rate(place, "0.0612")
    words = page(reader)
    assert "Entered rates $2.76 of types without a rate left out" in words
    # 40 % off pays where more than six hours of ten use it: the night's level, 0.0612; 24 × 0.0408 × 365 = $357.41.
    assert "A commitment of $0.0612 an hour would have cost least (Entered rates)" in words
    assert "40 %" in words


def test_coverage_and_utilisation_of_a_commitment_that_is_tried(reader: Client, search: Endpoint) -> None:
    # $0.153 an hour at 25 % off: the night uses $0.0765 of it, the day all: (12 × 0.0765 + 12 × 0.153) ÷ (24 × 0.153)
    # = 75 %. It buys $0.102 at night and 0.204 of 0.306 by day: 3.672 ÷ 4.896 = 75 %.
    words = page(reader, one_year="25", commitment="0.153")
    assert "Coverage" in words
    assert "As you try at 1 year, 25 % off 0.153 75 % 75 %" in words


def test_what_aws_does_not_name_is_not_eligible(reader: Client, place: Shard) -> None:
    queue = rows.endpoint(place, "ocr", Kind.ASYNCHRONOUS, live=SHAPE)
    yesterday = cost_rows.today() - timedelta(days=1)
    cost_rows.hours(queue, "2.448", day=yesterday)
    cost_rows.cost(rows.serverless(place, "chat"), "5", day=yesterday)
    found = savings_plans.eligible(ScopeFilter(), [yesterday], cost_rows.today())
    assert (found.usages, found.usd) == ([], 0)
    assert found.other == {"instance-time": Decimal("2.448"), "execution-on-demand": 5}
    assert "Nothing here is covered by Savings Plans" in page(reader)


def test_transform_jobs_count_in_the_hours_they_ran(place: Shard, search: Endpoint) -> None:
    start = midnight(1) + timedelta(hours=3, minutes=30)
    TransformJob.objects.create(
        shard=place,
        name="nightly",
        arn="arn",
        status="Completed",
        created_at=start,
        started_at=start,
        ended_at=start + timedelta(hours=1),
        first_seen_at=start,
        instance_type="ml.m5.xlarge",
        instance_count=2,
    )
    Price.objects.create(
        region="us-east-1",
        component=CostComponent.BATCH_TIME,
        item="ml.m5.xlarge",
        unit="instance-hour",
        usd=Decimal("0.23"),
        origin=Price.Origin.API,
        source="AWS Price List API",
        source_date=cost_rows.today() - timedelta(days=30),
        fetched_at=rows.now(),
    )
    found = savings_plans.eligible(ScopeFilter(), [cost_rows.today() - timedelta(days=1)], cost_rows.today())
    (job,) = [usage for usage in found.usages if usage.group.component is CostComponent.BATCH_TIME]
    assert job.usd == Decimal("0.46")
    assert [job.by_hour[n] for n in (2, 3, 4, 5)] == [0, Decimal("0.23"), Decimal("0.23"), 0]


def test_lines_without_a_price_are_named_and_in_no_figure(reader: Client, search: Endpoint) -> None:
    cost_rows.cost(
        search,
        None,
        day=cost_rows.today() - timedelta(days=1),
        component=CostComponent.INSTANCE_TIME,
        item="ml.zz9.large",
        usd=None,
        confidence=Confidence.UNPRICED,
        quantity=Decimal(24),
        unit="instance-hour",
    )
    words = page(reader)
    assert "Some lines have no price" in words
    assert "$9.79 of on-demand spend" in words


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"one_year": "65"}, "AWS names 64 % as the most"),
        ({"one_year": "0"}, "A discount is above 0 %."),
        ({"three_year": "many"}, "Enter a percentage"),
        ({"commitment": "-1"}, "A commitment is above $0 an hour."),
    ],
)
def test_wrong_values_are_named_beside_their_fields(
    reader: Client, search: Endpoint, query: dict[str, str], said: str
) -> None:
    words = page(reader, **query)
    assert said in words
    assert "no commitment is advised" in words


def test_a_new_installation_says_that_no_day_is_there_yet(reader: Client) -> None:
    assert "No whole day has costs yet" in page(reader)
    assert reader.get(f"{URL}chart/").json() == {
        "empty": "Nothing that Savings Plans cover was used in these days."
    }


def test_the_chart_draws_every_hour_and_the_commitments(reader: Client, search: Endpoint) -> None:
    figure = reader.get(f"{URL}chart/", {"one_year": "25"}).json()
    assert len(figure["data"][0]["y"]) == 24 * DAYS
    assert max(figure["data"][0]["y"]) == pytest.approx(0.306)
    (shape,) = figure["layout"]["shapes"]
    assert shape["y0"] == pytest.approx(0.102), "the commitment at on-demand prices"


def test_a_stranger_signs_in_first(client: Client) -> None:
    assert client.get(URL).status_code == 302
