"""B6: the cost explorer over 13 months by every grouping, beside the same question asked of the daily costs."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fleet import rollups
from fleet.models import DailyCost, Endpoint, Shard, User
from fleet.queries import cost_cube, cost_spans
from fleet.queries.cost_cover import buckets
from fleet.queries.cost_cube import Plan
from fleet.queries.cost_scope import CostFilter, GroupBy, Grouping, Span
from fleet.rollups import spans
from tests.bench.pages import fleets
from tests.bench.report import Table, percentile, seconds

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

DAYS = 395
"""13 months of days with costs; what they are compared with lies before the first of them."""
GROUPINGS = [*(Grouping(by) for by in GroupBy if by is not GroupBy.TAG), Grouping(GroupBy.TAG, "stage")]
BAR_MS = 200

# As many variants as endpoints: a row a day each, added up by the server into weeks and months.
_USE = """
INSERT INTO fleet_useperiod (grain, first, endpoint_id, variant_id, calls, compute_s, idle_usd)
SELECT grain, date_trunc(grain, day)::date, v.endpoint_id, v.id, SUM(100 + v.id %% 900), SUM(10 + v.id %% 50),
    CASE WHEN v.instance_type <> '' THEN SUM(0.123456789012) END
FROM fleet_variantstatus v, generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS days (day),
    unnest(ARRAY['day', 'week', 'month']) AS grain
GROUP BY grain, date_trunc(grain, day), v.endpoint_id, v.id, v.instance_type
"""


def build(table: Table) -> Span:
    """A fleet with 13 months of daily costs, added up as the worker does it; the whole span."""
    from tests import fleet_rows

    size = 10_000 if table.is_full else 500
    now = datetime.now(UTC)
    span = Span(now.date() - timedelta(days=DAYS - 1), now.date())
    fleets.clear()
    fleet_rows.seed(size, now=now, days=1, fine_hours=0)
    DailyCost.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fleet_endpoint SET tags = jsonb_build_object('stage', 's' || id % 7)")
        cursor.execute(fleet_rows.COSTS, {"first": span.first, "last": span.last})
    rollups.update_shards(list(Shard.objects.values_list("pk", flat=True)), now=now)
    fleets.vacuum()
    spent = seconds(rollups.update_places)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE fleet_useperiod")
        cursor.execute(_USE, {"first": span.first, "last": span.last})
    kept = seconds(lambda: spans.write(list(Shard.objects.values_list("pk", flat=True)), span.last))
    fleets.vacuum()
    case = f"spans kept for the first time, {size:,} endpoints"
    table.bar(bench="B6", case=case, value=kept, unit="s", at_most=60, gates=False)
    case = f"13 months added up for the first time, {size:,} endpoints"
    table.bar(bench="B6", case=case, value=spent, unit="s", at_most=240, gates=False)
    return span


def plan(span: Span, *, is_rolled: bool = True) -> Plan:
    kept = cost_spans.key_of(span, span.last) if is_rolled else ""
    return Plan.of(span, span.last, is_rolled=is_rolled, kept=kept)


def test_thirteen_months_by_any_grouping_and_the_page(table: Table) -> None:
    span = build(table)
    for by in GROUPINGS:
        compare(table, span, by)
    open_page(table, span)


def compare(table: Table, span: Span, by: Grouping) -> None:
    """One grouping: from kept sums beside from days, its chart, and how far its total is from the sum of all lines."""
    where, size = CostFilter(), Endpoint.objects.count()

    def ours() -> cost_cube.Cube:
        return cost_cube.rows(where, by, plan(span), limit=50)

    def days() -> cost_cube.Cube:
        return cost_cube.rows(where, by, plan(span, is_rolled=False), limit=50)

    mine, theirs = table.interleaved(ours, days, rounds=5)
    case = f"13 months by {by.by}, {size:,} endpoints"
    table.add(
        bench="B6", case=case, unit="s", ours=mine, peer_name="daily costs", peer=theirs,
        at_least=5 if table.is_full else None,
    )  # fmt: skip
    p95 = 1000 * percentile(mine, 0.95)
    table.bar(bench="B6", case=f"{case}, p95", value=p95, unit="ms", at_most=BAR_MS, gates=False)
    bars, keys = buckets(span), [row.key for row in ours().top]
    drawn = [seconds(lambda: cost_cube.series(where, by, bars, keys)) for _ in range(5)]
    p95 = 1000 * percentile(drawn, 0.95)
    table.bar(bench="B6", case=f"{case}, chart, p95", value=p95, unit="ms", at_most=BAR_MS, gates=False)
    exact = DailyCost.objects.aggregate(total=Sum("amount"))["total"]
    apart = abs((ours().total.amount or 0) - exact)
    table.bar(
        bench="B6", case=f"{case}, away from the sum of all lines", value=float(apart), unit="USD", at_most=0
    )


def open_page(table: Table, year: Span) -> None:
    """The whole page, as its reader gets it."""
    client, size = Client(), Endpoint.objects.count()
    fleets.session_cookie()
    client.force_login(User.objects.get(username="bench"))
    for group in ("endpoint", "account", "tag&tag_key=stage", "model"):
        url = f"/costs/?range=custom&from={year.first}&to={year.last}&group={group}"
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url).status_code == 200
        queries = len(asked)
        spent = [1000 * seconds(partial(client.get, url)) for _ in range(5)]
        case = f"/costs/ 13 months by {group}, {size:,} endpoints"
        table.bar(
            bench="B6",
            case=f"{case}, p95",
            value=percentile(spent, 0.95),
            unit="ms",
            at_most=400,
            gates=False,
        )
        table.bar(bench="B6", case=f"{case}, queries", value=queries, unit="", at_most=15)
