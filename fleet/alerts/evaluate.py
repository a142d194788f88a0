"""One evaluation of every rule: measures → opened, followed and resolved incidents, in one transaction.

The number of queries depends on the number of rules, not of endpoints.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction

from fleet.alerts import conditions, incidents, states
from fleet.alerts.conditions import METRIC_RULES, Measure
from fleet.alerts.rules import BY_KEY, RULES, RuleSpec
from fleet.alerts.tuning import ensure_default_rules
from fleet.doorbell import ring_after_commit
from fleet.models import AlertRule, Incident, VariantStatus

log = structlog.get_logger(__name__)
_LOCK = 7_203_411
"""Advisory lock of the evaluation; any number that no other part of the product uses."""


@dataclass(frozen=True)
class Outcome:
    """How many incidents an evaluation opened and resolved; ran is False when another one was at it."""

    ran: bool = True
    opened: int = 0
    resolved: int = 0


def evaluate(*, now: datetime) -> Outcome:
    """Judge every enabled rule at `now`. A second evaluation at the same time returns at once."""
    with transaction.atomic():
        if not _alone():
            return Outcome(ran=False)
        rules = ensure_default_rules()
        ongoing: dict[str, dict[str, Incident]] = defaultdict(dict)
        for incident in Incident.objects.filter(resolved_at=None).select_related(
            "rule", "endpoint__shard__account"
        ):
            ongoing[incident.rule.key][incident.subject] = incident
        found = {spec.key: _measures(spec, rules[spec.key], ongoing[spec.key], now) for spec in RULES}
        openings = list(_openings(rules, found, ongoing))
        endings = list(_endings(rules, found, ongoing, now))
        incidents.resolve_all(endings, now)
        opened = incidents.open_all(openings, now)
        if opened or endings:
            ring_after_commit("fleet.deliver_notifications")
    log.info("alerts.evaluated", opened=len(opened), resolved=len(endings))
    return Outcome(opened=len(opened), resolved=len(endings))


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])


def _measures(
    spec: RuleSpec, rule: AlertRule, ongoing: Mapping[str, Incident], now: datetime
) -> dict[str, Measure]:
    if not rule.enabled:
        return {}
    values = spec.values(rule.parameters)
    if spec.key in METRIC_RULES:
        found = conditions.measure(spec, values, ongoing.keys(), now)
    else:
        found = states.measure(spec, values, now)
    return {measure.subject: measure for measure in found}


def _openings(
    rules: Mapping[str, AlertRule],
    found: Mapping[str, Mapping[str, Measure]],
    ongoing: Mapping[str, Mapping[str, Incident]],
) -> Iterable[incidents.Opening]:
    for spec in RULES:
        graver = found.get(spec.shadowed_by, {})
        for subject, measure in found[spec.key].items():
            is_shadowed = subject in graver and graver[subject].is_true
            if measure.is_true and subject not in ongoing[spec.key] and not is_shadowed:
                yield incidents.Opening(spec, rules[spec.key], measure)


def _endings(
    rules: Mapping[str, AlertRule],
    found: Mapping[str, Mapping[str, Measure]],
    ongoing: Mapping[str, Mapping[str, Incident]],
    now: datetime,
) -> Iterable[tuple[Incident, str]]:
    """Open incidents that have ended, each with why; those that go on get their newest last_true_at."""
    gone = _removed_variants(ongoing)
    followed = []
    for key, by_subject in ongoing.items():
        rule = rules.get(key)
        unjudged = _unjudged(rule, now) if rule and by_subject else frozenset()
        for subject, incident in by_subject.items():
            measure = found.get(key, {}).get(subject)
            if measure and measure.last_true_at and measure.last_true_at > incident.last_true_at:
                incident.last_true_at = measure.last_true_at
                followed.append(incident)
            why = _left(incident, rule, subject in gone) or (
                _calm(BY_KEY[key], rule, incident, measure, subject in unjudged) if rule else ""
            )
            if why:
                yield incident, why
    Incident.objects.bulk_update(followed, ["last_true_at"])


def _unjudged(rule: AlertRule, now: datetime) -> frozenset[str]:
    return states.unjudged_subjects(rule.key, BY_KEY[rule.key].values(rule.parameters), now)


def _removed_variants(ongoing: Mapping[str, Mapping[str, Incident]]) -> set[str]:
    subjects = {s for by_subject in ongoing.values() for s in by_subject if s.startswith("variant:")}
    ids = [int(subject.partition(":")[2]) for subject in subjects]
    live = VariantStatus.objects.filter(pk__in=ids, removed_at=None).values_list("pk", flat=True)
    return subjects - {conditions.subject_of(pk) for pk in live}


def _left(incident: Incident, rule: AlertRule | None, is_gone: bool) -> str:
    """Why the rule no longer concerns the subject, "" when it still does."""
    endpoint = incident.endpoint
    if rule is None:
        return "The rule no longer exists."
    if not rule.enabled:
        return "The rule was switched off."
    if endpoint is None:
        return ""
    if endpoint.closed_at is not None:
        return "The endpoint was deleted."
    if is_gone:
        return "The variant was removed."
    if not (endpoint.shard.enabled and endpoint.shard.account.enabled):
        return "The account or region is no longer watched."
    kinds = BY_KEY[rule.key].kinds
    return f"The endpoint is {endpoint.kind} now." if kinds and endpoint.kind not in kinds else ""


def _calm(
    spec: RuleSpec, rule: AlertRule, incident: Incident, measure: Measure | None, is_unjudged: bool
) -> str:
    """Why the condition counts as over, "" while it holds, has not been false for long enough, or is unknown."""
    if measure is not None and measure.is_true:
        is_same = measure.operation_id == incident.operation_id
        return "" if is_same else "A later update was not applied either; it has an incident of its own."
    if spec.key not in METRIC_RULES:
        return "" if is_unjudged else "The condition no longer holds."
    if measure is None:
        return ""
    clear_min = spec.values(rule.parameters)["clear_min"]
    if measure.until - incident.last_true_at < timedelta(minutes=clear_min):
        return ""
    return f"The condition has not held for {clear_min:g} min."
