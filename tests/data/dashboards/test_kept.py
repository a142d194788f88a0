"""What the list and the overview keep for some seconds: never another's, never older than what somebody has done."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fleet.access import audit, ownership
from fleet.models import DailyCost, Endpoint, Operation, Shard, User
from tests.data.dashboards import rows
from tests.factories import (
    AccountFactory,
    AlertRuleFactory,
    ChangeEventFactory,
    DailyCostFactory,
    EndpointFactory,
    IncidentFactory,
    OperationFactory,
    ShardFactory,
    UserFactory,
    now,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept_long(settings: Any) -> None:
    """Kept for an hour; an entry in the audit log lets go of what other tests left."""
    settings.KEPT_S = 3600
    audit.record(actor=None, action="test.begun", target=UserFactory())


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(UserFactory(username="alice"))
    return client


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def count(html: str, facet: str, value: str) -> int:
    found = re.search(rf'name="{facet}" value="{value}".*?<span class="count">(\d+)</span>', html)
    return int(found[1]) if found else 0


def asked(client: Client, address: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        page(client, address)
    return [query["sql"] for query in queries]


def test_a_second_look_asks_for_its_rows_and_its_reader_alone(kept_long: None, viewer: Client) -> None:
    EndpointFactory.create_batch(3)
    # Session, person, what he sees of the audit log; rows of the list, whose figures no rollup has added up here.
    for address, first, again in (("/endpoints/", 12, 8), ("/", 12, 3)):
        assert len(asked(viewer, address)) >= first
        assert len(asked(viewer, address)) <= again
    assert len(asked(viewer, "/endpoints/?kind=serverless&q=e&page=2")) <= 8, (
        "another filter is counted in memory"
    )


def test_the_counts_are_kept_but_a_row_tells_what_is_stored_now(kept_long: None, viewer: Client) -> None:
    endpoint = EndpointFactory(name="e0")
    assert count(page(viewer, "/endpoints/"), "state", "in-service") == 1
    Endpoint.objects.filter(pk=endpoint.pk).update(status="Updating")
    html = page(viewer, "/endpoints/")
    assert count(html, "state", "in-service") == 1
    assert ">Updating<" in html.split("<tbody>")[1]


def test_nothing_is_kept_longer_than_the_setting_says(kept_long: None, viewer: Client, settings: Any) -> None:
    page(viewer, "/endpoints/")
    EndpointFactory(name="new")
    assert 'data-announce="0 endpoints"' in page(viewer, "/endpoints/")
    settings.KEPT_S = 0
    assert 'data-announce="1 endpoint"' in page(viewer, "/endpoints/")


def test_what_a_person_does_is_seen_by_everybody_at_once(kept_long: None, viewer: Client) -> None:
    endpoint = EndpointFactory(name="e0", owner="ana")
    incident = IncidentFactory(endpoint=endpoint)
    operator = Client()
    operator.force_login(UserFactory(role=User.Role.OPERATOR))
    for reader in (viewer, operator):
        assert count(page(reader, "/endpoints/"), "owner", "ana") == 1
        assert "acknowledged" not in page(reader, "/")
    answer = operator.post(
        f"/endpoints/{endpoint.pk}/ownership/",
        {"owner": "ben", "reason": "moved", "seen": ownership.stamp(endpoint)},
    )
    assert answer.status_code in {302, 303}, answer.content.decode()
    operator.post(f"/alerts/{incident.pk}/acknowledge/", {"note": "on it"})
    for reader in (operator, viewer):
        html = page(reader, "/endpoints/")
        assert (count(html, "owner", "ana"), count(html, "owner", "ben")) == (0, 1)
        assert "acknowledged" in page(reader, "/")


def test_the_end_of_an_operation_is_seen_at_once(kept_long: None, viewer: Client) -> None:
    endpoint = EndpointFactory(name="e0", status="Updating")
    operation = OperationFactory(endpoint=endpoint, state=Operation.State.RUNNING)
    for address in ("/endpoints/", "/"):
        assert '1<span class="sr-only"> running' in page(viewer, address)
    assert count(page(viewer, "/endpoints/"), "state", "changing") == 1
    Endpoint.objects.filter(pk=endpoint.pk).update(status="InService")
    Operation.objects.filter(pk=operation.pk).update(state=Operation.State.SUCCEEDED)
    audit.record(actor=None, action="operation.ended", target=operation)
    html = page(viewer, "/endpoints/")
    assert (count(html, "state", "changing"), count(html, "state", "in-service")) == (0, 1)
    assert "> running<" not in html
    assert "> running<" not in page(viewer, "/")


def test_scopes_windows_roles_and_visits_are_kept_apart(kept_long: None, viewer: Client) -> None:
    lab = ShardFactory(account=AccountFactory(account_id="444455556666", alias="lab"), region="us-east-1")
    here, there = EndpointFactory(name="here"), EndpointFactory(name="there", shard=lab)
    IncidentFactory(endpoint=here)
    IncidentFactory(endpoint=there, subject="other")
    told = {
        query: set(re.findall(r'title="(here|there)"', page(viewer, f"/{query}")))
        for query in (
            "",
            "?account=444455556666",
            "?region=eu-west-1",
            "?account=444455556666&region=eu-west-1",
        )
    }
    assert told == {
        "": {"here", "there"},
        "?account=444455556666": {"there"},
        "?region=eu-west-1": {"here"},
        "?account=444455556666&region=eu-west-1": set(),
    }
    assert "1 or 5 minutes" in page(viewer, "/?range=24h")
    assert "1 or 5 minutes" not in page(viewer, "/?range=7d")


def test_what_only_an_operator_may_do_is_not_kept_for_a_viewer(kept_long: None, viewer: Client) -> None:
    IncidentFactory(rule=AlertRuleFactory(key="serverless-full"), endpoint__name="busy")
    operator = Client()
    operator.force_login(UserFactory(role=User.Role.OPERATOR))
    for reader, is_offered in ((operator, True), (viewer, False), (operator, True)):
        assert ("Raise max" in page(reader, "/")) is is_offered


def test_what_is_new_is_told_to_each_from_the_own_last_look(kept_long: None, viewer: Client) -> None:
    ChangeEventFactory(at=now() - timedelta(hours=2), summary="Max 10 → 20")
    old_hand = Client()
    old_hand.force_login(UserFactory(overview_seen_at=now() - timedelta(hours=1)))
    for reader, is_new in ((viewer, True), (old_hand, False), (viewer, True)):
        assert ("Max 10 → 20" in page(reader, "/")) is is_new


INSIGHT = ("/cold-starts/", "/cache/", "/scaling/", "/sync/")


def test_pages_of_figures_keep_what_grows_with_the_fleet(kept_long: None, viewer: Client) -> None:
    ShardFactory()
    for address in INSIGHT:
        first, again = (len(asked(viewer, address)) for _ in range(2))
        assert again <= first - 3, address


def test_figures_of_a_scope_and_an_order_are_kept_apart(kept_long: None, viewer: Client) -> None:
    lab = ShardFactory(account=AccountFactory(account_id="444455556666", alias="lab"), region="us-east-1")
    for name, shard in (("alpha", ShardFactory()), ("omega", lab)):
        rows.serverless(shard, name)
    for query, shown in {
        "": ["alpha", "omega"],
        "?account=444455556666": ["omega"],
        "?region=eu-west-1": ["alpha"],
        "?sort=-name": ["omega", "alpha"],
        "?sort=name": ["alpha", "omega"],
    }.items():
        for _ in range(2):
            table = page(viewer, f"/cold-starts/{query}").split("<tbody>")[-1]
            assert re.findall(r'class="row-link"[^>]*><span[^>]*title="(\w+)"', table) == shown, query


def test_an_acknowledged_incident_and_a_sync_asked_for_are_seen_at_once(
    kept_long: None, viewer: Client
) -> None:
    shard, incident = ShardFactory(inventory_ok_at=now()), IncidentFactory()
    operator = Client()
    operator.force_login(UserFactory(username="olga", role=User.Role.OPERATOR))
    for reader in (viewer, operator):
        assert "no one yet" in page(reader, "/alerts/")
        page(reader, "/sync/")
    operator.post(f"/alerts/{incident.pk}/acknowledge/", {"note": "on it"})
    assert "olga has" in page(viewer, "/alerts/")
    asked_for = operator.post(f"/sync/{shard.pk}/now/")["Location"]
    assert 'hx-trigger="every' in page(operator, asked_for)
    Shard.objects.update(
        inventory_ok_at=now() + timedelta(minutes=1), metrics_ok_at=now() + timedelta(minutes=1)
    )
    assert 'hx-trigger="every' not in page(operator, asked_for), (
        "who waits for a sync is told its end at once"
    )


def test_the_menu_is_drawn_for_each_page_scope_and_count(viewer: Client) -> None:
    for _ in range(2):
        for address, entry in (("/endpoints/", "Endpoints"), ("/sync/", "Sync")):
            lit = re.findall(r'<a class="ni on" href="([^"]*)" title="(\w+)"', page(viewer, address))
            assert lit == [(address, entry)]
        assert 'href="/costs/?region=eu-west-1"' in page(viewer, "/endpoints/?region=eu-west-1")
        assert 'href="/costs/"' in page(viewer, "/endpoints/")
    IncidentFactory()
    assert '1<span class="sr-only"> open incidents' in page(viewer, "/sync/")


def test_costs_are_kept_for_everybody_but_not_past_what_somebody_does(
    kept_long: None, viewer: Client
) -> None:
    endpoint = EndpointFactory(name="e0", team="risk")
    line = DailyCostFactory(endpoint=endpoint, day=now().date(), amount=Decimal("12.34"))
    admin = Client()
    admin.force_login(UserFactory(role=User.Role.ADMIN))
    assert len(asked(viewer, "/costs/")) >= 8
    assert len(asked(viewer, "/costs/")) <= 4
    DailyCost.objects.filter(pk=line.pk).update(amount=Decimal("56.78"))
    for reader, may_set in ((admin, True), (viewer, False)):
        html = page(reader, "/costs/")
        assert 'id="cost-total" title="12.34' in html
        assert ("Set a budget" in html) is may_set
    for query in ("?group=team", "?range=7d", "?sort=cost", "?region=eu-west-1", "?team=risk"):
        assert 'title="56.78' in page(viewer, f"/costs/{query}"), query
    admin.post("/costs/budget/", {"monthly_usd": "30000"})
    html = page(viewer, "/costs/")
    assert "of a $30,000 budget" in re.sub("<[^>]*>", "", html)
    assert 'id="cost-total" title="56.78' in html


def test_the_table_of_costs_is_kept_apart_from_its_page(kept_long: None, viewer: Client) -> None:
    DailyCostFactory(day=now().date())
    part = viewer.get("/costs/", headers={"HX-Request": "true", "HX-Target": "cost-table"})
    assert "What rose" not in part.content.decode()
    assert "What rose" in page(viewer, "/costs/")
