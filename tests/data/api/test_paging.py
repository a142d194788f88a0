"""Lists by pages: every row once, and only cursors that were given out."""

from typing import Any

import pytest

from fleet.models import Endpoint
from tests.data.api import fleet
from tests.data.api.test_answers import Get, items, many
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


def everything(get: Get, path: str, **query: Any) -> list[dict[str, Any]]:
    """All pages, by their `next` links."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = get(path, **query, **cursor).json()
        found += answer["items"]
        if answer["next"] is None:
            return found
        cursor = {"cursor": answer["next"].rpartition("cursor=")[2].partition("&")[0]}


def test_pages_hold_every_row_once_while_rows_come_and_go(get: Get) -> None:
    where = rows.shard()
    many(7, where)
    first = get("endpoints", limit=3).json()
    assert [each["name"] for each in first["items"]] == ["e00000", "e00001", "e00002"]
    rows.serverless(where, "a-new-one")
    Endpoint.objects.filter(name="e00002").delete()
    second = get("endpoints", limit=3, cursor=first["next"].rpartition("cursor=")[2]).json()
    assert [each["name"] for each in second["items"]] == ["e00003", "e00004", "e00005"]
    assert len(everything(get, "endpoints", limit=3)) == 7


@pytest.mark.parametrize(
    "path",
    [
        "costs",
        "costs/lines",
        "cold-starts",
        "cache",
        "advice",
        "operations",
        "incidents",
        "sync",
        "quotas",
        "batch",
    ],
)
def test_every_list_pages_to_its_end(path: str, get: Get) -> None:
    fleet.build()
    fleet.build("444455556666", "dev")
    whole = items(get(path))
    assert len(whole) >= 2
    assert everything(get, path, limit=1) == whole


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "bnVsbA",
        "W10",
        "WyJlbmRwb2ludHMiLCJhIiwtMV0",
        "WyJlbmRwb2ludHMiLCJcdTAwMDAiLDFd",
        "WyJlbmRwb2ludHMiLCJcdWQ4MDAiLDFd",
        "é\0💥",
    ],
)
def test_a_cursor_that_was_never_given_out_is_refused(cursor: str, get: Get) -> None:
    assert get("endpoints", cursor=cursor).json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("label", ["Team\u00a0A", "a\u200bb", "\U0001f468\u200d\U0001f469", "\r\n"])
def test_a_cursor_continues_behind_any_text_that_is_stored(label: str, get: Get) -> None:
    names = [label, f"{label} next"]
    for n, name in enumerate(names):
        of = rows.serverless(rows.shard(f"eu-west-{n + 1}"), f"e{n}")
        Endpoint.objects.filter(pk=of.pk).update(team=name)
        fleet.cost(of, "1")
    assert len(everything(get, "costs", group="team", limit=1)) == 2


def test_a_cursor_of_another_list_is_refused(get: Get) -> None:
    fleet.build()
    cursor = get("endpoints", limit=1).json()["next"].rpartition("cursor=")[2]
    assert get("operations", cursor=cursor).status_code == 422
