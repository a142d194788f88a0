"""Findings of the scaling linter as they are kept: of a scope, of an endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, F, IntegerField, QuerySet, Subquery, Value, When

from fleet.advisor.evidence_parts import Lint
from fleet.analysis.scaling_policies.findings import LABELS, Rule
from fleet.models import Endpoint, ScalingCheck, ScalingFinding
from fleet.queries.scope import ScopeFilter

UNKNOWN = ScalingFinding.UNKNOWN


@dataclass(frozen=True)
class RuleCount:
    """How many capacities break a rule; critical: of them those that are."""

    rule: str
    label: str
    count: int
    critical: int


@dataclass(frozen=True)
class Counts:
    """Findings of a scope by rule, the gravest first. unknown: rules that could not be judged.

    looked: when the linter last looked at the shard that it looked at longest ago; None: at none.
    """

    rules: Sequence[RuleCount]
    unknown: int
    looked: datetime | None = None

    @property
    def all(self) -> int:
        return sum(each.count for each in self.rules)

    @property
    def critical(self) -> int:
        return sum(each.critical for each in self.rules)

    def of(self, rule: str) -> int:
        """Findings of one rule, or of all with ""."""
        return sum(each.count for each in self.rules if rule in ("", each.rule))


def counts(scope: ScopeFilter) -> Counts:
    """One query, another where nothing was found."""
    found = dict[str, list[int]]()
    unknown = 0
    rows = ScalingFinding.objects.filter(scope.q("shard")).order_by().values_list("rule", "severity")
    checks = ScalingCheck.objects.filter(scope.q("shard")).order_by("checked_at")
    at = Subquery(checks.values("checked_at")[:1])
    looked: datetime | None = None
    for rule, severity, count, looked in rows.annotate(n=Count("pk"), looked=at):  # noqa: B007 - the same in each
        if severity == UNKNOWN:
            unknown += count
            continue
        held = found.setdefault(rule, [0, 0])
        held[0] += count
        held[1] += count if severity == "critical" else 0
    names = {rule.value: LABELS[rule] for rule in Rule}
    listed = [
        RuleCount(rule, names.get(rule, rule), count, critical) for rule, (count, critical) in found.items()
    ]
    if not found and not unknown:
        looked = checks.values_list("checked_at", flat=True).first()
    return Counts(sorted(listed, key=lambda each: (-each.critical, -each.count, each.label)), unknown, looked)


def page(scope: ScopeFilter, rule: str, *, offset: int, size: int) -> list[ScalingFinding]:
    """Findings of a rule ("" = of every rule): critical ones first, then those that save most. One query."""
    found = ScalingFinding.objects.filter(scope.q("shard")).exclude(severity=UNKNOWN)
    if rule:
        found = found.filter(rule=rule)
    ranked = _ranked(found).select_related("endpoint", "shard__account")
    return list(
        ranked.only(
            "resource_id", "dimension", "rule", "severity", "title", "why", "calls", "saving_usd", "proposal", "since",
            "endpoint__name", "endpoint__kind", "endpoint__closed_at", "shard__region", "shard__account__alias",
        )[offset : offset + size]
    )  # fmt: skip


def of_endpoint(
    endpoint: Endpoint,
) -> tuple[list[ScalingFinding], list[ScalingFinding], datetime | None]:
    """Findings of an endpoint, what could not be judged of it, and when that was looked at. One query.

    Without any of both the time is None, too.
    """
    found = ScalingFinding.objects.filter(endpoint=endpoint)
    rows = list(_ranked(found.annotate(looked=F("shard__scaling_check__checked_at"))))
    looked = getattr(rows[0], "looked", None) if rows else None
    told = [row for row in rows if row.severity != UNKNOWN]
    return told, [row for row in rows if row.severity == UNKNOWN], looked


def lint_of(ids: Sequence[int]) -> dict[int, tuple[Lint, ...]]:
    """Findings of some endpoints as the advisor takes them, by endpoint. One query."""
    found: dict[int, list[Lint]] = {}
    rows = ScalingFinding.objects.filter(endpoint__in=ids).exclude(severity=UNKNOWN).order_by("pk")
    for row in rows.only("endpoint", "rule", "severity", "title", "why", "saving_usd", "proposal"):
        proposal = row.proposal or {}
        lint = Lint(
            row.rule,
            row.severity,
            row.title,
            remedy=row.why,
            operation=proposal.get("operation", ""),
            fields=tuple(proposal.get("fields", {}).items()),
            usd_saving=row.saving_usd,
        )
        found.setdefault(row.endpoint_id or 0, []).append(lint)
    return {pk: tuple(each) for pk, each in found.items()}


def _ranked(found: QuerySet[ScalingFinding]) -> QuerySet[ScalingFinding]:
    gravity = Case(When(severity="critical", then=Value(0)), default=Value(1), output_field=IntegerField())
    return found.order_by(gravity, F("saving_usd").desc(nulls_last=True), "rule", "pk")
