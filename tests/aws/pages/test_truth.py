"""What the pages show about calls, cold starts and caches is what really happened, as the simulator knows it."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import Account, Endpoint, Shard, User
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    with SimulatorProcess("one_of_each") as process, pointed(process, monkeypatch):
        yield process


@pytest.fixture
def read_until(simulator: SimulatorProcess) -> datetime:
    """us-east-1 mirrored with its metrics and the whole back-fill; the instant it was read."""
    account = Account.objects.create(account_id="111122223333", alias="test")
    shard = Shard.objects.create(account=account, region="us-east-1")
    now = simulator.now()
    # Buckets of five minutes are stored when they are over: the truth is compared at the end of one.
    now -= timedelta(seconds=now.timestamp() % 300)
    assert run_inventory(shard.pk, now=now).errors == {}
    assert run_metrics(shard.pk, now=now).errors == {}
    while shard.backfill_done_until is None or shard.backfill_done_until != shard.backfill_until:
        assert run_backfill(shard.pk, now=now).errors == {}
        shard.refresh_from_db()
    return now


Look = Callable[[str], str]


@pytest.fixture
def look(client: Client) -> Look:
    """The HTML of a page as a viewer gets it."""
    client.force_login(User.objects.create_user("viewer", role="viewer"))

    def get(address: str) -> str:
        response = client.get(address)
        assert response.status_code == 200
        return response.content.decode()

    return get


@pytest.fixture
def seen(
    simulator: SimulatorProcess, read_until: datetime, look: Look
) -> Callable[[str], tuple[str, dict[str, Any]]]:
    """A page over seven days, and the truth by endpoint over just the hours that this page adds up."""

    def get(address: str) -> tuple[str, dict[str, Any]]:
        while True:
            start = datetime.now(UTC) - WEEK
            page = look(f"{address}{'&' if '?' in address else '?'}range=7d")
            hour = (start + HOUR).replace(minute=0, second=0, microsecond=0)
            if (datetime.now(UTC) - WEEK + HOUR).replace(minute=0, second=0, microsecond=0) == hour:
                break
        found = simulator.truth(hour, read_until)["variants"]
        return page, {row["endpoint"]: row for row in found if row["account"] == "111122223333"}

    return get


def row_of(page: str, name: str) -> str:
    """The table row of an endpoint."""
    return next(row for row in re.findall(r"<tr>.*?</tr>", page, re.DOTALL) if f'title="{name}"' in row)


def cell(row: str, label: str) -> float | None:
    """The exact figure behind a cell, from its title; None where the cell is a dash."""
    found = re.search(rf'data-label="{re.escape(label)}"><span class="(?:num|muted)" title="([^"]*)"', row)
    assert found, label
    figure = found[1].removesuffix(" %").replace(",", "")
    return float(figure) if re.fullmatch(r"-?[\d.e-]+", figure) else None


def tile(page: str, label: str) -> float:
    """The exact figure of a tile."""
    found = re.search(
        rf'tile-label">{re.escape(label)}.*?<div class="tile-number" title="([^"]*)"', page, re.DOTALL
    )
    assert found, label
    return float(found[1].replace(",", ""))


def test_cold_starts_and_calls_of_every_serverless_endpoint(
    seen: Callable[[str], tuple[str, dict[str, Any]]],
) -> None:
    page, truth = seen(reverse("cold_starts:page"))
    serverless = {name: row for name, row in truth.items() if row["kind"] == "serverless"}
    assert sum(1 for row in serverless.values() if row["cold_starts"]) >= 2
    for name, row in serverless.items():
        shown = row_of(page, name)
        assert (cell(shown, "Calls") or 0) == row["invocations"], name
        assert (cell(shown, "Cold starts") or 0) == row["cold_starts"], name
    counted = sum(row["cold_starts"] for row in serverless.values())
    assert sum(cell(row_of(page, name), "Cold starts") or 0 for name in serverless) == counted


def test_hit_ratio_of_every_multi_model_endpoint(seen: Callable[[str], tuple[str, dict[str, Any]]]) -> None:
    page, truth = seen(reverse("cache:page"))
    cached = {name: row for name, row in truth.items() if row["cache_requests"]}
    assert cached
    for name, row in cached.items():
        shown = row_of(page, name)
        assert cell(shown, "Look-ups") == row["cache_requests"]
        assert cell(shown, "Hit ratio") == pytest.approx(row["hit_ratio"], rel=1e-12)


def test_the_endpoint_page_counts_the_calls_that_were_made(
    seen: Callable[[str], tuple[str, dict[str, Any]]], read_until: datetime
) -> None:
    for endpoint in Endpoint.objects.exclude(kind="inference-component"):
        page, truth = seen(f"{reverse('endpoints:detail', args=[endpoint.pk])}?tab=summary")
        row = truth[endpoint.name]
        if not row["invocations"]:
            assert "tile-number" in page
            continue
        label = "Processed" if endpoint.kind == "asynchronous" else "Calls"
        assert tile(page, label) == row["invocations"], endpoint.name


def test_the_cold_start_tab_agrees_with_the_fleet_page(
    seen: Callable[[str], tuple[str, dict[str, Any]]], read_until: datetime
) -> None:
    endpoint = Endpoint.objects.get(name="on-demand")
    page, truth = seen(f"{reverse('endpoints:detail', args=[endpoint.pk])}?tab=cold-starts")
    assert tile(page, "Cold starts") == truth["on-demand"]["cold_starts"] > 0
