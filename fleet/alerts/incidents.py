"""The life of incidents: open once, follow, resolve, acknowledge; mails are queued in the same transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from fleet.access import audit
from fleet.access.roles import may
from fleet.alerts import budgets, context, mails, state_wording, wording
from fleet.alerts.conditions import METRIC_RULES, Measure
from fleet.alerts.rules import RuleSpec
from fleet.errors import Refusal, Refused
from fleet.models import AlertRule, Incident, Notification, User
from fleet.texts import shortened

GROUP_ABOVE = 20
"""More transitions than this in one evaluation become one mail."""
_MAX = 255


@dataclass(frozen=True)
class Opening:
    """A condition that has become true on a subject without an open incident."""

    spec: RuleSpec
    rule: AlertRule
    measure: Measure


def open_all(openings: Sequence[Opening], now: datetime) -> list[Incident]:
    """Open an incident for each and queue the mails. Runs inside the evaluation's transaction.

    The partial unique constraint refuses a second open incident for a subject.
    """
    if not openings:
        return []
    loaded = context.load([opening.measure for opening in openings], now)
    incidents = Incident.objects.bulk_create([_incident(opening, loaded, now) for opening in openings])
    _queue(incidents, Notification.Transition.OPENED, now)
    return incidents


def resolve_all(endings: Sequence[tuple[Incident, str]], now: datetime) -> None:
    """Resolve open incidents, each with its reason, and queue the mails. Runs inside the evaluation's transaction."""
    if not endings:
        return
    for incident, reason in endings:
        incident.resolved_at, incident.resolution = now, shortened(reason, _MAX)
    incidents = [incident for incident, _ in endings]
    Incident.objects.bulk_update(incidents, ["resolved_at", "resolution", "last_true_at"])
    _queue(incidents, Notification.Transition.RESOLVED, now)


def acknowledge(
    incident_id: int, *, actor: User, note: str, now: datetime, address: str | None = None
) -> Incident:
    """Record that somebody is on it. Raises Refused when it is resolved, taken by another, or the role is too weak.

    Repeating one's own acknowledgement changes nothing.
    """
    if not may(actor, User.Role.OPERATOR):
        raise Refused([Refusal("", "role", "Acknowledging needs the role operator.")])
    with transaction.atomic():
        open_one = Incident.objects.filter(pk=incident_id, resolved_at=None, acknowledged_at=None)
        taken = open_one.update(acknowledged_at=now, acknowledged_by=actor, acknowledged_note=note)
        incident = Incident.objects.select_related("acknowledged_by", "rule").get(pk=incident_id)
        if not taken:
            if incident.acknowledged_by_id == actor.pk:
                return incident
            raise Refused([Refusal("", "taken", _why_not(incident))])
        audit.record(
            actor=actor,
            action="incident.acknowledge",
            target=incident,
            before={"acknowledged_by": ""},
            after={"acknowledged_by": actor.get_username()},
            reason=note,
            address=address,
        )
    return incident


def _why_not(incident: Incident) -> str:
    if incident.acknowledged_at is None:
        return "The incident has been resolved meanwhile."
    who = incident.acknowledged_by.get_username() if incident.acknowledged_by else "somebody"
    return f"{who} has acknowledged it already."


def _incident(opening: Opening, loaded: context.Context, now: datetime) -> Incident:
    measure, spec = opening.measure, opening.spec
    place = loaded.place(measure)
    words = (wording if spec.key in METRIC_RULES else state_wording).words(spec.key, measure, place)
    return Incident(
        rule=opening.rule,
        subject=measure.subject,
        endpoint=place.endpoint,
        operation_id=measure.operation_id,
        severity=opening.rule.severity,
        title=shortened(words.title, _MAX),
        cause=shortened(words.cause, _MAX),
        summary=words.summary,
        advice=words.advice,
        facts=[list(fact) for fact in words.facts],
        series=dict(words.series),
        opened_at=now,
        condition_since=measure.since,
        last_true_at=measure.last_true_at or measure.until,
    )


def recipients() -> list[User]:
    """Active people who want alert mails and have an address; one per address."""
    people = User.objects.filter(is_active=True, receives_alerts=True).exclude(email="").order_by("username")
    return list({person.email.lower(): person for person in people}.values())


def _queue(incidents: Sequence[Incident], transition: Notification.Transition, now: datetime) -> None:
    """Everybody who wants alert mails gets one, and the owner of a budget gets those about it."""
    everyone = {person.email.lower(): (person.get_username(), person.email) for person in recipients()}
    owners = {
        incident: {address.lower(): (name, address) for name, address in found}
        for incident, found in budgets.owners(incidents).items()
    }
    is_grouped = len(incidents) > GROUP_ABOVE
    addressed: list[tuple[Incident | None, mails.Letter, Iterable[str]]] = []
    if is_grouped and everyone:
        names, addresses = zip(*everyone.values(), strict=True)
        addressed.append((None, mails.summary(incidents, transition, names, now), addresses))
    for incident in incidents:
        own = owners.get(incident.pk, {})
        people = (
            {key: one for key, one in own.items() if key not in everyone} if is_grouped else own | everyone
        )
        if people:
            names, addresses = zip(*people.values(), strict=True)
            addressed.append((incident, mails.incident(incident, transition, names, now), addresses))
    Notification.objects.bulk_create(
        [
            letter.to(address, transition, now=now, incident=incident)
            for incident, letter, addresses in addressed
            for address in addresses
        ]
    )
