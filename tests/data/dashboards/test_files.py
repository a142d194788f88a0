"""The files behind the pages' buttons: the API's records, the page's filter, the same columns everywhere."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from fleet.models import Incident
from fleet.queries.export import csv_lines
from fleet.queries.resources import RESOURCES
from tests.data.api import fleet
from tests.data.dashboards import rows
from tests.data.dashboards.rows import read

pytestmark = pytest.mark.django_db
PAGES = {
    "endpoints": ("/endpoints/", "/endpoints/endpoints.csv"),
    "cold-starts": ("/cold-starts/", "/cold-starts/cold-starts.csv"),
    "cache": ("/cache/", "/cache/cache.csv"),
    "advice": ("/advisor/", "/advisor/advice.csv"),
    "operations": ("/operations/", "/operations/operations.csv"),
    "incidents": ("/alerts/", "/alerts/incidents.csv"),
    "sync": ("/sync/", "/sync/sync.csv"),
    "quotas": ("/quotas/", "/quotas/quotas.csv"),
    "batch": ("/batch/", "/batch/jobs.csv"),
    "orphans": ("/orphans/", "/orphans/orphans.csv"),
}


@pytest.fixture
def viewer(client: Client) -> Client:
    fleet.build()
    client.force_login(rows.user(password=None))
    return client


def exported(what: str, form: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("export", what, format=form, stdout=out, hours=24 * 7, **options)
    return out.getvalue()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_resource_has_its_button() -> None:
    assert set(PAGES) == set(RESOURCES)


@pytest.mark.parametrize("what", list(PAGES))
def test_page_and_command_write_the_same_records(what: str, viewer: Client) -> None:
    _address, file = PAGES[what]
    text = read(viewer, f"{file}?range=7d")
    assert text.splitlines()[0].split(",") == list(RESOURCES[what].columns)
    found = table(text)
    assert found
    moving = {"window_start", "window_end", "billed_s", "cost_usd"}
    listed = [{k: v for k, v in row.items() if k not in moving} for row in table(exported(what, "csv"))]
    for row in found:
        assert {k: v for k, v in row.items() if k not in moving} in listed
    assert [list(each) for each in json.loads(exported(what, "json"))] == [list(found[0])] * len(listed)


@pytest.mark.parametrize("what", list(PAGES))
def test_a_file_keeps_the_filter_of_its_page(what: str, viewer: Client) -> None:
    address, file = PAGES[what]
    page = viewer.get(f"{address}?account=111122223333&page=1").content.decode()
    assert f'href="{file}?account=111122223333" data-download' in page
    elsewhere = table(read(viewer, f"{file}?region=ap-south-1"))
    # What is about no endpoint (a budget, the mail) shows under every scope.
    assert [row for row in elsewhere if row.get("endpoint_id") != ""] == []


def test_what_would_be_a_formula_is_text_in_every_file(viewer: Client) -> None:
    for name in ("=1+1", "@SUM(A1)", "+1", "-1", "\t=1", "\r=1"):
        line = "".join(csv_lines(("a", "b"), [{"a": name, "b": -1.5}])).split("\r\n", 1)[1]
        assert next(csv.reader(io.StringIO(line))) == [f"'{name}", "-1.5"]


def test_incidents_over_for_longer_than_the_page_shows_are_left_out(viewer: Client) -> None:
    Incident.objects.update(resolved_at=rows.now() - timedelta(days=31))
    assert table(read(viewer, "/alerts/incidents.csv")) == []
    assert len(table(exported("incidents", "csv"))) == Incident.objects.count() > 0


def test_an_empty_file_has_its_head_and_empty_json_is_a_list(client: Client) -> None:
    client.force_login(rows.user(password=None))
    assert read(client, "/operations/operations.csv").strip().split(",") == list(
        RESOURCES["operations"].columns
    )
    assert json.loads(exported("operations", "json")) == []


def test_more_rows_than_are_held_at_once_all_come_once(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = rows.shard(region="eu-west-2")
    for n in range(5):
        rows.serverless(where, f"s{n}")
    monkeypatch.setattr("fleet.queries.resources.SLICE", 2)
    names = [row["name"] for row in table(read(viewer, "/cold-starts/cold-starts.csv?region=eu-west-2"))]
    assert names == ["s0", "s1", "s2", "s3", "s4"]


@pytest.mark.parametrize("file", [file for _, file in PAGES.values()])
def test_files_are_for_people_who_signed_in(file: str, client: Client) -> None:
    response = client.get(file)
    assert (response.status_code, response["Location"].partition("?")[0]) == (302, "/sign-in/")
