"""Mails as people read them: subject, text and HTML from one context, rendered once when the transition happens."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.template.loader import render_to_string

from fleet.alerts import figures
from fleet.models import Incident, Notification, User

_SUBJECT_LIMIT = 180
_BAR_PX = 48
_LISTED = 100
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True)
class Letter:
    """A rendered mail; key names what it is about and makes the message id."""

    key: str
    subject: str
    text: str
    html: str

    def to(
        self, address: str, transition: str, *, now: datetime, incident: Incident | None = None
    ) -> Notification:
        """The mail to one address, not stored yet, to be sent as soon as a worker is free."""
        return Notification(
            incident=incident,
            transition=transition,
            recipient=address,
            message_id=message_id(self.key, address),
            subject=self.subject,
            text=self.text,
            html=self.html,
            next_attempt_at=now,
            created_at=now,
        )


def incident(subject: Incident, transition: str, people: Sequence[str], now: datetime) -> Letter:
    """The mail about one transition of one incident; shows the facts stored on it. people: names of who gets it."""
    is_resolved = transition == Notification.Transition.RESOLVED
    context = {
        "incident": subject,
        "is_resolved": is_resolved,
        "at": figures.day_and_clock(now),
        "place": place(subject),
        "name": name(subject),
        "bars": [] if is_resolved else bars(subject.series),
        "bars_caption": bars_caption(subject.series),
        "facts": subject.facts[:6],
        "lasted": figures.lasting(now - subject.condition_since),
        "began": figures.clock(subject.condition_since),
        "people": sentence_list(people),
        "kind": subject.endpoint.kind if subject.endpoint else "unknown",
        "rule_url": f"{settings.BASE_URL}/alerts/rules/{subject.rule.key}/",
        "incident_url": f"{settings.BASE_URL}/alerts/{subject.pk}/",
        "endpoint_url": f"{settings.BASE_URL}/endpoints/{subject.endpoint_id}/"
        if subject.endpoint_id
        else "",
        "preferences_url": f"{settings.BASE_URL}/settings/me/",
    }
    return _letter(
        f"incident-{subject.pk}-{transition}", incident_subject(subject, is_resolved), "incident", context
    )


def incident_subject(subject: Incident, is_resolved: bool) -> str:
    """ "[critical] fraud-score eu-west-1: concurrency 100 % of Max 20 for 5 min"."""
    severity = f"resolved, {subject.severity}" if is_resolved else subject.severity
    where = name(subject)
    if subject.endpoint is not None:
        where = f"{where} {subject.endpoint.shard.region}"
    return one_line(
        f"[{severity}] {where}: {subject.cause or subject.title}"
        if where
        else f"[{severity}] {subject.cause}"
    )


def summary(subjects: Sequence[Incident], transition: str, people: Sequence[str], now: datetime) -> Letter:
    """One mail about many transitions at once, worst first."""
    is_resolved = transition == Notification.Transition.RESOLVED
    ordered = sorted(subjects, key=lambda one: (one.severity != "critical", one.title))
    critical = sum(one.severity == "critical" for one in subjects)
    context = {
        "is_resolved": is_resolved,
        "at": figures.day_and_clock(now),
        "total": len(subjects),
        "critical": critical,
        "warnings": len(subjects) - critical,
        "rows": [
            {
                "incident": one,
                "place": place(one),
                "url": f"{settings.BASE_URL}/alerts/{one.pk}/",
            }
            for one in ordered[:_LISTED]
        ],
        "left_out": max(len(subjects) - _LISTED, 0),
        "people": sentence_list(people),
        "alerts_url": f"{settings.BASE_URL}/alerts/",
        "preferences_url": f"{settings.BASE_URL}/settings/me/",
    }
    word = "resolved" if is_resolved else ("critical" if critical else "warning")
    verb = "were resolved" if is_resolved else "opened"
    titles = ", ".join(one.title for one in ordered[:3])
    ids = hashlib.sha256(" ".join(str(one.pk) for one in subjects).encode()).hexdigest()[:16]
    return _letter(
        f"summary-{ids}-{transition}",
        one_line(f"[{word}] {len(subjects)} incidents {verb}: {titles}, …"),
        "summary",
        context,
    )


def trial(person: User, now: datetime) -> Letter:
    """The mail that proves delivery works."""
    context = {"at": figures.day_and_clock(now), "who": person.get_username(), "base_url": settings.BASE_URL}
    return _letter(f"test-{person.pk}-{now:%Y%m%d%H%M%S%f}", "Flotilla test mail", "test", context)


def reminder(key: str, subject: str, rows: Sequence[Mapping[str, Any]], at: str) -> Letter:
    """The mail about endpoints that expire soon; rows: endpoint, days left and its address on the page."""
    context = {"rows": rows, "at": at, "preferences_url": f"{settings.BASE_URL}/settings/me/"}
    return _letter(key, one_line(subject), "expiry", context)


def message_id(key: str, recipient: str) -> str:
    """The same for every attempt at the same mail, different for every recipient."""
    digest = hashlib.sha256(recipient.lower().encode()).hexdigest()[:12]
    return f"<{key}.{digest}@{urlsplit(settings.BASE_URL).hostname}>"


def name(subject: Incident) -> str:
    """The endpoint's name, "" for incidents about something else."""
    return subject.endpoint.name if subject.endpoint else ""


def place(subject: Incident) -> str:
    """ "prod · eu-west-1", "" for incidents about something else."""
    if subject.endpoint is None:
        return ""
    shard = subject.endpoint.shard
    return f"{shard.account.alias} · {shard.region}"


def bars(series: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One bar per stored bucket: height in px, whether it breaches, its words; a gap has height 0."""
    top = figures.scale(series)
    found = []
    for _, value, breaches in series.get("points", []):
        height = 0 if value is None else max(round(_BAR_PX * value / top), 2)
        found.append(
            {"height": height, "gap": _BAR_PX - height, "breaches": breaches, "is_gap": value is None}
        )
    return found


def bars_caption(series: Mapping[str, Any]) -> str:
    """What the bars show, their window in UTC and what red means."""
    points = series.get("points", [])
    if not points:
        return ""
    start, last = (datetime.fromisoformat(points[i][0]) for i in (0, -1))
    end = last + timedelta(seconds=series["period_s"])
    caption = f"{series['label']}, {figures.clock(start)} – {figures.clock(end)} UTC."
    if any(point[2] for point in points):
        caption += f" Red is past the limit of {figures.as_text(series['threshold'], series['unit'])}."
    return caption


def one_line(text: str) -> str:
    """A header value: control characters and line breaks become single spaces, the length is bounded."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return clean if len(clean) <= _SUBJECT_LIMIT else f"{clean[: _SUBJECT_LIMIT - 1]}…"


def sentence_list(names: Sequence[str]) -> str:
    """ "ana", "ana and ben", "ana, ben and carla", "ana, ben, carla and 4 more"."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _letter(key: str, subject: str, template: str, context: Mapping[str, Any]) -> Letter:
    context = {**context, "subject": subject}
    text = render_to_string(f"email/{template}.txt", dict(context))
    html = _INLINER.inline(render_to_string(f"email/{template}.html", dict(context)))
    return Letter(key, subject, text, html)
