"""The read API at page size 100: time and queries of every list, and of one endpoint, at any size of fleet."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from fleet.access import tokens
from fleet.models import Endpoint, User
from tests.bench.pages import fleets
from tests.bench.pages.test_pages import measured, sizes
from tests.bench.report import Table, percentile

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]

LISTS = (
    "endpoints", "endpoints?range=30d", "endpoints?kind=serverless&team=risk&q=model-77", "costs?group=account",
    "costs?group=endpoint&range=30d", "costs/lines", "cold-starts", "cold-starts?range=30d", "cache",
    "cache?range=30d", "quotas", "operations", "incidents?state=all", "batch", "sync", "metrics",
)  # fmt: skip
OF_ONE = ("endpoints/{}", "endpoints/{}/metrics?metric=Invocations&statistic=Sum")


def test_the_api_costs_as_much_at_any_size(table: Table, settings: Any) -> None:
    """B5: 100 rows of each list; as many queries at 10,000 endpoints as at 100."""
    settings.API_REQUESTS_PER_MINUTE = 10**6
    times: dict[str, list[float]] = {}
    asked: dict[str, list[int]] = {}
    for size in (sizes(table)[0], sizes(table)[-1]):
        fleets.build(size)
        fleets.session_cookie()
        owner = User.objects.get(username="bench")
        made = tokens.make(owner, name=f"bench {size}", days=7, now=timezone.now())
        client = Client(headers={"Authorization": f"Bearer {made.secret}"})
        one = Endpoint.objects.values_list("pk", flat=True)[size // 2]
        for path in (*LISTS, *OF_ONE):
            times[path], queries = measured(client, f"/api/v1/{path.format(one)}", 12)
            asked.setdefault(path, []).append(queries)
    for path, found in times.items():
        case = f"/api/v1/{path.format('{id}')}"
        table.bar(
            bench="B5", case=f"{case} p95 at {size:,}", value=percentile(found, 0.95), unit="ms", at_most=200
        )
        table.bar(
            bench="B5",
            case=f"{case} queries more at {size:,}",
            value=asked[path][1] - asked[path][0],
            unit="",
            at_most=0,
        )
        table.bar(bench="B5", case=f"{case} queries at {size:,}", value=asked[path][1], unit="", at_most=15)
