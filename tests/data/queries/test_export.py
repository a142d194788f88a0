"""The export says what the pages say: the same figures, the same unknowns."""

import csv
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from fleet.models import DailyCost, Endpoint, Shard, User
from fleet.queries.resources import RESOURCES, Asked
from fleet.queries.scope import ScopeFilter, TimeRange
from tests.data.dashboards import rows
from tests.data.dashboards.rows import read

pytestmark = pytest.mark.django_db


def asked(with_closed: bool = False) -> Asked:
    """Everything, over the last day."""
    window = TimeRange("export", "last 24 hours", rows.now() - timedelta(hours=24), rows.now())
    return Asked(ScopeFilter(), window, rows.now(), timedelta(minutes=15), with_closed)


def record(name: str) -> dict[str, Any]:
    return next(dict(each) for each in RESOURCES["endpoints"].every(asked()) if each["name"] == name)


def cost(of: Endpoint, item: str, amount: str | None, confidence: str) -> None:
    DailyCost.objects.create(
        endpoint=of,
        variant=rows.variant(of),
        day=rows.now().date(),
        component="execution-on-demand",
        item=item,
        quantity=Decimal(5),
        unit="second",
        amount=None if amount is None else Decimal(amount),
        confidence=confidence,
        computed_at=rows.now(),
        data_until=rows.hour(),
    )


def test_a_month_with_hours_that_were_not_read_is_not_complete() -> None:
    whole, partly = (
        rows.serverless(rows.shard(), "whole"),
        rows.serverless(rows.shard(region="eu-west-3"), "partly"),
    )
    for each in (whole, partly):
        cost(each, "4096", "0.5", "estimated")
    cost(partly, "unread", None, "no-data")
    assert (record("whole")["cost_month_to_date_usd"], record("whole")["cost_is_complete"]) == (
        Decimal("0.5"),
        True,
    )
    assert (record("partly")["cost_month_to_date_usd"], record("partly")["cost_is_complete"]) == (
        Decimal("0.5"),
        False,
    )


def test_a_month_whose_history_is_still_fetched_is_not_complete() -> None:
    faq = rows.serverless(rows.shard(), "faq")
    cost(faq, "4096", "0.5", "estimated")
    Shard.objects.update(backfill_done_until=rows.hour() - timedelta(days=60))
    assert record("faq")["cost_is_complete"] is False
    Endpoint.objects.update(created_at=rows.now())
    assert record("faq")["cost_is_complete"] is True, "nothing of it is older than the regular readings"


def test_cold_starts_without_a_sample_are_what_the_list_and_the_page_say(client: Client) -> None:
    """Nought where the endpoint publishes samples at other times, unknown where it never did."""
    shard = rows.shard()
    quiet, mute = rows.serverless(shard, "quiet"), rows.serverless(shard, "mute")
    hour = rows.hour()
    for each in (quiet, mute):
        for n in range(1, 4):
            rows.hour_bucket(each, hour - timedelta(hours=n), invocations=40.0)
            rows.minute_bucket(each, hour - timedelta(hours=n), invocations=40.0)
    rows.hour_bucket(quiet, hour - timedelta(days=4), invocations=9.0, setup_count=2.0)
    client.force_login(User.objects.create_user("viewer", role="viewer"))
    listed = read(client, "/endpoints/endpoints.csv").splitlines()
    shares = {row["name"]: row["cold_start_share"] for row in csv.DictReader(listed)}
    found = client.get("/cold-starts/", {"range": "24h"}).context["found"]
    page = {row.name: row.cold for row in found.rows}
    exported = {name: record(name)["cold_starts"] for name in ("quiet", "mute")}
    assert shares == {"quiet": "0", "mute": ""}
    assert exported == page == {"quiet": 0.0, "mute": None}
