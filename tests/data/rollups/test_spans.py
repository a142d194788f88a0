"""Kept spans hold exactly what weeks, months and days add up to, on every day and after new prices."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dashboards.costs.figures import plan
from fleet.models import CostBars, CostSpan, DailyCost, RollupState, Shard, StaleDay, UseSpan, VariantStatus
from fleet.queries import cost_cube, costs, forecast, rolled
from fleet.queries.cost_cube import Plan
from fleet.queries.cost_scope import CostFilter, GroupBy, Grouping, Span
from fleet.queries.cost_spans import key_of, spans
from fleet.queries.scope import ScopeFilter
from fleet.rollups import spans as kept_spans
from tests.data.rollups.test_periods import FILTERS, GROUPINGS, TODAY, fleet, sum_up

__all__ = ["fleet"]

pytestmark = pytest.mark.django_db


def assert_equal_either_way(by: Grouping) -> None:
    fresh = rolled.freshness(ScopeFilter())
    for span in spans(TODAY).values():
        quick = plan(span, TODAY, fresh)
        assert quick.kept, "the kept sums are read"
        assert len(quick.read) <= 1
        slow = Plan.of(span, TODAY)
        for where in FILTERS:
            found, raw = (cost_cube.rows(where, by, each, with_gaps=True) for each in (quick, slow))
            assert [(row.key, row.amount, row.compared, row.before, row.endpoints) for row in found.rows] == [
                (row.key, row.amount, row.compared, row.before, row.endpoints) for row in raw.rows
            ]
            assert (found.total.unpriced, found.total.no_data) == (raw.total.unpriced, raw.total.no_data)
            assert found.gaps == raw.gaps
            keys = [row.key for row in raw.rows]
            drawn = cost_cube.series(where, by, quick, keys[:2])
            assert drawn == cost_cube.series(where, by, slow, keys[:2])
            used, total = cost_cube.use(where, by, quick, keys)
            one, all_of = cost_cube.use(where, by, slow, keys)
            assert {key: vars(each) for key, each in used.items()} == {
                key: pytest.approx(vars(each)) for key, each in one.items()
            }
            assert vars(total) == pytest.approx(vars(all_of))


@pytest.mark.parametrize("by", GROUPINGS, ids=lambda each: each.by)
def test_a_kept_span_equals_its_weeks_and_months_to_the_last_digit(fleet: None, by: Grouping) -> None:
    assert CostSpan.objects.filter(key="13-months").exists()
    assert UseSpan.objects.filter(key="13-months").exists()
    assert CostBars.objects.filter(key="13-months").exists()
    assert_equal_either_way(by)


def test_a_past_day_priced_anew_is_in_the_spans_that_hold_it(fleet: None) -> None:
    day = TODAY - timedelta(days=40)
    DailyCost.objects.filter(day=day).update(amount=9)
    gone = VariantStatus.objects.order_by("pk")[1]
    DailyCost.objects.filter(variant=gone, component="storage").delete()
    sum_up(*(TODAY - timedelta(days=n) for n in range(75)))
    assert not CostSpan.objects.filter(variant=gone, component="storage").exists()
    assert not CostBars.objects.filter(variant=gone, component="storage").exists()
    assert_equal_either_way(Grouping(GroupBy.ENDPOINT))


def test_spans_of_yesterday_are_not_read_and_all_shards_get_those_of_today(fleet: None) -> None:
    state = RollupState.objects.order_by("pk")[0]
    RollupState.objects.filter(pk=state.pk).update(spans_on=TODAY - timedelta(days=1))
    month = spans(TODAY)["month"]
    assert not plan(month, TODAY, rolled.freshness(ScopeFilter())).kept
    sum_up()
    assert plan(month, TODAY, rolled.freshness(ScopeFilter())).kept == key_of(month, TODAY) != ""


def test_spans_without_a_changed_day_are_left_alone(fleet: None) -> None:
    shards = list(RollupState.objects.values_list("pk", flat=True))
    CostSpan.objects.update(amount=-1)
    kept_spans.write(shards, TODAY, {TODAY - timedelta(days=39)})
    untouched = set(CostSpan.objects.filter(amount=-1).values_list("key", flat=True))
    assert untouched == {
        key
        for key, span in spans(TODAY).items()
        if CostSpan.objects.filter(key=key).exists()
        and not (Plan.of(span, TODAY).before or span).first <= TODAY - timedelta(days=39) <= span.last
    }
    kept_spans.write(shards, TODAY)
    CostSpan.objects.update(amount=-1)
    kept_spans.write(shards, TODAY, {TODAY})
    assert not CostSpan.objects.exclude(amount=-1).exists(), "today is read from its own lines"
    assert cost_cube.rows(CostFilter(), Grouping(GroupBy.KIND), Plan.of(spans(TODAY)["24h"], TODAY)).rows


def test_on_the_first_of_a_month_nothing_kept_is_read_for_it() -> None:
    first = TODAY.replace(day=1)
    assert Plan.of(spans(first)["month"], first, kept="month").kept == ""


@pytest.mark.parametrize("where", [where for where in FILTERS if not where.is_of_places])
def test_what_teams_and_tags_have_spent_equals_their_daily_costs(fleet: None, where: CostFilter) -> None:
    for first in (TODAY.replace(day=1), TODAY - timedelta(days=30), TODAY - timedelta(days=11), TODAY):
        period = Span(first, TODAY + timedelta(days=9))
        assert forecast.spent(where, period, today=TODAY) == costs.total(
            costs.days(where, Span(first, TODAY))
        )


def test_a_team_has_spent_what_is_kept_until_a_day_of_it_waits_to_be_added_up(fleet: None) -> None:
    team = DailyCost.objects.values_list("endpoint__team", flat=True)[0]
    where, period = CostFilter(teams=(team,)), Span(TODAY - timedelta(days=30), TODAY)
    true = forecast.spent(where, period, today=TODAY).amount
    assert true is not None
    line = CostSpan.objects.filter(where.q(), key="30d").exclude(amount=None)[0]
    CostSpan.objects.filter(pk=line.pk).update(amount=(line.amount or Decimal(0)) + 1)
    assert forecast.spent(where, period, today=TODAY).amount == true + 1, "read from the kept span"
    StaleDay.objects.create(shard=line.endpoint.shard, day=TODAY)
    assert forecast.spent(where, period, today=TODAY).amount == true + 1, "today is no part of it"
    StaleDay.objects.create(shard=line.endpoint.shard, day=TODAY - timedelta(days=3))
    assert forecast.spent(where, period, today=TODAY).amount == true
    StaleDay.objects.all().delete()
    RollupState.objects.filter(pk__in=Shard.objects.values("pk")).update(spans_on=TODAY - timedelta(days=1))
    assert forecast.spent(where, period, today=TODAY).amount == true
