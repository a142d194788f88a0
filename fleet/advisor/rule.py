"""What a rule is, and the small words that rules are written with. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from fleet.advisor.advice import Advice, Gap, Missing
from fleet.advisor.evidence import Evidence, PricedWay
from fleet.types import Kind

Outcome = Advice | Gap | None
"""Advice; a Gap when figures are lacking that the rule rests on; None when there is nothing to say."""
Range = tuple[Decimal | None, Decimal | None]
NO_SAVING: Range = (None, None)
ON_INSTANCES = frozenset(
    {Kind.REAL_TIME, Kind.ASYNCHRONOUS, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER, Kind.INFERENCE_COMPONENT}
)
EVERY_KIND = ON_INSTANCES | {Kind.SERVERLESS}


@dataclass(frozen=True)
class Rule:
    """A rule: pure, with a version that goes up whenever its answer for some evidence changes.

    source: the public page it rests on, with date. topics: what of docs/advisor.md it answers.
    """

    slug: str
    version: int
    label: str
    kinds: frozenset[Kind]
    judge: Callable[[Evidence], Outcome]
    source: str


def lacking(rule: str, *needed: tuple[object, str, str]) -> Gap | None:
    """A Gap naming every (value, what, takes) whose value is None; None when all are known."""
    found = tuple(Missing(what, takes) for value, what, takes in needed if value is None)
    return Gap(rule, found) if found else None


def saving(today: PricedWay | None, then: PricedWay | None) -> Range:
    """What changing from one way to another saves a month with three to five quarters of the traffic.

    Both None unless both have a cost.
    """
    if today is None or then is None or today.usd is None or then.usd is None:
        return NO_SAVING
    found = [today.usd - then.usd]
    pairs = ((today.usd_less, then.usd_less), (today.usd_more, then.usd_more))
    found += [a - b for a, b in pairs if a is not None and b is not None]
    return min(found), max(found)
