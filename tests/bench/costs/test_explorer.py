"""B6: the cost explorer over 30 days and 13 months by every grouping and under filters, its page, and what it costs."""

import gc
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from html import unescape
from time import perf_counter

import pytest
from django.db import connection, reset_queries
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.costs import period
from fleet import rollups
from fleet.models import DailyCost, Endpoint, RollupState, Shard, StaleDay, User
from fleet.queries import cost_cube, cost_spans
from fleet.queries.cost_cover import DAY, GRAINS, MONTH, piece_of
from fleet.queries.cost_cube import Plan
from fleet.queries.cost_scope import CostFilter, GroupBy, Grouping, Span
from fleet.queries.scope import ScopeFilter
from fleet.rollups import spans, to_date
from fleet.types import Kind
from tests import fleet_rows
from tests.bench.pages import fleets
from tests.bench.report import Table, percentile, seconds

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

DAYS = 395
"""13 months of days with costs; what they are compared with lies before the first of them."""
GROUPINGS = [*(Grouping(by) for by in GroupBy if by is not GroupBy.TAG), Grouping(GroupBy.TAG, "stage")]
FILTERS = {
    "everything": CostFilter(),
    "two regions": CostFilter(scope=ScopeFilter(regions=("us-east-1", "eu-west-1"))),
    "serverless of two teams": CostFilter(kinds=(Kind.SERVERLESS,), teams=("risk", "ads")),
    "instances": CostFilter(components=("instance-time",)),
    "a tag": CostFilter(tags=(("stage", "s3"),)),
}
SHORT_MS, LONG_MS = 150, 200
ROUNDS = 21
"""Of fewer the slowest one alone would be the p95."""

# As many variants as endpoints, in weeks, months and the days at the edges of spans.
_USE = """
INSERT INTO fleet_useperiod (grain, first, endpoint_id, variant_id, calls, compute_s, idle_usd)
SELECT grain, first, v.endpoint_id, v.id, n * (100 + v.id %% 900), n * (10 + v.id %% 50),
    CASE WHEN v.instance_type <> '' THEN n * 0.123456789012 END
FROM unnest(%(grains)s::text[], %(firsts)s::date[], %(days)s::int[]) AS pieces (grain, first, n), fleet_variantstatus v
"""
_PERIODS = """
INSERT INTO fleet_costperiod (grain, first, endpoint_id, variant_id, component, item, amount, unpriced, no_data)
SELECT grain, date_trunc(grain, day)::date, endpoint_id, variant_id, component, item, SUM(amount),
    COUNT(*) FILTER (WHERE confidence = 'unpriced'), COUNT(*) FILTER (WHERE confidence = 'no-data')
FROM fleet_dailycost, unnest(ARRAY['week', 'month']) AS grain
GROUP BY grain, date_trunc(grain, day), endpoint_id, variant_id, component, item
"""
_PLACES = """
INSERT INTO fleet_placeday (place, day, kind, component, amount, unpriced, no_data, earliest_until, latest_until)
SELECT COALESCE(a.account_id, s.region, ''), c.day, e.kind, c.component, SUM(c.amount),
    COUNT(*) FILTER (WHERE c.confidence = 'unpriced'), COUNT(*) FILTER (WHERE c.confidence = 'no-data'),
    MIN(c.data_until), MAX(c.data_until)
FROM fleet_dailycost c JOIN fleet_endpoint e ON e.id = c.endpoint_id
JOIN fleet_shard s ON s.id = e.shard_id JOIN fleet_account a ON a.id = s.account_id
GROUP BY GROUPING SETS ((a.account_id, c.day, e.kind, c.component), (s.region, c.day, e.kind, c.component),
    (c.day, e.kind, c.component))
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), conname
FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid
WHERE indrelid = 'fleet_dailycost'::regclass AND NOT indisprimary
"""


def build(table: Table) -> Span:
    """A fleet with 13 months of daily costs and all that is added up from them; the whole span."""
    size = 10_000 if table.is_full else 500
    now = datetime.now(UTC)
    span = Span(now.date() - timedelta(days=DAYS - 1), now.date())
    fleets.clear()
    fleet_rows.seed(size, now=now, days=1, fine_hours=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fleet_endpoint SET tags = jsonb_build_object('stage', 's' || id % 7)")
        # Rows that are right by construction: what keeps millions of them right one by one is left for afterwards.
        cursor.execute("SET session_replication_role = replica")
        daily_costs(span)
        cursor.execute(_PERIODS)
        cursor.execute(_PLACES)
        cursor.execute(_USE, uses(span))
        cursor.execute("SET session_replication_role = DEFAULT")
    fleets.vacuum()
    shards = list(Shard.objects.values_list("pk", flat=True))
    rollups.update_shards(shards, now=now)
    RollupState.objects.update(periods_at=now)
    fleets.vacuum()
    summed = seconds(lambda: to_date.write([(pk, day) for pk in shards for day in firsts(span)], span.last))
    case = f"sums to date of 13 months written for the first time, {size:,} endpoints"
    table.bar(bench="B6", case=case, value=summed, unit="s", at_most=60, gates=False)
    kept = seconds(lambda: spans.write(shards, span.last))
    RollupState.objects.update(spans_on=span.last)
    case = f"spans and charts kept for the first time, {size:,} endpoints"
    table.bar(bench="B6", case=case, value=kept, unit="s", at_most=60, gates=False)
    fleets.vacuum()
    return span


def daily_costs(span: Span) -> None:
    """A line a day and part of every variant; indexes are made when all rows are there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE fleet_dailycost, fleet_costperiod, fleet_useperiod, fleet_costtodate, fleet_usetodate"
        )
        cursor.execute(_INDEXES)
        indexes = cursor.fetchall()
        for name, _, constraint in indexes:
            cursor.execute(
                f"ALTER TABLE fleet_dailycost DROP CONSTRAINT {constraint}"
                if constraint
                else f"DROP INDEX {name}"
            )
        cursor.execute(fleet_rows.COSTS, {"first": span.first, "last": span.last})
        for name, made, constraint in indexes:
            cursor.execute(made)
            if constraint:
                cursor.execute(
                    f"ALTER TABLE fleet_dailycost ADD CONSTRAINT {constraint} UNIQUE USING INDEX {name}"
                )


def firsts(span: Span) -> list[date]:
    """A day of every month of the span."""
    return sorted({piece_of(MONTH, day).first for day in span.days})


def uses(span: Span) -> dict[str, list[object]]:
    """Pieces with a use, and how many days of the span are in each."""
    days = Counter(piece_of(grain, day) for grain in (DAY, *GRAINS) for day in span.days)
    return {
        "grains": [piece.grain for piece in days],
        "firsts": [piece.first for piece in days],
        "days": list(days.values()),
    }


def plan(span: Span, *, is_rolled: bool = True) -> Plan:
    today = DailyCost.objects.latest("day").day
    kept = cost_spans.key_of(span, today) if is_rolled else ""
    return Plan.of(span, today, is_rolled=is_rolled, kept=kept, has_sums=is_rolled)


def test_thirteen_months_by_any_grouping_and_the_page(table: Table) -> None:
    """Everything is measured after the tick, which leaves the rows that pages read as a worker would."""
    span = build(table)
    tick(table, span)
    for words, asked, at_most in (
        ("30 days", Span(span.last - timedelta(days=30), span.last), SHORT_MS),
        ("13 months", span, LONG_MS),
    ):
        sums = {name: raw_sum(where, asked) for name, where in FILTERS.items()}
        for by in GROUPINGS:
            compare(table, words, asked, by, at_most, sums)
        open_pages(table, words, asked)
    other = Span(span.last - timedelta(days=100), span.last - timedelta(days=9))
    sums = {"everything": raw_sum(CostFilter(), other)}
    for by in (Grouping(GroupBy.ACCOUNT), Grouping(GroupBy.ENDPOINT)):
        compare(table, "92 days that are no preset", other, by, LONG_MS, sums)
    open_pages(table, "92 days that are no preset", other)
    open_presets(table)
    beside_days(table, span)


def raw_sum(where: CostFilter, span: Span) -> Decimal:
    """What all lines of the span add up to."""
    lines = DailyCost.objects.filter(where.q(), where.lines, span.q)
    return Decimal(lines.aggregate(total=Sum("amount"))["total"] or 0)


def tick(table: Table, span: Span) -> None:
    """What a minute's turn costs when today, then yesterday too, changed for every shard."""
    size, shards = Endpoint.objects.count(), list(Shard.objects.values_list("pk", flat=True))
    days = [span.last, span.last - timedelta(days=1)]
    for words, changed in (("today", days[:1]), ("today and yesterday", days[:2])):
        StaleDay.objects.bulk_create(StaleDay(shard_id=pk, day=day) for pk in shards for day in changed)
        case = f"a turn after {words} changed in every shard, {size:,} endpoints"
        table.bar(
            bench="B6", case=case, value=seconds(rollups.update_places), unit="s", at_most=60, gates=False
        )
    again = seconds(lambda: to_date.write([(pk, days[1]) for pk in shards], span.last))
    case = f"sums to date alone of yesterday in every shard, {size:,} endpoints"
    table.bar(bench="B6", case=case, value=again, unit="s", at_most=60, gates=False)
    fleets.vacuum()


def compare(
    table: Table, words: str, span: Span, by: Grouping, at_most: int, sums: Mapping[str, Decimal]
) -> None:
    """One grouping under the filters whose sums are given: the slowest table and chart, and how far off totals are."""
    size, planned = Endpoint.objects.count(), plan(span)
    tables, charts, apart = {}, {}, 0.0
    for name, exact in sums.items():
        where = FILTERS[name]
        found = cost_cube.rows(where, by, planned, limit=50, with_gaps=True)
        keys, top = [row.key for row in found.rows], [row.key for row in found.top]

        def answer(where: CostFilter = where, keys: list[str] = keys) -> None:
            cost_cube.rows(where, by, planned, limit=50, with_gaps=True)
            cost_cube.use(where, by, planned, keys)

        tables[name] = p95(table, answer)
        charts[name] = p95(table, partial(cost_cube.series, where, by, planned, top))
        drawn = cost_cube.series(where, by, planned, top).values()
        bars = sum((amount for each in drawn for amount in each if amount is not None), Decimal(0))
        for total in (found.total.amount or Decimal(0), bars):
            apart = max(apart, float(abs(total - exact)) / float(exact or 1))
    for what, spent in (("groups and use", tables), ("chart", charts)):
        slowest = max(spent, key=lambda name: spent[name])
        case = f"{words} by {by.by}, {size:,} endpoints, {what}, p95 of the slowest filter"
        table.bar(bench="B6", case=case, value=spent[slowest], unit="ms", at_most=at_most, gates=False)
    case = f"{words} by {by.by}, {size:,} endpoints, away from the sum of all lines, relative"
    table.bar(bench="B6", case=case, value=apart, unit="", at_most=1e-9)


def beside_days(table: Table, span: Span) -> None:
    """The same answer added up from daily costs."""
    where, by = CostFilter(), Grouping(GroupBy.ACCOUNT)
    ours, days = (
        partial(cost_cube.rows, where, by, plan(span, is_rolled=is_rolled), limit=50)
        for is_rolled in (True, False)
    )
    mine, theirs = table.interleaved(ours, days, rounds=1)
    table.add(
        bench="B6", case=f"13 months by account, {Endpoint.objects.count():,} endpoints", unit="s", ours=mine,
        peer_name="daily costs", peer=theirs, at_least=10 if table.is_full else None,
    )  # fmt: skip


def open_pages(table: Table, words: str, span: Span) -> None:
    """The whole page of a span by every grouping."""
    client = reader()
    for by in GROUPINGS:
        group = f"{by.by}&tag_key={by.tag}" if by.tag else by.by.value
        query = f"range=custom&from={span.first}&to={span.last}&group={group}"
        open_page(table, client, f"{words} by {group}", query)


def open_presets(table: Table) -> None:
    """The page as its own buttons open it."""
    client = reader()
    for key in period.PRESETS:
        open_page(table, client, f"range={key}", f"range={key}")


def reader() -> Client:
    client = Client()
    fleets.session_cookie()
    client.force_login(User.objects.get(username="bench"))
    return client


def open_page(table: Table, client: Client, words: str, query: str) -> None:
    """A whole page and the chart that it reads, and how many queries they ask, as a first reader gets them."""
    url, size = f"/costs/?{query}", Endpoint.objects.count()
    drawn = re.search(r'id="cost-chart" hx-get="([^"]+)"', client.get(url).content.decode())
    assert drawn
    part = {"HX-Request": "true", "HX-Target": "cost-chart"}
    for address, what, headers in ((url, "", {}), (unescape(drawn[1]), " chart of", part)):
        ask = partial(client.get, address, headers=headers)
        # The log of queries holds the newest thousands: full, it would not grow by those of the page.
        reset_queries()
        with CaptureQueriesContext(connection) as asked:
            assert ask().status_code == 200
        queries = len(asked)  # The next request forgets them.
        case, took = f"/costs/{what} {words}, {size:,} endpoints", p95(table, ask)
        table.bar(bench="B6", case=f"{case}, p95", value=took, unit="ms", at_most=LONG_MS, gates=False)
        table.bar(bench="B6", case=f"{case}, queries", value=queries, unit="", at_least=1, at_most=15)


def p95(table: Table, work: Callable[[], object]) -> float:
    """Milliseconds, after one unmeasured round. Garbage is collected once, not before each of some thousand rounds."""
    work()
    gc.collect()
    took = []
    for _ in range(ROUNDS if table.is_full else 2):
        start = perf_counter()
        work()
        took.append(1000 * (perf_counter() - start))
    return percentile(took, 0.95)
