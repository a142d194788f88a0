"""What a rule is, and what rules are written with: asking for figures, and pricing a change. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar, cast

from fleet.advisor.advice import Advice, Decision, Effort, Gap, Line, Missing, Proposal, Risk, Severity
from fleet.advisor.evidence import Evidence, PricedWay
from fleet.operations.kinds import OperationKind
from fleet.types import Kind

T = TypeVar("T")
Outcome = Advice | Gap | None
"""Advice; a Gap when figures are lacking that the rule rests on; None when there is nothing to say."""
Range = tuple[Decimal | None, Decimal | None]
NO_SAVING: Range = (None, None)
ON_INSTANCES = frozenset(
    {Kind.REAL_TIME, Kind.ASYNCHRONOUS, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER, Kind.INFERENCE_COMPONENT}
)
EVERY_KIND = ON_INSTANCES | {Kind.SERVERLESS}
CENTS = Decimal("0.000001")
"""Savings are kept to this part of a dollar."""
LEAST_DAYS = 7.0
"""Days of history below which traffic and use say nothing about a usual week."""


@dataclass(frozen=True)
class Rule:
    """A rule: pure, with a version that goes up whenever its answer to some evidence changes.

    source: the public page it rests on, with its date.
    """

    slug: str
    version: int
    label: str
    kinds: frozenset[Kind]
    find: Callable[[Evidence], Outcome]
    source: str

    def judge(self, evidence: Evidence) -> Outcome:
        """What the rule makes of an endpoint, None also for a kind that it is not meant for."""
        if evidence.kind not in self.kinds:
            return None
        found = self.find(evidence)
        if isinstance(found, Gap):
            return Gap(found.missing, self.slug)
        if found is None:
            return None
        low, high = (
            None if usd is None else usd.quantize(CENTS) for usd in (found.saving_low, found.saving_high)
        )
        return replace(
            found, rule=self.slug, version=self.version, source=self.source, saving_low=low, saving_high=high
        )


@dataclass
class Needs:
    """Collects what a rule asks for. After asking for everything, return `gap` if there is one: a value that was given

    out as known may be None until then.
    """

    found: list[Missing] = field(default_factory=list)

    def of(self, value: T | None, what: str, takes: str) -> T:
        """`value`, noted as missing when it is None."""
        if value is None:
            self.found.append(Missing(what, takes))
        return cast(T, value)

    def history(self, evidence: Evidence, days: float = LEAST_DAYS) -> None:
        """Asks for a window of `days`, and for an endpoint that has lived as long."""
        seen = min(
            evidence.window_days, evidence.window_days if evidence.age_days is None else evidence.age_days
        )
        if seen < days:
            self.found.append(
                Missing(f"{days:.0f} days of history", f"{seen:.1f} days are there: look again later")
            )

    @property
    def gap(self) -> Gap | None:
        return Gap(tuple(self.found)) if self.found else None


def saving(today: PricedWay | None, then: PricedWay | None) -> Range:
    """What changing from one way to another saves a month, with three quarters to five quarters of the traffic.

    Both None unless both have a cost.
    """
    if today is None or then is None or today.usd is None or then.usd is None:
        return NO_SAVING
    found = [today.usd - then.usd]
    pairs = ((today.usd_less, then.usd_less), (today.usd_more, then.usd_more))
    found += [a - b for a, b in pairs if a is not None and b is not None]
    return min(found), max(found)


def part(amount: Decimal | None, low: float, high: float | None = None) -> Range:
    """From a part to another part of an amount of USD; both None without the amount."""
    if amount is None:
        return NO_SAVING
    return amount * Decimal(repr(low)), amount * Decimal(repr(low if high is None else high))


Weight = tuple[Decision, Severity, Effort, Risk]


def advise(
    weight: Weight,
    title: str,
    why: str,
    lines: Sequence[Line],
    undo: str,
    saved: Range = NO_SAVING,
    *,
    steps: tuple[str, ...] = (),
    proposal: Proposal | None = None,
    missing: tuple[Missing, ...] = (),
    to: str = "",
    is_irreversible: bool = False,
) -> Advice:
    """Advice of a rule; the rule adds its own name, version and source."""
    decision, severity, effort, risk = weight
    return Advice(
        decision=decision,
        severity=severity,
        effort=effort,
        risk=risk,
        title=title,
        why=why,
        evidence=tuple(lines),
        undo=undo,
        saving_low=saved[0],
        saving_high=saved[1],
        is_irreversible=is_irreversible,
        proposal=proposal,
        runbook=steps,
        missing=missing,
        to=to,
    )


def linters(e: Evidence, finding: str) -> Proposal | None:
    """The operation by which the scaling linter would settle one of its findings; None without the finding or one."""
    found = next((each for each in e.scaling.lint if each.rule == finding), None)
    kind = next((each for each in OperationKind if found and each.value == found.operation), None)
    return Proposal(kind, dict(found.fields)) if found and kind else None


def change_instances(instance_type: str, count: int | None) -> Proposal | None:
    """The operation that gives it other instances; None while their number is not known."""
    if count is None:
        return None
    fields = {"instance_type": instance_type, "instance_count": str(count)}
    return Proposal(OperationKind.CHANGE_INSTANCES, fields)
