"""Rises of an account's and of the whole fleet's cost: told where no endpoint's own rise tells it already."""

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from fleet.alerts.evaluate import evaluate
from fleet.cost_rises import judged_day
from fleet.models import Incident, Notification, PlaceRise, Shard, StaleDay, VariantStatus
from fleet.rollups.places import update_places
from fleet.types import Kind
from tests.data.alerts.fleet import NOON, make_endpoint, make_shard, ongoing, person
from tests.data.alerts.spending import DAY, RULE, YESTERDAY, change, cost, operation, settled

pytestmark = pytest.mark.django_db


def added_up(until: datetime = NOON) -> None:
    """The days of every place, from what the endpoints cost."""
    for shard in Shard.objects.all():
        StaleDay.objects.bulk_create([StaleDay(shard=shard, day=(until - n * DAY).date()) for n in range(55)])
    update_places()


def many(number: int, usd: float) -> list[VariantStatus]:
    """Endpoints of one account that have each cost the same for seven weeks."""
    return [settled(f"small-{n:02}", usd=usd, days=48) for n in range(number)]


def test_an_account_rises_where_no_endpoint_does_and_says_what_it_is_made_of() -> None:
    person("ana")
    small = many(12, 4.0)
    for n, variant in enumerate(small):
        cost(variant, 7.0 if n else 7.5, YESTERDAY)
    done = operation(small[0])
    change(small[0], "AllTraffic: Max concurrency 20 → 40", YESTERDAY - timedelta(hours=6), operation=done)
    added_up()
    evaluate(now=NOON)
    (incident,) = ongoing(RULE)
    assert incident.subject == "account:100000000000"
    assert incident.title == "prod costs $36.50 more than expected"
    assert (
        "cost $84.50 instead of $48.00 on Thu 19 Nov: 12 endpoints cost $36.50 more, most of all small-00, $3.50"
        in (incident.cause)
    )
    facts = dict(incident.facts)
    assert facts["Endpoints"].startswith(
        "small-00 +$3.50: AllTraffic: Max concurrency 20 → 40 on Thu 19 Nov, 06:00 UTC, operation a1b2c3d4; "
    )
    assert facts["Endpoints"].endswith("7 more with $21.00")
    assert facts["Components"] == "instance time +$36.50"
    assert Notification.objects.get().subject.startswith("[warning]")
    assert PlaceRise.objects.get().place == "100000000000"


def test_what_rose_shows_an_account_with_its_parts_unless_the_filter_takes_a_part_of_it(
    client: Client,
) -> None:
    client.force_login(person("ana"))
    PlaceRise.objects.create(
        place=make_shard().account.account_id, day=judged_day(timezone.now()), since=judged_day(timezone.now()),
        actual=84, expected=48, high=60, cause="12 endpoints cost more",
        parts={
            "endpoints": [{"endpoint": 7, "name": "small-00", "usd": "3.5", "text": "Max 20 → 40", "operation": "a1"}],
            "more": [11, "32.5"],
            "components": [["instance-time", "36"]],
        },
    )  # fmt: skip
    for query, is_there in (("", True), ("?account=100000000000", True), ("?region=eu-west-1", False)):
        page = client.get(f"/costs/{query}").content.decode()
        rose = page[page.index('id="cost-rose"') :].split("</section>")[0]
        words = " ".join(strip_tags(rose).split())
        assert ("Account prod 84.00 48.00 36.00" in words) is is_there, words
        assert (
            "small-00 +3.50: Max 20 → 40 11 more endpoints, +32.50 Instance time +36.00" in words
        ) is is_there
        assert ('href="/operations/a1/"' in rose) is is_there


def test_an_account_whose_one_endpoint_told_already_is_not_told_again() -> None:
    person("ana")
    small = many(3, 4.0)
    for n, variant in enumerate(small):
        cost(variant, 4.0 if n else 44.0, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    assert [incident.subject for incident in ongoing(RULE)] == [f"endpoint:{small[0].endpoint_id}"]
    assert Notification.objects.count() == 1
    seen = PlaceRise.objects.get()
    assert seen.is_told
    assert seen.cause.startswith("small-00 costs $40.00 more")


def test_what_rose_beside_the_endpoint_that_told_is_told_of_the_account() -> None:
    small = many(12, 4.0)
    for n, variant in enumerate(small):
        cost(variant, 7.0 if n else 44.0, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    assert {incident.subject for incident in ongoing(RULE)} == {
        f"endpoint:{small[0].endpoint_id}",
        "account:100000000000",
    }


def test_the_fleet_rises_where_no_account_does() -> None:
    shards = [make_shard(alias) for alias in ("prod", "lab", "risk")]
    for shard in shards:
        variant = make_endpoint(
            shard, f"in-{shard.account.alias}", Kind.REAL_TIME, created_at=NOON - 300 * DAY
        )
        for n in range(2, 50):
            cost(variant, 14.0, NOON - n * DAY)
        cost(variant, 18.5, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    (incident,) = ongoing(RULE)
    assert (incident.subject, incident.title) == ("fleet", "The fleet costs $13.50 more than expected")


def test_a_place_ends_when_its_day_is_usual_again_and_stays_while_the_day_is_not_known() -> None:
    small = many(12, 4.0)
    for variant in small:
        cost(variant, 7.0, YESTERDAY)
    added_up()
    evaluate(now=NOON)
    evaluate(now=NOON + DAY)
    assert len(ongoing(RULE)) == 1
    for variant in small:
        cost(variant, 4.0, NOON)
    added_up()
    evaluate(now=NOON + DAY + timedelta(hours=2))
    assert ongoing(RULE) == []
    assert Incident.objects.get(rule__key=RULE).resolution == "The condition no longer holds."
