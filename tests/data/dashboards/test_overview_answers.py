"""The overview's answers: what happened since the last look, the best actions, the button that helps."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from fleet.models import Advice, ChangeEvent, CostRise, RiseCheck, User
from fleet.queries import best_actions
from fleet.queries.scope import ScopeFilter
from tests.data.dashboards import rows
from tests.factories import (
    ChangeEventFactory,
    EndpointFactory,
    IncidentFactory,
    OperationFactory,
    UserFactory,
    now,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    user: User = UserFactory(username="alice", overview_seen_at=now() - timedelta(days=2))
    return user


@pytest.fixture
def viewer(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def page(client: Client) -> str:
    response = client.get("/")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_what_happened_is_told_by_part_and_who_did_it(viewer: Client, alice: User) -> None:
    operation = OperationFactory(
        requested_by__username="ana", plan={"summary": "max concurrency 20 → 40"}, state="succeeded",
        verdict="applied", finished_at=now() - timedelta(hours=1), endpoint__name="fraud-score",
    )  # fmt: skip
    ChangeEventFactory(endpoint=operation.endpoint, operation=operation, summary="told by its operation")
    ChangeEventFactory(summary="Copies 2 → 3")
    ChangeEventFactory(summary="Found in AWS", category="created", endpoint__name="brand-new")
    ChangeEventFactory(summary="Gone from AWS", category="closed", endpoint__closed_at=now())
    IncidentFactory(cause="backlog of 12 at 0 instances", resolved_at=now())
    risen = EndpointFactory(name="llm-ic")
    yesterday = now().date() - timedelta(days=1)
    CostRise.objects.create(
        endpoint=risen, day=yesterday, since=yesterday, actual=Decimal("40"), expected=Decimal("16.9"),
        high=Decimal("20"), cause="a third copy",
    )  # fmt: skip
    RiseCheck.objects.create(day=yesterday, checked_at=now())
    html = page(viewer)
    news = rows.words(html[html.index('id="overview-changes"') :])
    for expected in (
        "1 operation , 1 change, 2 new or deleted endpoints, 1 new incident , 1 cost rise .",
        "Operation fraud-score Serverless max concurrency 20 → 40 Applied ana",
        "Change endpoint-", "Copies 2 → 3 outside Flotilla", "New endpoint brand-new",
        "Deleted in AWS", "Incident", "Backlog of 12 at 0 instances Resolved",
        "Cost rise llm-ic Serverless +$23.10 a day: a third copy",
    ):  # fmt: skip
        assert expected in news
    assert "told by its operation" not in news


def test_a_flood_of_changes_hides_neither_the_rest_nor_costs_more(viewer: Client, alice: User) -> None:
    busy = EndpointFactory(name="flapping")
    OperationFactory(plan={"summary": "memory 2,048 → 3,072 MB"}, planned_at=now() - timedelta(days=1))
    ChangeEvent.objects.bulk_create(
        ChangeEvent(endpoint=busy, at=now(), category="capacity", summary=f"Instances {n}")
        for n in range(1100)
    )
    html = page(viewer)
    news = rows.words(html[html.index('id="overview-changes"') :])
    assert "1,000+ changes" in news
    assert "memory 2,048 → 3,072 MB" in news
    assert news.count("Instances") == 5


def test_the_three_best_actions_are_priced_and_lead_to_their_form(viewer: Client, alice: User) -> None:
    def advise(name: str, high: str | None, **fields: Any) -> Advice:
        of = fields.pop("endpoint", None) or EndpointFactory(name=name)
        usd = None if high is None else Decimal(high)
        values = {
            "rule": f"rule-{name}", "version": 1, "decision": "level", "severity": 2, "effort": 0, "risk": 0,
            "title": f"Do {name}", "why": f"Because of {name}", "saving_low": usd, "saving_high": usd,
            "first_seen_at": now(), "last_seen_at": now(), **fields,
        }  # fmt: skip
        return Advice.objects.create(endpoint=of, **values)

    best = advise(
        "ghost", "100.00", operation_kind="change-concurrency", operation_fields={"max_concurrency": "5"}
    )
    advise("second-of-ghost", "90.00", endpoint=best.endpoint)
    advise("video", "60.00", saving_low=Decimal("20"))
    advise("tiny", "5.00")
    advise("unpriced", None, severity=0)
    advise("dismissed", "900.00", state="dismissed")
    advise("gone", "800.00", gone_at=now())
    html = page(viewer)
    actions = rows.words(html[html.index('id="best-actions"') : html.index('id="overview-changes"')])
    assert "Three actions would save $125.00 – $165.00 a month" in rows.words(html)
    assert [name for name in ("Do ghost", "Do video", "Do tiny") if name in actions] == [
        "Do ghost", "Do video", "Do tiny",
    ]  # fmt: skip
    for absent in ("second-of-ghost", "unpriced", "dismissed", "Do gone"):
        assert absent not in actions
    assert "$20.00 – $60.00" in actions
    form = f"/endpoints/{best.endpoint.pk}/change-concurrency/?max_concurrency=5"
    assert form not in html, "a viewer plans nothing"
    alice.role = User.Role.OPERATOR
    alice.save()
    assert form in page(viewer)


def test_a_cheap_form_comes_before_a_week_s_work_and_costs_only_for_health(
    viewer: Client, alice: User
) -> None:
    def advise(name: str, low: str | None, high: str | None, **fields: Any) -> None:
        ends = {end: None if usd is None else Decimal(usd) for end, usd in (("low", low), ("high", high))}
        Advice.objects.create(
            endpoint=EndpointFactory(name=name), rule=fields.pop("rule", f"rule-{name}"), version=1, title=f"Do {name}",
            why="why", saving_low=ends["low"], saving_high=ends["high"], first_seen_at=now(), last_seen_at=now(),
            **{"decision": "size", "severity": 2, "effort": 0, "risk": 0, **fields},
        )  # fmt: skip

    advise("move", "100", "100", effort=2, risk=1)
    advise("form", "40", "40")
    advise("comfort", "-3", "-3")
    advise("warm", "-81.91", "-81.91", severity=1)
    html = page(viewer)
    actions = html[html.index('id="best-actions"') : html.index('id="overview-changes"')]
    assert re.findall(r">Do ([\w-]+)<", actions) == ["form", "move", "warm"]
    assert "Two actions would save $140.00 a month" in rows.words(html)
    assert "costs $81.91 more" in rows.words(actions)
    # Members of one set tell one change.
    for name in ("a", "b", "c"):
        advise(name, "500", "500", rule="share-multi-model", decision="sharing", effort=2, risk=1)
    first, *others = (each.title for each in best_actions.best(ScopeFilter()).actions)
    assert first in {"Do a", "Do b", "Do c"}
    assert others == ["Do form", "Do move"]


def test_a_row_of_trouble_ends_in_the_button_that_helps(viewer: Client, alice: User) -> None:
    full = IncidentFactory(rule__key="serverless-full", cause="concurrency 100 % of Max 20")
    trap = IncidentFactory(rule__key="async-zero-trap")
    undone = IncidentFactory(operation=OperationFactory())
    html = page(viewer)
    assert f'href="/endpoints/{trap.endpoint.pk}/tab/scaling/"' in html
    assert f'href="/operations/{undone.operation.code}/"' in html
    assert "Raise max" not in html, "a viewer plans nothing"
    alice.role = User.Role.OPERATOR
    alice.save()
    assert f'href="/endpoints/{full.endpoint.pk}/change-concurrency/">Raise max' in page(viewer)
