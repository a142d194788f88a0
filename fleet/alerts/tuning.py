"""What people chose for each rule: the rows of AlertRule, created at their defaults and changed by admins."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from fleet.access import audit
from fleet.access.roles import may
from fleet.alerts.rules import BY_KEY, RULES, RuleSpec
from fleet.errors import Refusal, Refused
from fleet.models import AlertRule, User


def stored_rules() -> dict[str, AlertRule]:
    """Rows by key; before the first evaluation there are none and every rule stands at its defaults."""
    return {rule.key: rule for rule in AlertRule.objects.filter(key__in=BY_KEY)}


def tune(
    spec: RuleSpec,
    *,
    severity: str,
    enabled: bool,
    parameters: Mapping[str, float],
    actor: User,
    address: str | None = None,
) -> AlertRule:
    """Store what a person chose for a rule; saving what stands already changes and audits nothing.

    Raises Refused for a person below admin and for values out of bounds.
    """
    _check(spec, parameters, actor)
    with transaction.atomic():
        ensure_default_rules()
        rule = AlertRule.objects.select_for_update().get(key=spec.key)
        before = _told(rule, spec)
        rule.severity, rule.enabled = severity, enabled
        rule.parameters = {p.name: parameters[p.name] for p in spec.parameters}
        after = _told(rule, spec)
        if before != after:
            rule.save()
            changed = [name for name in after if before.get(name) != after[name]]
            audit.record(
                actor=actor,
                action="rule.change",
                target=rule,
                before={name: before.get(name) for name in changed},
                after={name: after[name] for name in changed},
                address=address,
            )
    return rule


def _check(spec: RuleSpec, parameters: Mapping[str, float], actor: User) -> None:
    refusals = (
        [] if may(actor, User.Role.ADMIN) else [Refusal("", "role", "Changing a rule needs the role admin.")]
    )
    refusals += [
        Refusal(p.name, "bounds", problem)
        for p in spec.parameters
        if (problem := p.problem(parameters[p.name]))
    ]
    if refusals:
        raise Refused(refusals)


def _told(rule: AlertRule, spec: RuleSpec) -> dict[str, Any]:
    return {"severity": rule.severity, "enabled": rule.enabled, **spec.values(rule.parameters)}


def ensure_default_rules() -> dict[str, AlertRule]:
    """Every rule's row by key; missing ones are created at their defaults, existing ones are never touched.

    Two callers at once do no harm.
    """
    stored = stored_rules()
    missing = [spec for spec in RULES if spec.key not in stored]
    if missing:
        AlertRule.objects.bulk_create(
            [
                AlertRule(key=s.key, name=s.name, severity=s.severity, parameters=s.defaults())
                for s in missing
            ],
            ignore_conflicts=True,
        )
        stored = stored_rules()
    return stored
