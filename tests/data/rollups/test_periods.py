"""Weeks and months equal the sum of their days, after new prices too; the explorer reads the same from either."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, Max, Q, Sum

from fleet import rollups
from fleet.models import (
    CostPeriod,
    DailyCost,
    Endpoint,
    RollupState,
    Shard,
    StaleDay,
    UsePeriod,
    VariantStatus,
)
from fleet.queries import cost_cube, cost_places, cost_tags, costs, rolled
from fleet.queries.cost_cover import (
    DAY,
    GRAINS,
    MONTH,
    WEEK,
    Piece,
    before,
    buckets,
    cover,
    grain_of,
    piece_of,
)
from fleet.queries.cost_cube import Plan
from fleet.queries.cost_scope import CostFilter, GroupBy, Grouping, Span
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind
from tests import fleet_rows

NOW = datetime.now(UTC).replace(second=30, microsecond=0)
TODAY = NOW.date()
DAYS = 75
LONG = Span(TODAY - timedelta(days=70), TODAY)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def fleet(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """20 endpoints over 4 shards with 75 days of hours and costs, added up; a test's own changes are rolled back."""
    with django_db_blocker.unblock():
        # Variant 97 has no price: it is among them, whatever ran before.
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('fleet_variantstatus', 'id'), 90)")
        fleet_rows.seed(20, now=NOW, days=DAYS, fine_hours=0)
        for n, endpoint in enumerate(Endpoint.objects.order_by("pk")):
            Endpoint.objects.filter(pk=endpoint.pk).update(tags={"stage": f"s{n % 3}"} if n % 4 else {})
        VariantStatus.objects.filter(endpoint__kind=Kind.ASYNCHRONOUS).update(model_name="")
        sum_up()
        yield
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE fleet_account, fleet_hourbucket, fleet_alertrule CASCADE")
            cursor.execute("TRUNCATE fleet_placehour, fleet_placeday")


def sum_up(*days: date) -> None:
    """What the worker does after the ledger marked `days` of every shard."""
    shards = list(Shard.objects.values_list("pk", flat=True))
    rollups.update_shards(shards, now=NOW)
    StaleDay.objects.bulk_create(StaleDay(shard_id=pk, day=day) for pk in shards for day in days)
    rollups.update_places()


def assert_costs_equal_their_days() -> None:
    first, last = DailyCost.objects.order_by("day").values_list("day", flat=True)[0], TODAY
    for grain in GRAINS:
        for piece in dict.fromkeys(piece_of(grain, day) for day in Span(first, last).days):
            keys = ("variant_id", "component", "item")
            stored = CostPeriod.objects.filter(grain=grain, first=piece.first)
            found = {
                tuple(row[:3]): tuple(row[3:])
                for row in stored.values_list(*keys, "amount", "unpriced", "no_data")
            }
            days = DailyCost.objects.filter(Span(piece.first, piece.last).q).order_by()
            raw = days.values_list(*keys).annotate(
                usd=Sum("amount"),
                u=Count("pk", filter=Q(confidence="unpriced")),
                n=Count("pk", filter=Q(confidence="no-data")),
            )
            assert found == {tuple(row[:3]): tuple(row[3:]) for row in raw}


def test_weeks_and_months_hold_exactly_what_their_days_add_up_to(fleet: None) -> None:
    assert CostPeriod.objects.filter(grain=MONTH).exists()
    assert_costs_equal_their_days()
    for grain in GRAINS:
        for name in ("calls", "compute_s", "idle_usd", "spare_usd"):
            total = UsePeriod.objects.filter(grain=grain, first__gte=LONG.first).aggregate(
                n=Sum(name), first=Max("first")
            )
            start = min(
                UsePeriod.objects.filter(grain=grain, first__gte=LONG.first).values_list("first", flat=True)
            )
            days = UsePeriod.objects.filter(grain=DAY, first__gte=start).aggregate(n=Sum(name))
            assert (
                total["n"] == pytest.approx(days["n"])
                if isinstance(days["n"], float)
                else total["n"] == days["n"]
            )


def test_a_past_day_priced_anew_is_added_up_again_and_a_line_that_vanished_is_gone(fleet: None) -> None:
    day = TODAY - timedelta(days=40)
    DailyCost.objects.filter(day=day).update(amount=Decimal("9.000000000001"))
    gone = VariantStatus.objects.order_by("pk")[1]
    month = piece_of(MONTH, day)
    DailyCost.objects.filter(
        variant=gone, day__gte=month.first, day__lte=month.last, component="storage"
    ).delete()
    sum_up(*Span(month.first, month.last).days)
    assert_costs_equal_their_days()
    assert not CostPeriod.objects.filter(
        variant=gone, grain=MONTH, first=month.first, component="storage"
    ).exists()


def test_only_rows_that_differ_are_written(fleet: None) -> None:
    def versions() -> dict[int, str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, xmin::text || ctid::text FROM fleet_costperiod")
            return dict(cursor.fetchall())

    old = versions()
    day = TODAY - timedelta(days=40)
    changed = DailyCost.objects.filter(day=day).first()
    assert changed
    DailyCost.objects.filter(pk=changed.pk).update(amount=Decimal("123"))
    sum_up(day)
    moved = {pk for pk, version in versions().items() if old.get(pk) != version}
    assert set(CostPeriod.objects.filter(pk__in=moved).values_list("grain", "variant_id")) == {
        (WEEK, changed.variant_id),
        (MONTH, changed.variant_id),
    }


def test_a_new_shard_is_not_read_from_months_before_its_history_was_added_up(fleet: None) -> None:
    assert rolled.freshness(ScopeFilter()).has_periods
    RollupState.objects.filter(pk=Shard.objects.order_by("pk").values_list("pk", flat=True)[0]).update(
        periods_at=None
    )
    assert not rolled.freshness(ScopeFilter()).has_periods
    sum_up()
    assert rolled.freshness(ScopeFilter()).has_periods


GROUPINGS = [*(Grouping(by) for by in GroupBy if by is not GroupBy.TAG), Grouping(GroupBy.TAG, "stage")]
FILTERS = [
    CostFilter(),
    CostFilter(ScopeFilter(regions=("us-east-1",))),
    CostFilter(teams=("risk", "")),
    CostFilter(tags=(("stage", "s1"), ("stage", ""))),
    CostFilter(kinds=(Kind.SERVERLESS,), components=("kept-warm",)),
    CostFilter(models=("model-3", "model-4"), items=("4096", "gp2")),
]


def plan(span: Span = LONG, *, is_rolled: bool = True) -> Plan:
    compared = Span(span.first, span.last - timedelta(days=1))
    return Plan(span, compared, before(compared), is_rolled)


@pytest.mark.parametrize("by", GROUPINGS, ids=lambda each: each.by)
def test_a_grouping_read_from_months_equals_the_daily_lines_to_the_last_digit(
    fleet: None, by: Grouping
) -> None:
    for where in FILTERS:
        found = cost_cube.rows(where, by, plan())
        raw = cost_cube.rows(where, by, plan(is_rolled=False))
        shown = {
            row.key: (row.amount, row.compared, row.before, row.unpriced, row.endpoints) for row in found.rows
        }
        assert shown == {
            row.key: (row.amount, row.compared, row.before, row.unpriced, row.endpoints) for row in raw.rows
        }
        lines = dict(costs.group_sums(where, LONG, by))
        assert {row.key: (row.amount, row.unpriced) for row in found.rows if row.lines} == {
            key: (sums.amount, sums.unpriced) for key, sums in lines.items()
        }
        known = [row.amount for row in found.rows if row.amount is not None]
        assert found.total.amount == (sum(known) if known else None)
        assert found.groups == len(found.rows)


@pytest.mark.parametrize("by", GROUPINGS, ids=lambda each: each.by)
def test_the_bars_of_a_chart_add_up_to_the_rows(fleet: None, by: Grouping) -> None:
    for span in (LONG, Span(TODAY - timedelta(days=20), TODAY), Span(TODAY - timedelta(days=110), TODAY)):
        found = cost_cube.rows(CostFilter(), by, plan(span), limit=3)
        keys = [row.key for row in found.top[:3]]
        drawn = cost_cube.series(CostFilter(), by, plan(span), keys)
        for row in found.top[:3]:
            assert sum(amount for amount in drawn[row.key] if amount is not None) == row.amount
        everything = sum(amount for bars in drawn.values() for amount in bars if amount is not None)
        assert everything == found.total.amount


def test_bars_of_whole_places_equal_their_daily_lines(fleet: None) -> None:
    span = Span(TODAY - timedelta(days=12), TODAY)
    sum_up(*span.days)
    for where in (CostFilter(), FILTERS[1], CostFilter(kinds=(Kind.SERVERLESS,))):
        for by, of in ((GroupBy.KIND, costs.kind_of), (GroupBy.COMPONENT, costs.component_of)):
            for grain in (DAY, WEEK, MONTH):
                lines = [
                    replace(cost, day=piece_of(grain, cost.day).first) for cost in costs.days(where, span)
                ]
                firsts = sorted({cost.day for cost in lines})
                found = cost_places.stacked(where, span, grain, by)
                drawn = {key: [sums.get(first) for first in firsts] for key, sums in found.items()}
                assert drawn == costs.stacked(lines, of, firsts) != {}


def test_rows_are_ordered_by_change_and_paged_in_sql(fleet: None) -> None:
    by = Grouping(GroupBy.ENDPOINT)
    every = cost_cube.rows(CostFilter(), by, plan(), order=cost_cube.Order.CHANGE).rows
    changes = [(row.compared or 0) - (row.before or 0) for row in every]
    assert changes == sorted(changes, reverse=True)
    second = cost_cube.rows(CostFilter(), by, plan(), order=cost_cube.Order.CHANGE, offset=5, limit=5)
    assert [row.key for row in second.rows] == [row.key for row in every[5:10]]
    assert (second.groups, len(second.top)) == (20, cost_cube.TOP)


def test_use_counts_calls_compute_idle_and_spare_time_and_knows_what_it_cannot_tell(fleet: None) -> None:
    by = Grouping(GroupBy.KIND)
    span = Span(TODAY - timedelta(days=60), TODAY)
    found, total = cost_cube.use(CostFilter(), by, Plan(span, None, None), list(Kind))
    assert {key: each.calls for key, each in found.items()} == pytest.approx(
        costs.calls(CostFilter(), span, GroupBy.KIND)
    )
    assert total.calls == pytest.approx(sum(each.calls or 0 for each in found.values()))
    idle = found[Kind.REAL_TIME].idle_usd
    assert idle is not None
    assert total.idle_usd is not None
    assert 0 < idle <= total.idle_usd
    # What an asynchronous endpoint was ready for cannot be told from the requests it processed.
    assert found[Kind.ASYNCHRONOUS].idle_usd is None
    assert found[Kind.REAL_TIME].spare_usd is None


def test_gaps_are_counted_by_endpoint_and_item(fleet: None) -> None:
    DailyCost.objects.filter(variant=VariantStatus.objects.first(), day=TODAY - timedelta(days=3)).update(
        amount=None, confidence="unpriced"
    )
    sum_up(TODAY - timedelta(days=3))
    found = cost_cube.rows(CostFilter(), Grouping(GroupBy.REGION), plan(), limit=1, with_gaps=True).gaps
    raw = DailyCost.objects.filter(LONG.q, amount=None).order_by()
    assert {
        (each.endpoint_id, each.component, each.item): each.unpriced + each.no_data for each in found
    } == {
        tuple(row[:3]): row[3]
        for row in raw.values_list("endpoint_id", "component", "item").annotate(n=Count("pk"))
    }


def test_tag_keys_in_use_are_named_the_commonest_first(fleet: None) -> None:
    Endpoint.objects.filter(team="risk").update(tags={"stage": "x", 'od"d%s key': "y"})
    assert cost_tags.keys(CostFilter()) == ["stage", 'od"d%s key']
    assert cost_tags.keys(CostFilter(teams=("search",))) == ["stage"]


def test_a_span_is_covered_once_by_months_weeks_and_days() -> None:
    for first, length in (
        (date(2025, 10, 22), 395),
        (date(2026, 2, 1), 28),
        (date(2026, 11, 2), 7),
        (date(2024, 2, 27), 10),
    ):
        span = Span(first, first + timedelta(days=length - 1))
        pieces = cover(span)
        assert [day for piece in pieces for day in Span(piece.first, piece.last).days] == span.days
        assert len([piece for piece in pieces if piece.grain == DAY]) <= 12
    assert cover(Span(date(2026, 2, 1), date(2026, 2, 28))) == [Piece(MONTH, date(2026, 2, 1))]


def test_bars_are_days_then_weeks_then_months_and_hold_every_day_once() -> None:
    first = date(2025, 10, 22)
    for length, grain in ((1, DAY), (35, DAY), (36, WEEK), (100, WEEK), (101, MONTH), (395, MONTH)):
        span = Span(first, first + timedelta(days=length - 1))
        assert grain_of(span) == grain
        assert [day for bar in buckets(span) for day in bar.span.days] == span.days


def test_whole_months_are_compared_with_months_and_other_days_with_as_many() -> None:
    assert before(Span(date(2026, 10, 1), date(2026, 10, 31))) == Span(date(2026, 9, 1), date(2026, 9, 30))
    assert before(Span(date(2026, 1, 1), date(2026, 3, 31))) == Span(date(2025, 10, 1), date(2025, 12, 31))
    assert before(Span(date(2026, 11, 1), date(2026, 11, 20))) == Span(date(2026, 10, 12), date(2026, 10, 31))
