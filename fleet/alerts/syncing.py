"""The sync itself: regions that are late, and parts that AWS refuses. Conditions and words."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from fleet import heartbeat
from fleet.access.aws_actions import WITHOUT
from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import clock, day_and_clock, lasting
from fleet.alerts.wording import Words
from fleet.models import Shard

STALE, FAILING = "sync-stale", "sync-section-failing"
OF_THE_REGION = frozenset({"inventory", "metrics"})
"""Sections whose failure makes a region late, which is another rule's: they are told region by region."""
REGIONS_SHOWN = 10

Errors = dict[str, dict[str, Any]]
"""Section → AWS's error, with `since` as a time."""


def stale(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Shards whose inventory or metrics are overdue; one that never succeeded counts from its account's creation.

    Time in which Flotilla itself did not run does not count.
    """
    found = []
    awake_since = heartbeat.running_since()
    for shard in _watched():
        late = {}
        for section, ok_at, interval_s in (
            ("inventory", shard.inventory_ok_at, settings.INVENTORY_INTERVAL_S),
            ("metrics", shard.metrics_ok_at, settings.METRICS_INTERVAL_S),
        ):
            allowed = timedelta(seconds=max(values["intervals"] * interval_s, settings.STALE_AFTER_S))
            last = ok_at or shard.account.created_at
            if now - max(last, awake_since or last) > allowed:
                late[section] = ok_at
        if late:
            since = min(at or shard.account.created_at for at in late.values())
            errors = {
                name: state["error"] for name, state in shard.sections.items() if (state or {}).get("error")
            }
            found.append(_measure(shard, since, now, late=late, errors=errors, intervals=values["intervals"]))
    return found


def failing(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Regions with a section whose error has lasted; a permission that a role lacks is told once for its account.

    One role reads all regions of an account, so that an action it may not call fails in each of them alike.
    """
    lasted = timedelta(minutes=values["for_min"])
    denied: dict[int, list[tuple[Shard, Errors]]] = defaultdict(list)
    found = []
    for shard in _watched():
        errors = {name: error for name, error in _errors(shard, now) if now - error["since"] >= lasted}
        missing = {name: error for name, error in errors.items() if _is_denial(name, error)}
        if missing:
            denied[shard.account_id].append((shard, missing))
        if others := {name: error for name, error in errors.items() if name not in missing}:
            found.append(_measure(shard, min(e["since"] for e in others.values()), now, failing=others))
    return found + [_denied(account, regions, now) for account, regions in denied.items()]


def _errors(shard: Shard, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in shard.sections.items():
        if error := (state or {}).get("error"):
            since = datetime.fromisoformat(error["since"]) if error.get("since") else now
            yield name, {**error, "since": since}


def _is_denial(name: str, error: Mapping[str, Any]) -> bool:
    return error.get("kind") == "AccessDenied" and bool(error.get("action")) and name not in OF_THE_REGION


def _denied(account_id: int, regions: Sequence[tuple[Shard, Errors]], now: datetime) -> Measure:
    """What one account's role lacks: per section the oldest of its errors."""
    oldest: Errors = {}
    for _, errors in regions:
        for name, error in errors.items():
            if name not in oldest or error["since"] < oldest[name]["since"]:
                oldest[name] = error
    names = sorted(shard.region for shard, _ in regions)
    return Measure.holding(
        subject=f"account:{account_id}:denied",
        since=min(error["since"] for error in oldest.values()),
        now=now,
        values={
            "account": regions[0][0].account.alias,
            "region": names[0] if len(names) == 1 else f"{len(names)} regions",
            "regions": names,
            "failing": oldest,
        },
    )


def _watched() -> QuerySet[Shard]:
    return Shard.objects.filter(enabled=True, account__enabled=True).select_related("account")


def _measure(shard: Shard, since: datetime, now: datetime, **values: Any) -> Measure:
    return Measure.holding(
        subject=f"shard:{shard.pk}",
        since=since,
        now=now,
        values={"account": shard.account.alias, "region": shard.region, **values},
        shard_id=shard.pk,
    )


def stale_words(measure: Measure, place: Place) -> Words:
    late = measure.values["late"]
    age = lasting(measure.until - measure.since)
    facts = tuple(
        (f"Last good read, {section}", day_and_clock(at) if at else "never")
        for section, at in sorted(late.items())
    )
    errors = _error_facts(measure.values["errors"])
    what = " and ".join(sorted(late))
    return Words(
        title=f"Sync of {place.account}/{place.region} is late",
        cause=f"{what} not read for {age}",
        summary=f"Pages about this account and region show what was known at {clock(measure.since)} UTC, not what is.",
        advice="The Sync page shows AWS's own message and the permission that is missing.",
        facts=(*facts, *errors, ("Allowed", f"{measure.values['intervals']:g} intervals")),
    )


def _error_facts(errors: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    """What AWS said about each failing section, and the permission it names."""
    facts = []
    for section, error in sorted(errors.items()):
        name = section.capitalize()
        facts.append((f"{name}: {error.get('code') or 'error'}", error.get("message") or "no message"))
        if error.get("action"):
            facts.append((f"{name}: IAM action", error["action"]))
    return tuple(facts)


def failing_words(measure: Measure, place: Place) -> Words:
    """The words of a refusal: which part, AWS's own words, and for a missing permission what it costs to lack it."""
    errors = measure.values["failing"]
    what = " and ".join(sorted(errors))
    first = errors[min(errors)]
    title = f"AWS refuses {what} of {place.account}/{place.region}"
    cause = f"{what}: {first.get('code', 'error')} since {clock(measure.since)} UTC"
    if "regions" not in measure.values:
        return Words(
            title=title,
            cause=cause,
            summary=f"What Flotilla shows of {what} here is as old as its last good read. AWS's own words stand below.",
            advice="Add the action to the role's policy; docs/iam.md lists what Flotilla reads.",
            facts=_error_facts(errors),
        )
    actions = sorted({error["action"] for error in errors.values()})
    lost = [WITHOUT[action] for action in actions if action in WITHOUT]
    regions = measure.values["regions"]
    more = f" and {len(regions) - REGIONS_SHOWN} more" if len(regions) > REGIONS_SHOWN else ""
    return Words(
        title=title,
        cause=cause,
        summary=f"The role that reads {place.account} may not call {', '.join(actions)}. Until it may, this is "
        f"missing or as old as its last good read: {'; '.join(lost) or what}.",
        advice=f"Allow {', '.join(actions)} in the read role's policy. The account's page under Settings has the whole "
        "policy and checks what else is missing.",
        facts=(
            *_error_facts(errors),
            *(("Lost without it", words) for words in lost),
            ("Regions", ", ".join(regions[:REGIONS_SHOWN]) + more),
        ),
    )
