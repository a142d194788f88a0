"""Summaries follow what leaves, hold over midnight, and are left aside where they are not whole."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dashboards.scope import time_range
from fleet import rollups
from fleet.models import CostWindow, DailyCost, Endpoint, MonthCost, PlaceDay, PlaceHour, Shard
from fleet.queries import costs, fleet_traffic, overview, rolled
from fleet.queries.cost_scope import CostFilter, GroupBy, Span
from fleet.queries.scope import ScopeFilter
from tests.data.rollups.summed import NOW, sum_up

pytestmark = pytest.mark.django_db


def test_a_shard_that_is_not_summed_up_is_added_up_from_its_rows(fleet: None) -> None:
    assert rolled.freshness(ScopeFilter()).covers(time_range("30d", NOW))
    Shard.objects.get(account__account_id="500000000000", region="us-east-1").rollup.delete()
    assert rolled.freshness(ScopeFilter()) == rolled.NOT_SUMMED
    assert rolled.freshness(ScopeFilter(regions=("eu-west-1",))).covers(time_range("30d", NOW))


def test_a_window_of_the_past_and_yesterdays_costs_are_added_up_from_the_rows(fleet: None) -> None:
    fresh = rolled.freshness(ScopeFilter())
    assert not fresh.covers(time_range("24h", NOW - timedelta(days=2)))
    assert not fresh.covers(time_range("24h", NOW + timedelta(days=2)))
    assert fresh.cost_key(Span(NOW.date() - timedelta(days=8), NOW.date() - timedelta(days=1))) == ""


def test_a_component_that_left_the_window_leaves_its_sum_too(fleet: None) -> None:
    endpoint = Endpoint.objects.filter(kind="real-time").first()
    assert endpoint is not None
    DailyCost.objects.filter(endpoint=endpoint, component="storage").delete()
    rollups.update_shards([endpoint.shard_id], now=NOW)
    assert not CostWindow.objects.filter(endpoint=endpoint, component="storage").exists()
    left = DailyCost.objects.filter(endpoint=endpoint, day__gte=NOW.date().replace(day=1))
    spent = [cost.amount for cost in left if cost.amount is not None]
    assert MonthCost.objects.get(endpoint=endpoint).usd == sum(spent)


def test_what_is_gone_leaves_the_places_when_its_day_is_added_up_again(fleet: None) -> None:
    Endpoint.objects.filter(shard__region="us-east-1").update(closed_at=NOW)
    sum_up()
    assert not PlaceHour.objects.filter(place="us-east-1").exists()
    assert PlaceDay.objects.filter(place="us-east-1").exists(), "what it cost stays"


@pytest.mark.parametrize("key", ["24h", "30d"])
def test_an_endpoint_that_closed_leaves_every_window_of_its_shard_at_the_next_turn(
    fleet: None, key: str
) -> None:
    """Also the long windows, which are not written anew at that turn."""
    gone = Endpoint.objects.filter(kind="serverless").first()
    assert gone is not None
    window = time_range(key, NOW)
    Endpoint.objects.filter(pk=gone.pk).update(closed_at=NOW)
    assert "30d" not in rollups.update_shards([gone.shard_id], now=NOW + timedelta(seconds=30))[gone.shard_id]
    found = fleet_traffic.traffic(ScopeFilter(), window, rolled.freshness(ScopeFilter()))
    raw = fleet_traffic.traffic(ScopeFilter(), window)
    assert vars(found.now) == pytest.approx(vars(raw.now))
    assert vars(found.before) == pytest.approx(vars(raw.before))


def test_a_quiet_shard_is_renewed_all_the_same(fleet: None) -> None:
    assert rollups.overdue(NOW + timedelta(minutes=10)) == []
    assert [len(some) for some in rollups.overdue(NOW + timedelta(hours=1))] == [10, 2]


def cut(found: list[costs.Group]) -> list[tuple[str, dict[str, Decimal | None], int]]:
    return [(row.key, row.components, row.endpoints) for row in found]


@pytest.mark.parametrize("key", ["24h", "7d", "30d", "month"])
@pytest.mark.parametrize("renewed", [0, 5])
def test_costs_stay_summed_over_midnight(fleet: None, key: str, renewed: int) -> None:
    """Nobody, or some of the shards, were summed up since midnight; last evening's sums serve the new day's window."""
    midnight = (NOW + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    evening, after = midnight - timedelta(minutes=20), midnight + timedelta(minutes=10)
    sum_up(evening)
    early = list(Shard.objects.order_by("pk").values_list("pk", flat=True)[:renewed])
    rollups.update_shards(early, now=after)
    days = time_range(key, after).days
    span, where = Span(days[0], days[-1]), CostFilter()
    fresh = rolled.freshness(where.scope)
    assert fresh.cost_key(span) == key, "the quick way holds"
    raw = costs.group_sums(where, span, GroupBy.ENDPOINT)
    assert costs.group_sums(where, span, GroupBy.ENDPOINT, key=key) == raw
    assert cut(costs.groups(where, span, GroupBy.ENDPOINT, raw[:5], key=key)) == cut(
        costs.groups(where, span, GroupBy.ENDPOINT, raw[:5])
    )
    assert costs.calls(where, span, GroupBy.KIND, key=key) == pytest.approx(
        costs.calls(where, span, GroupBy.KIND)
    )
    assert overview.month_to_date(where.scope, after.date(), fresh) == overview.month_to_date(
        where.scope, after.date()
    )


def test_last_afternoons_costs_do_not_pass_for_todays(fleet: None) -> None:
    midnight = (NOW + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    sum_up(midnight - timedelta(hours=3))
    assert not rolled.freshness(ScopeFilter()).has_costs(midnight.date())
