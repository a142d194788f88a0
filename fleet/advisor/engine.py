"""Runs every rule on one endpoint's evidence, ranks what they say and settles what excludes each other. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from fleet.advisor.advice import Advice, Alternative, Decision, Gap
from fleet.advisor.catalogue import ALL_RULES
from fleet.advisor.evidence import Evidence
from fleet.advisor.rule import Rule
from fleet.types import Kind

_MOOT_WITH_HOSTING = frozenset(
    {Decision.SHARING, Decision.SIZE, Decision.COUNT, Decision.WARMTH, Decision.COMMITMENT}
)
_FREE = frozenset({Decision.CARE, Decision.LIMIT, Decision.POLICY, Decision.QUEUE})
"""Decisions that stand beside any other on the same thing."""
_OF_KIND = {kind: [rule for rule in ALL_RULES if kind in rule.kinds] for kind in Kind}
"""So that of the rules for other kinds none is even asked."""


@dataclass(frozen=True)
class Review:
    """What all rules make of one endpoint: advice, best first, and the rules that lacked figures."""

    advice: tuple[Advice, ...]
    gaps: tuple[Gap, ...]


def review(evidence: Evidence, rules: Sequence[Rule] = ALL_RULES, demoted: Collection[str] = ()) -> Review:
    """Runs the rules that are meant for the endpoint's kind. The same evidence gives the same answer, always.

    demoted: names of rules whose savings came true too rarely: theirs comes after what is as urgent.
    """
    advice, gaps = [], []
    for rule in _OF_KIND[evidence.kind] if rules is ALL_RULES else rules:
        found = rule.judge(evidence)
        if isinstance(found, Gap):
            gaps.append(found)
        elif found is not None:
            advice.append(found)
    return Review(tuple(_settled(advice, demoted)), tuple(gaps))


def judge(
    evidence: Evidence, rules: Sequence[Rule] = ALL_RULES, demoted: Collection[str] = ()
) -> list[Advice]:
    """Advice for one endpoint, best first; advice that a better one excludes is named as its alternative."""
    return list(review(evidence, rules, demoted).advice)


def order(advice: Advice, demoted: Collection[str] = ()) -> tuple[object, ...]:
    """What advice is sorted by: severity, whether its rule is demoted, sure saving, risk, effort, name."""
    return (
        advice.severity,
        advice.rule in demoted,
        -(advice.saving_low or Decimal(0)),
        advice.risk,
        advice.effort,
        advice.rule,
    )


def _settled(advice: Iterable[Advice], demoted: Collection[str]) -> list[Advice]:
    kept: list[Advice] = []
    for each in sorted(advice, key=lambda found: order(found, demoted)):
        winner = next((n for n, other in enumerate(kept) if excludes(other, each)), None)
        if winner is None:
            kept.append(each)
        else:
            kept[winner] = _with_alternative(kept[winner], each, demoted)
    return kept


def excludes(one: Advice, other: Advice) -> bool:
    """Whether doing one makes the other pointless or impossible."""
    decisions = {one.decision, other.decision}
    if len(decisions) == 1:
        return one.decision not in _FREE
    if Decision.EXISTENCE in decisions:
        return True
    return Decision.HOSTING in decisions and bool(decisions & _MOOT_WITH_HOSTING)


def _with_alternative(kept: Advice, other: Advice, demoted: Collection[str]) -> Advice:
    if other.severity != kept.severity:
        why = "less urgent"
    elif other.rule in demoted and kept.rule not in demoted:
        why = "what this rule promised came true too rarely"
    elif (other.saving_low or 0) != (kept.saving_low or 0):
        why = "saves less for sure"
    else:
        why = "more risk or effort"
    named = Alternative(other.rule, other.title, other.saving_low, other.saving_high, why)
    return replace(kept, alternatives=(*kept.alternatives, named, *other.alternatives))
