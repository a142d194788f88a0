"""Pages at 100 to 10,000 endpoints: time, queries, growth, eight readers beside Django's admin, weight, memory."""

import gzip
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
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
from stack.layout import ROOT, free_port
from stack.processes import Part, wait_until
from tests.bench.pages import fleets, load
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
PEER = (
    "/admin/fleet/endpoint/", "/admin/fleet/endpoint/?o=1", "/admin/fleet/endpoint/?o=-7",
    "/admin/fleet/endpoint/?p=2", "/admin/fleet/endpoint/?kind__exact=serverless&team__exact=risk",
    "/admin/fleet/endpoint/?q=model-77",
)  # fmt: skip
TURNS, PAGES, PEER_PAGES = 3, 8, 3
"""Turns of the eight readers, and the pages each of them takes in one: ours, and the peer's."""
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


def test_pages_cost_as_much_at_any_size(table: Table) -> None:
    """B4, B5, B9: each page in one process, on every size of fleet."""
    times: dict[str, dict[int, list[float]]] = {}
    asked: dict[str, dict[int, int]] = {}
    for size in sizes(table):
        fleets.build(size)
        client = Client()
        fleets.session_cookie()
        client.force_login(User.objects.get(username="bench"))
        for url in (*OVERVIEW, *LIST, *COSTS, *OTHERS):
            times.setdefault(url, {})[size], asked.setdefault(url, {})[size] = measured(client, url, 12)
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


@pytest.fixture
def served(spawn: Callable[..., Part], tmp_path: Path) -> tuple[int, int, Part]:
    """Ports of the product and of the peer over the same database, each behind two workers of four threads."""
    env = {"BENCH_STATIC": str(tmp_path / "static"), "PYTHONPATH": str(ROOT)}
    ours = {**env, "DJANGO_SETTINGS_MODULE": "tests.bench.pages.served_settings"}
    theirs = {**env, "DJANGO_SETTINGS_MODULE": "tests.bench.pages.peer.settings"}
    python = sys.executable
    static = spawn("static", python, "manage.py", "collectstatic", "--noinput", "-v", "0", env=ours)
    assert wait_until(lambda: not static.is_running(), timeout_s=120), static.tail()
    ports = free_port(), free_port()
    parts = []
    for port, name, wsgi, settings in (
        (ports[0], "web", "config.wsgi", ours), (ports[1], "peer", "tests.bench.pages.peer.wsgi", theirs),
    ):  # fmt: skip
        options = ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        url = "/healthz" if name == "web" else "/admin/login/"
        parts.append(
            spawn(
                name, python, "-m", "gunicorn", *options, "--preload", wsgi, env=settings, timeout_s=60,
                ready=lambda port=port, url=url: answers(port, url),
            )
        )  # fmt: skip
    return *ports, parts[0]


def answers(port: int, url: str) -> bool:
    try:
        return load.get(port, url, {})[1].status < 500
    except OSError:
        return False


def test_eight_readers_at_once_beside_djangos_admin(table: Table, served: tuple[int, int, Part]) -> None:
    """B4, B5, B10: the readers' own milliseconds, the two servers in turn."""
    ours, theirs, web = served
    size = sizes(table)[-1]
    fleets.build(size)
    headers = {"Cookie": fleets.session_cookie(), "Accept-Encoding": "gzip"}
    rounds: dict[str, list[float]] = {"overview": [], "list": [], "part": [], "admin": []}
    load.readers(ours, (*OVERVIEW, *LIST), headers, 2)
    load.readers(theirs, PEER, headers, 1)
    turns: tuple[tuple[str, int, Sequence[str], dict[str, str]], ...] = (
        ("overview", ours, OVERVIEW, {}), ("admin", theirs, PEER, {}),
        ("list", ours, LIST, {}), ("part", ours, LIST, PART),
    )  # fmt: skip
    # Django adds the costs up for every page: at 10,000 endpoints one takes it seconds, and eight share two cores.
    for _ in range(TURNS):
        for name, port, urls, more in turns:
            each = PEER_PAGES if name == "admin" else PAGES
            rounds[name].append(percentile(load.readers(port, urls, {**headers, **more}, each), 0.95))
    about = f"p95 of 8 readers, {size:,} endpoints"
    for bench, name, bar, at_least in (
        ("B4", "overview", 100, 3.0), ("B5", "list", 200, 2.0), ("B5", "part", 200, 2.0),
    ):  # fmt: skip
        table.add(
            bench=bench, case=f"{name}, {about}", unit="ms", ours=rounds[name], peer_name="Django admin",
            peer=rounds["admin"], at_least=at_least, gates=size >= 10_000,
        )  # fmt: skip
        table.bar(bench=bench, case=f"{name}, {about}, bar", value=rounds[name], unit="ms", at_most=bar)
    table.bar(
        bench="B10",
        case=f"web process after it, {size:,} endpoints",
        value=memory_mb(web),
        unit="MB",
        at_most=200,
    )


def memory_mb(web: Part) -> float:
    """Resident memory of the largest of the server's processes, MB."""
    assert web.process is not None
    parents = {web.process.pid}
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if int(fields["PPid"]) in parents or int(status.parent.name) in parents:
            found.append(int(fields.get("VmRSS", "0 kB").split()[0]) / 1000)
    return max(found)


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


@pytest.fixture(autouse=True)
def _leave_nothing(transactional_db: None) -> Iterator[None]:
    yield
    fleets.clear()
