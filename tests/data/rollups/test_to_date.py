"""Any span read as a difference of sums to date equals its daily lines, across months and years, and after changes."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboards.costs.figures import plan
from fleet.models import CostToDate, DailyCost, RollupState, Shard, UseToDate, VariantStatus
from fleet.queries import cost_cube, cost_places, rolled
from fleet.queries.cost_cover import buckets, grain_of
from fleet.queries.cost_cube import Plan, Use
from fleet.queries.cost_plan import ends
from fleet.queries.cost_scope import CostFilter, GroupBy, Grouping, Span
from fleet.queries.cost_spans import spans
from fleet.queries.scope import ScopeFilter
from tests import fleet_rows
from tests.data.rollups.test_periods import FILTERS, GROUPINGS, TODAY, fleet, sum_up

__all__ = ["fleet"]

pytestmark = pytest.mark.django_db

NEW_YEAR = date((TODAY - timedelta(days=130)).year, 1, 1)
OLD = Span(NEW_YEAR - timedelta(days=45), NEW_YEAR + timedelta(days=20))
"""Days with costs across a new year, before those of the fleet."""


def ago(first: int, last: int) -> Span:
    return Span(TODAY - timedelta(days=first), TODAY - timedelta(days=last))


SPANS = (
    ago(47, 9),
    ago(94, 0),
    ago(64, 31),
    ago(25, 13),
    Span(NEW_YEAR - timedelta(days=12), NEW_YEAR + timedelta(days=15)),
    Span(NEW_YEAR, NEW_YEAR + timedelta(days=18)),
    Span(NEW_YEAR - timedelta(days=20), NEW_YEAR - timedelta(days=1)),
    Span(NEW_YEAR - timedelta(days=200), TODAY),
)


@pytest.fixture(scope="module")
def long_ago(fleet: None, django_db_blocker: Any) -> Iterator[None]:
    """The fleet with costs at the turn of a year, too."""
    with django_db_blocker.unblock():
        add_old_days()
        yield


def add_old_days() -> None:
    with connection.cursor() as cursor:
        cursor.execute(fleet_rows.COSTS, {"first": OLD.first, "last": OLD.last})
    sum_up(*OLD.days)


def assert_equal(span: Span, by: Grouping, where: CostFilter) -> None:
    quick = plan(span, TODAY, rolled.freshness(ScopeFilter()))
    assert quick.has_sums
    slow = Plan.of(span, TODAY, is_rolled=False)
    found, raw = (cost_cube.rows(where, by, each, with_gaps=True) for each in (quick, slow))
    figures = (
        "key",
        "amount",
        "compared",
        "before",
        "unpriced",
        "no_data",
        "lines",
        "endpoints",
        "components",
    )
    assert [[getattr(row, name) for name in figures] for row in found.rows] == [
        [getattr(row, name) for name in figures] for row in raw.rows
    ]
    assert [bool(row.lines_before) for row in found.rows] == [bool(row.lines_before) for row in raw.rows]
    assert (found.total.amount, found.total.before) == (raw.total.amount, raw.total.before)
    assert found.gaps == raw.gaps
    keys = [row.key for row in raw.top if row.lines][:3]
    bars = {key: each for key, each in cost_cube.series(where, by, slow, keys).items() if key or any(each)}
    assert cost_cube.series(where, by, quick, keys) == bars


@pytest.mark.parametrize("by", GROUPINGS, ids=lambda each: each.by)
def test_a_span_of_ones_own_choosing_equals_its_daily_lines_to_the_last_digit(
    long_ago: None, by: Grouping
) -> None:
    fresh = rolled.freshness(ScopeFilter())
    start = GROUPINGS.index(by) % len(SPANS)
    for n, span in enumerate((*SPANS, *SPANS)[start : start + 3], start=start):
        asked = plan(span, TODAY, fresh)
        assert asked.kept or asked.is_difference
        assert len(asked.read) <= 1
        for where in (CostFilter(), FILTERS[1 + n % 5]):
            assert_equal(span, by, where)


def test_what_variants_did_is_the_difference_of_two_days_too(long_ago: None) -> None:
    fresh = rolled.freshness(ScopeFilter())
    for span in (ago(47, 9), ago(94, 0), ago(70, 11)):
        for where in (CostFilter(), FILTERS[5]):
            for by in (Grouping(GroupBy.ENDPOINT), Grouping(GroupBy.KIND)):
                quick, slow = plan(span, TODAY, fresh), Plan.of(span, TODAY)
                keys = [row.key for row in cost_cube.rows(where, by, slow).rows]
                used, total = cost_cube.use(where, by, quick, keys)
                one, every = cost_cube.use(where, by, slow, keys)
                assert {key: told(each) for key, each in used.items()} == {
                    key: nearly(each) for key, each in one.items()
                }
                assert told(total) == nearly(every)


def told(use: Use) -> tuple[object, ...]:
    return use.calls, use.idle_usd, use.spare_usd, use.compute_s


def nearly(use: Use) -> tuple[object, ...]:
    """Calls and dollars are exact; parts of a second are told to as many digits as a float has."""
    return *told(use)[:3], pytest.approx(use.compute_s, rel=1e-12)


def test_all_other_groups_of_a_chart_are_what_the_days_by_place_leave(long_ago: None) -> None:
    sum_up(*ago(76, 0).days)
    fresh = rolled.freshness(ScopeFilter())
    for span in (ago(47, 9), ago(94, 0), spans(TODAY)["30d"]):
        for by in (Grouping(GroupBy.ENDPOINT), Grouping(GroupBy.KIND), Grouping(GroupBy.MODEL)):
            for where in (CostFilter(), FILTERS[1]):
                asked = plan(span, TODAY, fresh)
                assert asked.kept or asked.draws_differences
                assert asked.compared
                found = cost_cube.rows(where, by, asked)
                keys = [row.key for row in found.top[:2]]
                sums = cost_places.totals(where, asked.compared, grain_of(span))
                totals = [sums.get(bar.first) for bar in buckets(span)]
                drawn = cost_cube.series(where, by, asked, keys, totals)
                assert drawn == cost_cube.series(where, by, asked, keys)
                with CaptureQueriesContext(connection) as queries:
                    assert cost_cube.series(where, by, asked, keys, totals)[None] == drawn[None]
                assert len(queries) == 1 + len(asked.today), "of other lines only today's were read"


def test_bars_of_accounts_and_regions_are_those_of_the_days_by_place(long_ago: None) -> None:
    sum_up(*ago(76, 0).days)
    fresh = rolled.freshness(ScopeFilter())
    regions = ScopeFilter(regions=("us-east-1",))
    wheres = {
        GroupBy.ACCOUNT: (CostFilter(), CostFilter(kinds=("serverless",))),
        GroupBy.REGION: (CostFilter(), CostFilter(scope=regions)),
    }
    for span in (ago(47, 9), ago(64, 0), spans(TODAY)["30d"], spans(TODAY)["7d"]):
        asked = plan(span, TODAY, fresh)
        assert asked.kept or asked.draws_differences
        for by, filters in wheres.items():
            for where in filters:
                found = cost_cube.rows(where, Grouping(by), asked)
                keys = [row.key for row in found.rows if row.lines]
                whole = cost_places.bars(where, by, asked, keys)
                assert whole
                drawn = cost_cube.series(where, Grouping(by), asked, keys)
                with CaptureQueriesContext(connection) as queries:
                    assert cost_cube.series(where, Grouping(by), asked, keys, (), whole) == drawn
                assert len(queries) == len(asked.today), "of lines only today's were read"
    asked = plan(ago(47, 9), TODAY, fresh)
    for where, by in (
        (CostFilter(scope=regions), GroupBy.ACCOUNT),
        (CostFilter(teams=("search",)), GroupBy.REGION),
        (CostFilter(), GroupBy.KIND),
    ):
        assert cost_places.bars(where, by, asked, ["serverless"]) is None


def test_late_costs_new_prices_and_lines_that_vanish_change_every_day_after_them(long_ago: None) -> None:
    day, gone = TODAY - timedelta(days=40), VariantStatus.objects.order_by("pk")[1]
    ended = VariantStatus.objects.order_by("pk")[3]
    DailyCost.objects.filter(day=day).update(amount=9, confidence="estimated")
    DailyCost.objects.filter(variant=gone, component="storage").delete()
    DailyCost.objects.filter(variant=ended, day__gt=day).delete()
    DailyCost.objects.filter(day=day + timedelta(days=3)).update(amount=None, confidence="no-data")
    sum_up(*(TODAY - timedelta(days=n) for n in range(76)), *OLD.days)
    assert not CostToDate.objects.filter(variant=gone, component="storage").exists()
    for span in SPANS[::2]:
        assert_equal(span, Grouping(GroupBy.ENDPOINT), CostFilter())


def test_only_what_a_day_changes_is_written_and_today_changes_nothing(long_ago: None) -> None:
    def versions() -> dict[int, str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, xmin::text || ctid::text FROM fleet_costtodate")
            return dict(cursor.fetchall())

    old, day = versions(), TODAY - timedelta(days=40)
    for changed, months in ((TODAY, 0), (day, 1 + TODAY.month - day.month + 12 * (TODAY.year - day.year))):
        line = DailyCost.objects.filter(day=changed).exclude(amount=None)[0]
        DailyCost.objects.filter(pk=line.pk).update(amount=123)
        sum_up(changed)
        moved = [pk for pk, version in versions().items() if old.get(pk) != version]
        assert CostToDate.objects.filter(pk__in=moved, variant=line.variant, item=line.item).count() == len(
            moved
        )
        assert len(moved) == (
            min(months, 12 - day.month + 1) if TODAY.day > 1 else months - 1 if months else 0
        )


def test_a_new_day_is_added_before_anything_is_read_from_it(long_ago: None) -> None:
    month = TODAY.replace(day=1)
    CostToDate.objects.filter(month=month).delete()
    UseToDate.objects.filter(month=month).delete()
    RollupState.objects.update(spans_on=TODAY - timedelta(days=1))
    fresh = rolled.freshness(ScopeFilter())
    assert not plan(ago(47, 9), TODAY, fresh).is_difference
    RollupState.objects.update(spans_on=max(month - timedelta(days=1), TODAY - timedelta(days=3)))
    sum_up()
    assert_equal(ago(47, 0), Grouping(GroupBy.REGION), CostFilter())


def test_a_shard_that_is_new_gets_its_whole_history(long_ago: None) -> None:
    shard = Shard.objects.order_by("pk")[0]
    CostToDate.objects.filter(endpoint__shard=shard).delete()
    RollupState.objects.filter(pk=shard.pk).update(spans_on=None, periods_at=None)
    sum_up()
    for span in (SPANS[0], SPANS[4]):
        assert_equal(span, Grouping(GroupBy.ACCOUNT), CostFilter())


def test_the_days_at_the_ends_of_a_span() -> None:
    year = date(2027, 1, 1)
    assert ends(Span(date(2027, 3, 4), date(2027, 5, 6))) == [(date(2027, 5, 6), 1), (date(2027, 3, 3), -1)]
    assert ends(Span(year, date(2027, 5, 6))) == [(date(2027, 5, 6), 1)]
    assert ends(Span(date(2026, 12, 30), date(2027, 1, 2))) == [
        (date(2026, 12, 31), 1),
        (date(2026, 12, 29), -1),
        (date(2027, 1, 2), 1),
    ]
