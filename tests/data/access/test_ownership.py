"""Owner, team, application and expiry date: from tags under configured names, or set by hand and audited."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from fleet.access import ownership
from fleet.access.ownership import Labels, from_tags
from fleet.errors import Refused
from fleet.models import AuditEntry, Endpoint
from tests.data.dashboards.rows import endpoint, now, shard, user, words
from tests.data.operations import cast

pytestmark = pytest.mark.django_db
LATER = now().date() + timedelta(days=40)


def test_tags_are_read_under_the_configured_names(settings: Any) -> None:
    tags = {
        "owner": "ana",
        "Team": "search",
        "app-id": "checkout",
        "until": "2027-01-31",
        "Application": "no",
    }
    settings.APPLICATION_TAGS, settings.EXPIRY_TAGS = ["app-id"], ["until"]
    assert from_tags(tags) == Labels("ana", "search", "checkout", date(2027, 1, 31))
    assert from_tags({"until": "next year"}).expires_on is None


def test_what_is_set_by_hand_stands_over_tags_and_is_audited() -> None:
    actor, found = user("operator"), endpoint(shard(), "scorer", tags={"owner": "ana", "team": "search"})
    ownership.set_by_hand(
        found, Labels(owner="ben", expires_on=LATER), actor=actor, reason="moved", now=now()
    )
    found.refresh_from_db()
    assert (found.owner, found.team, found.expires_on) == ("ben", "search", LATER)
    entry = AuditEntry.objects.get(action="endpoint.ownership")
    assert (entry.actor, entry.reason, entry.before["owner"], entry.after["owner"]) == (
        actor,
        "moved",
        "",
        "ben",
    )
    ownership.set_by_hand(found, Labels(), actor=actor, reason="", now=now())
    found.refresh_from_db()
    assert (found.owner, found.expires_on) == ("ana", None)


def test_a_sync_does_not_undo_what_was_set_by_hand() -> None:
    found = endpoint(shard(), "scorer", tags={"owner": "ana"})
    ownership.set_by_hand(found, Labels(owner="ben"), actor=user("operator"), reason="", now=now())
    Endpoint.objects.update(owner="ana", tags={"owner": "ana", "team": "risk"})  # what reading tags writes
    ownership.reapply([found.pk])
    found.refresh_from_db()
    assert (found.owner, found.team) == ("ben", "risk")


def test_a_date_in_the_past_and_a_viewer_are_refused() -> None:
    found = endpoint(shard(), "scorer")
    actor, viewer = user("operator"), user("viewer")
    past = Labels(expires_on=now().date())
    with pytest.raises(Refused, match="after today"):
        ownership.set_by_hand(found, past, actor=actor, reason="", now=now())
    with pytest.raises(Refused, match="operator"):
        ownership.set_by_hand(found, Labels(owner="x"), actor=viewer, reason="", now=now())
    assert not AuditEntry.objects.exists()


def test_the_tab_sets_it_shows_when_mails_go_out_and_who_shares_the_application(client: Client) -> None:
    where = shard()
    found = endpoint(where, "scorer")
    endpoint(where, "ranker", application="checkout")
    client.force_login(user("operator"))
    url = f"/endpoints/{found.pk}/ownership/"
    answer = client.post(
        url,
        {
            "owner": "ana",
            "team": "",
            "application": "checkout",
            "expires_on": LATER.isoformat(),
            "reason": "r",
        },
    )
    assert answer.status_code == 303
    page = words(client.get(f"/endpoints/{found.pk}/tab/ownership/").content.decode())
    assert "checkout: 2 endpoints" in page
    assert "ranker" in page
    assert f"{LATER - timedelta(days=7):%-d %b %Y}" in page
    refused = client.post(url, {"expires_on": "2020-01-01"})
    assert refused.status_code == 422
    assert "Give a date after today." in words(refused.content.decode())


def test_of_two_operators_the_second_is_told_what_the_first_set_before_it_is_replaced(
    client: Client,
) -> None:
    found = endpoint(shard(), "scorer")
    url = f"/endpoints/{found.pk}/ownership/"
    client.force_login(user("operator"))
    seen = client.get(url).context["form"].initial["seen"]
    ana = user("admin")
    ownership.set_by_hand(found, Labels(team="risk"), actor=ana, reason="", now=now())
    refused = client.post(url, {"owner": "ben", "seen": seen})
    assert refused.status_code == 422
    assert f"{ana.username} changed this while your form was open; now it is: team risk." in words(
        refused.content.decode()
    )
    assert ownership.by_hand(found) == Labels(team="risk")
    again = {"owner": "ben", "seen": refused.context["form"]["seen"].value()}
    assert client.post(url, again).status_code == 303
    assert ownership.by_hand(found) == Labels(owner="ben")


def test_viewers_may_look_but_not_set(client: Client) -> None:
    found = endpoint(shard(), "scorer")
    client.force_login(user("viewer"))
    assert client.get(f"/endpoints/{found.pk}/tab/ownership/").status_code == 200
    assert client.post(f"/endpoints/{found.pk}/ownership/", {"owner": "x"}).status_code == 403
    found.refresh_from_db()
    assert found.owner == ""


def test_an_operation_s_preview_says_what_else_belongs_to_the_application(client: Client) -> None:
    actor = user("operator")
    found = cast.endpoint(application="checkout")
    endpoint(found.shard, "ranker", application="checkout")
    client.force_login(actor)
    page = words(client.get(f"/operations/{cast.planned(found, actor).code}/").content.decode())
    assert "checkout: 2 endpoints" in page
    assert "1 other endpoint" in page
