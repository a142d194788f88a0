"""Words and small values of the Alerts pages: the sentence, the tabs, a timeline, a chart."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.defaultfilters import capfirst
from django.urls import reverse

from dashboards import charts, wording
from dashboards.tables import Column, PlainTable
from fleet.alerts import figures
from fleet.alerts.conditions import FRESH_FOR
from fleet.alerts.mails import sentence_list
from fleet.alerts.rules import RULES
from fleet.models import Incident, Notification
from fleet.queries.alerts import Incidents, Window


def tabs(current: str, open_incidents: int) -> list[dict[str, Any]]:
    """Incidents, Rules, Deliveries."""
    return [
        {
            "label": label,
            "url": reverse(f"alerts:{name}"),
            "is_current": name == current,
            "count": count,
        }
        for label, name, count in (
            ("Incidents", "page", open_incidents),
            ("Rules", "rules", len(RULES)),
            ("Deliveries", "deliveries", None),
        )
    ]


@dataclass(frozen=True)
class Sentence:
    """The first words in strong, the rest plain."""

    strong: str
    rest: str


def sentence(found: Incidents) -> Sentence:
    """ "2 critical, 2 warnings; two have nobody on them. ana has fraud-score." """
    count = wording.plural(found.resolved_total, "incident") if found.resolved_total else "None"
    resolved = f"{count} resolved in 30 days."
    if not found.open:
        return Sentence("Nothing needs you.", resolved)
    parts = [f"{found.critical} critical"] if found.critical else []
    parts += [wording.plural(found.warnings, "warning")] if found.warnings else []
    free = found.unattended
    has, them = ("has", "it") if free == 1 else ("have", "them")
    nobody = f"; {wording.spoken(free).lower()} {has} nobody on {them}"
    return Sentence(f"{', '.join(parts)}{nobody if free else ''}.", f"{_who_has_what(found.open)}{resolved}")


def _who_has_what(incidents: Sequence[Incident]) -> str:
    held: dict[str, list[str]] = defaultdict(list)
    for incident in incidents:
        if incident.acknowledged_by:
            held[incident.acknowledged_by.get_username()].append(name(incident))
    return "".join(f"{who} has {', '.join(names[:3])}. " for who, names in list(held.items())[:4])


def summary(incident: Incident) -> Sentence:
    """The incident's summary, its first sentence apart."""
    first, dot, rest = incident.summary.partition(". ")
    return Sentence(f"{first}{'.' if dot else ''}", rest)


def silent_since(incident: Incident, window: Window, now: datetime) -> datetime | None:
    """When the metric of an open incident fell silent, None while data comes (or for incidents about states)."""
    if incident.resolved_at or not window.times or now - window.times[-1] < FRESH_FOR:
        return None
    return window.times[-1]


def name(incident: Incident) -> str:
    """What an incident is about in a list: the endpoint's name, else the title."""
    return incident.endpoint.name if incident.endpoint else incident.title


def timeline(incident: Incident, mails: Sequence[Notification], now: datetime) -> list[dict[str, Any]]:
    """Steps, newest first: resolved, acknowledged, mails, opened, began."""
    steps = [
        (incident.condition_since, _step("pending", "Condition began", capfirst(incident.cause))),
        (incident.opened_at, _step("failed", "Incident opened", incident.rule.name)),
    ]
    for transition in (Notification.Transition.OPENED, Notification.Transition.RESOLVED):
        sent = [mail for mail in mails if mail.transition == transition]
        if sent:
            steps.append((max(mail.sent_at or mail.created_at for mail in sent), _mail_step(sent)))
    if incident.acknowledged_at:
        who = incident.acknowledged_by.get_username() if incident.acknowledged_by else "somebody"
        steps.append(
            (incident.acknowledged_at, _step("done", f"Acknowledged by {who}", incident.acknowledged_note))
        )
    if incident.resolved_at:
        steps.append((incident.resolved_at, _step("done", "Resolved", incident.resolution)))
    ordered = sorted(enumerate(steps), key=lambda item: (item[1][0], item[0]), reverse=True)
    return [{**step, "time": wording.instant(at, now)} for _, (at, step) in ordered]


def _step(state: str, title: str, text: str) -> dict[str, str]:
    return {"state": state, "title": title, "text": text}


def _mail_step(mails: Sequence[Notification]) -> dict[str, str]:
    sent = [mail for mail in mails if mail.sent_at]
    failed = [mail for mail in mails if mail.state == Notification.State.FAILED]
    names = sentence_list([mail.recipient for mail in mails])
    people = names if len(mails) == 1 else f"{len(mails)} people"
    if len(sent) == len(mails):
        seconds = max((mail.sent_at - mail.created_at).total_seconds() for mail in sent if mail.sent_at)
        text = f"{names}. Accepted by the mail server in {wording.span(seconds)}"
        return _step("done", f"Mail sent to {people}", text)
    if failed:
        return _step("failed", f"Mail to {people}", f"{len(failed)} failed: {failed[0].error}")
    waiting = len(mails) - len(sent)
    return _step("running", f"Mail to {people}", f"{names}: {waiting} waiting. {mails[0].error}".strip())


def chart(incident: Incident, window: Window) -> charts.Payload:
    """The metric with its limit, the time it was past it shaded, and the moment the incident opened."""
    series = incident.series
    is_ratio = series.get("unit") == "%"
    values = [None if v is None else v * 100 if is_ratio else v for v in window.values]
    kind = incident.endpoint.kind if incident.endpoint else "unknown"
    limit = series.get("threshold")
    thresholds = []
    if limit:
        label = f"{incident.severity} at {figures.as_text(limit, series['unit'])}"
        thresholds = [charts.Threshold(limit * 100 if is_ratio else limit, label, "failed")]
    unit = "%" if is_ratio else series.get("unit", "")
    line = charts.Series(series.get("label", ""), f"kind-{kind}", values)
    mark = charts.Mark(incident.opened_at, f"opened {incident.opened_at:%H:%M}")
    payload = charts.lines(window.times, [line], unit=unit, thresholds=thresholds, marks=[mark])
    if "layout" in payload:
        payload["layout"].setdefault("shapes", []).append(_shade(incident))
    return payload


def _shade(incident: Incident) -> dict[str, Any]:
    return {
        "type": "rect",
        "layer": "below",
        "xref": "x",
        "x0": incident.condition_since,
        "x1": incident.last_true_at,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "fillcolor": charts.colour("failed-soft"),
        "line": {"width": 0},
    }


def chart_table(incident: Incident, window: Window) -> PlainTable:
    """The chart's figures, newest first."""
    unit = incident.series.get("unit", "")
    rows = [
        (f"{at:%d %b %H:%M}", figures.as_text(value, unit))
        for at, value in reversed(list(zip(window.times, window.values, strict=True)))
    ]
    label = incident.series.get("label", "Value")
    return PlainTable(label, [Column("Time, UTC"), Column(label, is_number=True)], rows[:120])
