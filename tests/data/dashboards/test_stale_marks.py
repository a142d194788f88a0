"""An old mirror is marked on every page that shows it, with its age and AWS's reason, and on no page of a fresh one."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fleet.models import Endpoint, Incident, Shard
from tests.data.dashboards import rows
from tests.factories import IncidentFactory

pytestmark = pytest.mark.django_db

PAGES = (
    "overview:page", "endpoints:page", "costs:page", "cold_starts:page", "cache:page", "scaling:page", "quotas:page",
    "batch:page", "orphans:page", "operations:page", "alerts:page", "endpoints:detail", "operations:change-concurrency",
    "operations:convert", "alerts:detail",
)  # fmt: skip
OF_ONE_PART = {
    "scaling:page": "scaling",
    "quotas:page": "quotas",
    "batch:page": "batch",
    "orphans:page": "configs",
}
UNMARKED = ("sync:page", "settings:page", "audit:page")
DENIED = {
    "kind": "AccessDenied",
    "code": "AccessDeniedException",
    "message": "no",
    "action": "sagemaker:ListEndpoints",
    "request_id": "",
    "since": "2026-11-21T00:00:00+00:00",
}


@pytest.fixture
def where() -> Shard:
    """A fresh account region with one endpoint and one incident of it."""
    shard = rows.shard("eu-west-1")
    endpoint = rows.serverless(shard, "fraud-score")
    IncidentFactory(endpoint=endpoint)
    return shard


@pytest.fixture
def visitor(client: Client) -> Client:
    """A signed-in administrator: the settings are theirs alone."""
    client.force_login(rows.user("admin"))
    return client


def seen(client: Client, name: str) -> str:
    args: list[Any] = []
    if name in {"endpoints:detail", "operations:change-concurrency", "operations:convert"}:
        args = [Endpoint.objects.get().pk]
    elif name == "alerts:detail":
        args = [Incident.objects.get().pk]
    answer = client.get(reverse(name, args=args))
    assert answer.status_code in {200, 409}, "a form that AWS's state forbids is a page all the same"
    return rows.words(answer.content.decode())


def make_old(shard: Shard, error: dict[str, str] | None = None) -> None:
    at = rows.now() - timedelta(minutes=40)
    part = {"ok_at": at.isoformat(), "tried_at": None, "duration_ms": 1, "error": error}
    Shard.objects.filter(pk=shard.pk).update(
        inventory_ok_at=at, metrics_ok_at=at, sections={"inventory": part}
    )


@pytest.mark.parametrize("name", PAGES)
def test_an_old_mirror_is_marked_with_its_age_and_awss_reason(
    visitor: Client, where: Shard, name: str
) -> None:
    assert "Old data." not in seen(visitor, name)
    make_old(where, DENIED)
    page = seen(visitor, name)
    assert "Old data. prod · eu-west-1: endpoints 40 min old, figures 40 min old" in page
    assert "endpoints and configs cannot be read (AccessDeniedException for sagemaker:ListEndpoints)" in page


@pytest.mark.parametrize("name", sorted(OF_ONE_PART))
def test_a_page_that_rests_on_one_part_is_marked_when_that_part_alone_fails(
    visitor: Client, where: Shard, name: str
) -> None:
    part = OF_ONE_PART[name]
    error = {**DENIED, "action": f"x:Of{part.title()}"}
    Shard.objects.update(sections={part: {"ok_at": None, "tried_at": None, "duration_ms": 1, "error": error}})
    assert f"cannot be read (AccessDeniedException for x:Of{part.title()})" in seen(visitor, name)
    assert "Old data." not in seen(visitor, "costs:page"), "which does not rest on it"


@pytest.mark.parametrize("name", UNMARKED)
def test_pages_without_a_mirror_carry_no_mark(visitor: Client, where: Shard, name: str) -> None:
    make_old(where)
    assert "Old data." not in seen(visitor, name)


def test_only_what_the_page_is_narrowed_to_counts(visitor: Client, where: Shard) -> None:
    make_old(rows.shard("us-east-1"))
    page = reverse("endpoints:page")
    assert "Old data. prod · us-east-1" in rows.words(visitor.get(page).content.decode())
    assert "Old data." not in rows.words(visitor.get(f"{page}?region=eu-west-1").content.decode())
    assert "Old data." not in seen(visitor, "endpoints:detail"), "the endpoint is elsewhere"


def test_many_old_regions_are_counted_and_the_oldest_named(visitor: Client) -> None:
    for number in range(30):
        make_old(rows.shard(f"eu-test-{number}"))
    assert "and 27 more account regions." in seen(visitor, "overview:page")


def test_a_region_that_was_never_read_says_so(visitor: Client, where: Shard) -> None:
    Shard.objects.update(inventory_ok_at=None, metrics_ok_at=None)
    assert "Old data. prod · eu-west-1: endpoints never read, figures never read." in seen(
        visitor, "costs:page"
    )
