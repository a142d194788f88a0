"""Cold starts of a scope equal sums over the stored buckets."""

from datetime import timedelta

import pytest

from fleet.queries import cold_starts
from fleet.queries.scope import ScopeFilter, TimeRange
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


def week() -> TimeRange:
    end = rows.now()
    return TimeRange("7d", "last 7 days", end - timedelta(days=7), end)


def test_counts_shares_and_wasted_seconds_add_up_over_the_hours() -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    at = rows.hour() - timedelta(hours=5)
    rows.hour_bucket(
        chat,
        at,
        invocations=90.0,
        setup_count=3.0,
        setup_ms_avg=6000.0,
        setup_ms_p50=5800.0,
        setup_ms_p99=9000.0,
    )
    rows.hour_bucket(
        chat,
        at + timedelta(hours=1),
        invocations=10.0,
        setup_count=1.0,
        setup_ms_avg=8000.0,
        setup_ms_p50=8000.0,
        setup_ms_p99=8000.0,
    )
    rows.hour_bucket(chat, at - timedelta(days=9), invocations=1000.0, setup_count=500.0, setup_ms_avg=1.0)
    page = cold_starts.page(ScopeFilter(), week())
    (row,) = page.rows
    assert (row.calls, row.cold, row.wasted_s, row.share) == (100, 4, 3 * 6 + 8, 0.04)
    assert (row.setup_p50_ms, row.setup_p99_ms) == ((5800 + 8000) / 2, 9000)
    assert row.source is cold_starts.Source.SAMPLES
    assert (page.calls, page.cold, page.wasted_s, page.share, page.per_start_s) == (100, 4, 26, 0.04, 6.5)


def test_silence_is_zero_only_where_the_metric_was_seen_within_thirty_days() -> None:
    shard = rows.shard()
    seen, never, idle = (rows.serverless(shard, name) for name in ("seen", "never", "idle"))
    at = rows.hour() - timedelta(hours=2)
    rows.hour_bucket(seen, at, invocations=50.0)
    rows.hour_bucket(seen, at - timedelta(days=20), invocations=1.0, setup_count=1.0, setup_ms_avg=900.0)
    rows.hour_bucket(never, at, invocations=50.0)
    found = {row.name: row for row in cold_starts.page(ScopeFilter(), week()).rows}
    assert (found["seen"].cold, found["seen"].wasted_s) == (0, 0)
    assert (found["never"].cold, found["never"].source) == (None, cold_starts.Source.NO_SAMPLES)
    assert (found["idle"].cold, found["idle"].source) == (None, cold_starts.Source.NO_CALLS)
    assert idle.pk == found["idle"].endpoint_id


def test_the_grid_holds_calls_and_cold_starts_by_hour_of_week_in_utc() -> None:
    chat = rows.serverless(rows.shard(), "chat-faq")
    at = rows.hour() - timedelta(hours=3)
    rows.hour_bucket(chat, at, invocations=7.0, setup_count=2.0)
    rows.hour_bucket(chat, at + timedelta(hours=1), invocations=5.0)
    cells = cold_starts.page(ScopeFilter(), week()).cells
    assert set(cells) == {
        (at.isoweekday(), at.hour),
        ((at + timedelta(hours=1)).isoweekday(), (at + timedelta(hours=1)).hour),
    }
    cell = cells[at.isoweekday(), at.hour]
    assert (cell.calls, cell.cold) == (7, 2)


def test_the_few_endpoints_that_make_most_of_it_are_named() -> None:
    shard = rows.shard()
    at = rows.hour() - timedelta(hours=2)
    for name, average_ms in (("a", 8000.0), ("b", 1500.0), ("c", 500.0)):
        rows.hour_bucket(
            rows.serverless(shard, name), at, invocations=10.0, setup_count=1.0, setup_ms_avg=average_ms
        )
    page = cold_starts.page(ScopeFilter(), week())
    assert [row.name for row in page.rows] == ["a", "b", "c"]
    assert ([each.name for each in page.most], page.most_count) == (["a", "b"], 2)


def test_another_region_stays_out_of_a_narrowed_scope() -> None:
    at = rows.hour() - timedelta(hours=2)
    for region in ("eu-west-1", "us-east-1"):
        rows.hour_bucket(
            rows.serverless(rows.shard(region), f"in-{region}"), at, invocations=10.0, setup_count=1.0
        )
    assert cold_starts.page(ScopeFilter(regions=("us-east-1",)), week()).cold == 1
    assert cold_starts.page(ScopeFilter(), week()).cold == 2


def test_queries_do_not_grow_with_the_fleet(django_assert_max_num_queries: object) -> None:
    shard = rows.shard()
    for n in range(12):
        rows.hour_bucket(rows.serverless(shard, f"ep-{n}"), rows.hour() - timedelta(hours=2), invocations=1.0)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        cold_starts.page(ScopeFilter(), week())
