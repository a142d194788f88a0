"""Pages at 100 to 10,000 endpoints: time, queries, growth and weight."""

import gzip
import math
import re
from statistics import median
from typing import Any
from urllib.parse import urljoin, urlsplit

import brotli  # type: ignore[import-untyped]
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.scope import time_range
from fleet.models import DailyCost, User
from fleet.queries import costs, rolled
from fleet.queries.cost_scope import CostFilter, GroupBy, Span
from stack.processes import Part
from tests.bench.pages import fleets, load
from tests.bench.pages.conftest import KEPT_S
from tests.bench.report import Table, percentile, seconds

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

OVERVIEW = ("/", "/?range=24h")
LIST = (
    "/endpoints/", "/endpoints/?sort=-calls", "/endpoints/?sort=-p99&range=30d", "/endpoints/?sort=-cost&page=2",
    "/endpoints/?sort=owner&page=200", "/endpoints/?kind=serverless&team=risk", "/endpoints/?q=model-77",
)  # fmt: skip
COSTS = (
    "/costs/",
    "/costs/?group=account&range=30d",
    "/costs/?group=component",
    "/costs/?group=team&range=7d",
)
OTHERS = (
    "/cold-starts/", "/cache/", "/scaling/", "/operations/", "/alerts/", "/sync/", "/audit/",
)  # fmt: skip
PART = {"HX-Request": "true", "HX-Target": "endpoint-list"}


def sizes(table: Table) -> tuple[int, ...]:
    return (100, 1_000, 10_000) if table.is_full else (100, 1_000)


def measured(client: Client, url: str, rounds: int) -> tuple[list[float], int]:
    """Milliseconds of some answers after a first one, and the queries of one."""
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    queries = len(asked)  # The next request forgets them.
    return [seconds(lambda: client.get(url)) * 1000 for _ in range(rounds)], queries


def test_pages_cost_as_much_at_any_size(table: Table, settings: Any) -> None:
    """B4, B5, B9: each page in one process, on every size of fleet."""
    times: dict[str, dict[int, list[float]]] = {}
    asked: dict[str, dict[int, int]] = {}
    for size in sizes(table):
        fleets.build(size)
        client = Client()
        fleets.session_cookie()
        client.force_login(User.objects.get(username="bench"))
        for url in (*OVERVIEW, *LIST, *COSTS, *OTHERS):
            # Most is asked where nothing is kept.
            settings.KEPT_S = 0
            cold, asked.setdefault(url, {})[size] = measured(client, url, 12)
            if url not in OTHERS and size == sizes(table)[-1]:
                bench, case = "B4" if url in OVERVIEW else "B5", f"{url} p95 at {size:,}, nothing kept"
                table.bar(bench=bench, case=case, value=percentile(cold, 0.95), unit="ms", at_most=200)
            settings.KEPT_S = KEPT_S
            times.setdefault(url, {})[size], _ = measured(client, url, 12)
        part = client.get("/endpoints/", headers=PART).content
        table.bar(
            bench="B5", case=f"part of the list, gzipped, {size:,} endpoints", value=len(gzip.compress(part)) / 1000,
            unit="kB", at_most=30,
        )  # fmt: skip
        compare_costs(table, size)
    small, large = sizes(table)[0], sizes(table)[-1]
    for url, found in times.items():
        bench = "B4" if url in OVERVIEW else "B5"
        bar = 100 if url in OVERVIEW else 200
        p95 = percentile(found[large], 0.95)
        table.bar(bench=bench, case=f"{url} p95 at {large:,}", value=p95, unit="ms", at_most=bar)
        table.bar(
            bench=bench, case=f"{url} queries at {large:,}", value=asked[url][large], unit="", at_most=15
        )
        if url not in OTHERS:
            more = asked[url][large] - asked[url][small]
            table.bar(
                bench=bench, case=f"{url} queries more than at {small:,}", value=more, unit="", at_most=0
            )
        slope = math.log(median(found[large]) / median(found[small])) / math.log(large / small)
        table.bar(bench="B9", case=f"{url} growth", value=slope, unit="", at_most=0.15, gates=False)


def compare_costs(table: Table, size: int) -> None:
    """B6: costs of 30 days by account from what was added up, and from raw hours; the sum is exact."""
    from django.utils import timezone

    days = time_range("30d", timezone.now()).days
    span, where = Span(days[0], days[-1]), CostFilter()
    key = rolled.freshness(where.scope).cost_key(span)
    assert key == "30d"

    def ours() -> list[tuple[str, Any]]:
        return list(costs.group_sums(where, span, GroupBy.ACCOUNT, key=key))

    def raw() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT a.account_id, SUM(b.instance_minutes) * 0.004, SUM(b.model_latency_ms_sum) * 0.00000008 "
                "FROM fleet_hourbucket b JOIN fleet_variantstatus v ON v.id = b.variant_id "
                "JOIN fleet_endpoint e ON e.id = v.endpoint_id JOIN fleet_shard s ON s.id = e.shard_id "
                "JOIN fleet_account a ON a.id = s.account_id WHERE b.at >= %s AND b.at < %s "
                "GROUP BY a.account_id ORDER BY 2 DESC NULLS LAST LIMIT 50",
                [span.start, span.end],
            )
            cursor.fetchall()

    mine, theirs = table.interleaved(ours, raw, rounds=5)
    case = f"30 days by account, {size:,} endpoints"
    # Below a thousand endpoints neither side takes long enough for the ratio to mean anything.
    table.add(
        bench="B6", case=case, unit="s", ours=mine, peer_name="raw hours", peer=theirs,
        at_least=10 if size >= 10_000 else None,
    )  # fmt: skip
    table.bar(bench="B6", case=f"{case}, p95", value=1000 * percentile(mine, 0.95), unit="ms", at_most=150)
    lines = sum(
        cost.amount for cost in DailyCost.objects.filter(span.q).iterator() if cost.amount is not None
    )
    apart = abs(sum(sums.amount for _, sums in ours() if sums.amount is not None) - lines)
    table.bar(
        bench="B6", case=f"{case}, away from the sum of all lines", value=float(apart), unit="USD", at_most=0
    )


@pytest.mark.parametrize(("url", "at_most"), [("/alerts/", 200), ("/", 700), ("/costs/", 700)])
def test_a_first_load_is_light_and_stays_in_the_house(
    table: Table, served: tuple[int, int, Part], url: str, at_most: int
) -> None:
    """B11: everything the first page brings with it, compressed as sent."""
    fleets.build(100)
    kilobytes, requests, hosts = weigh(served[0], url, fleets.session_cookie())
    table.bar(bench="B11", case=f"{url} first load", value=kilobytes, unit="kB", at_most=at_most)
    table.bar(bench="B11", case=f"{url} requests", value=requests, unit="", at_most=20)
    table.bar(bench="B11", case=f"{url} third-party hosts", value=len(hosts), unit="", at_most=0)


_ASSET = re.compile(
    r"""<(?:script|img|source)[^>]*\ssrc="([^"]+)"|<link[^>]*rel="(?:stylesheet|preload|modulepreload|icon)"[^>]*href="([^"]+)\""""
    r"""|<link[^>]*href="([^"]+)"[^>]*rel="(?:stylesheet|preload|modulepreload|icon)\"|data-chart-src="([^"]+)\""""
)
_IN_CSS = re.compile(r"""url\(["']?([^"')]+)["']?\)|@import ["']([^"']+)["']""")


def weigh(port: int, url: str, cookie: str) -> tuple[float, int, set[str]]:
    """Kilobytes as sent, requests and other hosts of a page with its scripts, styles, fonts, images and charts."""
    wanted, seen, hosts, total = [url], set(), set[str](), 0
    while wanted:
        at = wanted.pop()
        if at in seen or at.startswith("data:"):
            continue
        seen.add(at)
        _, answer, body = load.get(port, at, {"Cookie": cookie, "Accept-Encoding": "gzip, br"})
        assert answer.status == 200, at
        total += len(body)
        kind = answer.headers.get("Content-Type", "")
        if "html" not in kind and "css" not in kind:
            continue
        plain = {"gzip": gzip.decompress, "br": brotli.decompress}.get(
            answer.headers.get("Content-Encoding", ""), bytes
        )(body)
        found = (_ASSET if "html" in kind else _IN_CSS).findall(plain.decode())
        for names in found:
            target = urljoin(at, next(name for name in names if name).replace("&amp;", "&"))
            if urlsplit(target).netloc:
                hosts.add(urlsplit(target).netloc)
            else:
                wanted.append(target.partition("#")[0])
    return total / 1000, len(seen), hosts
