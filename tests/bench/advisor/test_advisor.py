"""The advisor over a whole fleet: one look from rows to rows, its queries, and the pages that read what it kept."""

import math
from collections.abc import Iterator
from statistics import median

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet.advice import runs
from fleet.models import Advice, Endpoint, User
from fleet.queries import advice_evidence
from tests.bench.garbage import as_in_a_worker
from tests.bench.pages import fleets
from tests.bench.report import Table, percentile, seconds

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

LISTS = (
    "/advisor/", "/advisor/?sort=endpoint", "/advisor/?page=40", "/advisor/?risk=0&kind=serverless",
    "/advisor/?team=risk&region=eu-west-1", "/advisor/?q=serverless-00", "/advisor/sharing/", "/advisor/ledger/",
    "/advisor/new-workload/?is_offline=no&latency=interactive",
)  # fmt: skip
ROUNDS = 12
LOOK_S, PAGE_MS, MOST_QUERIES = 60, 200, 15


def sizes(table: Table) -> tuple[int, ...]:
    return (1_000, 10_000) if table.is_full else (100, 1_000)


def test_a_look_at_the_fleet_and_the_pages_that_show_it(table: Table) -> None:
    """Growth is between the two sizes: a look is linear in endpoints, a page is not to grow."""
    looks: dict[int, float] = {}
    pages: dict[str, dict[int, list[float]]] = {}
    for size in sizes(table):
        fleets.build(size)
        looks[size] = look()
        case = f"first look, {size:,} endpoints"
        table.bar(bench="ADV", case=case, value=looks[size], unit="s", at_most=LOOK_S)
        case = f"second look, {size:,} endpoints"
        table.bar(bench="ADV", case=case, value=look(), unit="s", at_most=LOOK_S)
        assert runs.standing()[1] > 0
        queries(table, size)
        client = signed_in()
        for url in (*LISTS, *of_one()):
            pages.setdefault(shape(url), {})[size] = timed(table, client, url, size)
    small, large = sizes(table)
    per = (looks[large] / large) / (looks[small] / small)
    table.bar(bench="ADV", case="time of a look per endpoint, large ÷ small", value=per, unit="", at_most=1.5)
    for url, found in pages.items():
        slope = math.log(median(found[large]) / median(found[small])) / math.log(large / small)
        table.bar(bench="ADV", case=f"{url} growth", value=slope, unit="", at_most=0.5, gates=False)


def look() -> float:
    """Seconds of one look."""
    with as_in_a_worker():
        return seconds(lambda: runs.look(timezone.now))


def queries(table: Table, size: int) -> None:
    """Statements for the evidence of one chunk, whatever is in it."""
    now = timezone.now()
    ids = list(Endpoint.objects.order_by("pk").values_list("pk", flat=True)[: runs.CHUNK])
    about = advice_evidence.surroundings(now)
    with CaptureQueriesContext(connection) as asked:
        advice_evidence.of(ids, now, about)
    case = f"queries for a chunk, {size:,} endpoints"
    table.bar(bench="ADV", case=case, value=len(asked), unit="", at_most=30)


def of_one() -> tuple[str, ...]:
    """The pages of one advice and of its endpoint."""
    advice = Advice.objects.order_by("pk").first()
    assert advice is not None
    return f"/advisor/{advice.pk}/", f"/endpoints/{advice.endpoint_id}/tab/advice/"


def shape(url: str) -> str:
    """An address without the number of its row, so that two fleets can be compared."""
    return "/".join("n" if part.isdigit() else part for part in url.split("/"))


def timed(table: Table, client: Client, url: str, size: int) -> list[float]:
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    queries = len(asked)  # The next request forgets them.
    found = [seconds(lambda: client.get(url)) * 1000 for _ in range(ROUNDS)]
    case = f"{shape(url)} at {size:,}"
    table.bar(bench="ADV", case=f"{case} p95", value=percentile(found, 0.95), unit="ms", at_most=PAGE_MS)
    if "/tab/" not in url:
        table.bar(bench="ADV", case=f"{case} queries", value=queries, unit="", at_most=MOST_QUERIES)
    return found


def signed_in() -> Client:
    client = Client()
    fleets.session_cookie()
    client.force_login(User.objects.get(username="bench"))
    return client


@pytest.fixture(autouse=True)
def _leave_nothing(transactional_db: None) -> Iterator[None]:
    yield
    fleets.clear()
