"""All rules on one endpoint: order, what excludes what, and properties that hold whatever is known."""

import random
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.advisor.advice import Advice, Decision, Severity
from fleet.advisor.catalogue import ALL_RULES
from fleet.advisor.engine import excludes, judge, order, review
from fleet.advisor.evidence import Calls, Cold, Evidence, Month, Use
from fleet.types import Kind

from . import cases_hosting, cases_scaling, cases_size, cases_waste
from .cases_scaling import FULL, UNEVEN
from .worked_cases import REAL_TIME, SERVERLESS, but

CASES = (*cases_hosting.CASES, *cases_size.CASES, *cases_scaling.CASES, *cases_waste.CASES)
KINDS = [kind for kind in Kind if kind is not Kind.UNKNOWN]


def slugs(found: list[Advice]) -> list[str]:
    return [advice.rule for advice in found]


def test_a_better_way_to_host_names_the_smaller_change_as_its_alternative() -> None:
    found = judge(SERVERLESS)
    converted = found[0]
    assert converted.rule == "convert-to-real-time"
    assert [each.rule for each in converted.alternatives] == ["memory-too-large", "fits-another-way"]
    assert converted.alternatives[0].why == "saves less for sure"
    assert "memory-too-large" not in slugs(found)


def test_a_rule_that_broke_its_promises_comes_after_what_is_as_urgent() -> None:
    found = judge(SERVERLESS, demoted={"convert-to-real-time"})
    assert found[0].rule == "memory-too-large"
    named = {each.rule: each.why for each in found[0].alternatives}
    assert named["convert-to-real-time"] == "what this rule promised came true too rarely"


def test_deleting_an_idle_endpoint_stands_for_everything_that_would_improve_it() -> None:
    idle = but(UNEVEN, calls__days_since_last=30.0, calls__count=0.0)
    found = judge(idle)
    assert found[0].rule == "idle"
    assert {"no-autoscaling"} <= {each.rule for each in found[0].alternatives}
    assert all(not excludes(found[0], other) for other in found[1:])


def test_refused_calls_come_first_and_stand_beside_a_saving() -> None:
    found = judge(but(FULL, cold__concurrency_use_max=1.0))
    assert slugs(found)[:2] == ["max-concurrency-reached", "convert-to-real-time"]


def test_a_steady_well_sized_endpoint_gets_no_advice() -> None:
    assert judge(but(REAL_TIME, deployment=None)) == []


def test_gaps_name_the_rule_and_what_it_would_take() -> None:
    found = review(Evidence("new", Kind.SERVERLESS))
    assert found.advice == ()
    assert {"idle", "convert-to-real-time", "cold-starts"} <= {gap.rule for gap in found.gaps}
    assert all(missing.what and missing.takes for gap in found.gaps for missing in gap.missing)


def test_only_the_rules_that_are_given_run() -> None:
    chosen = [rule for rule in ALL_RULES if rule.slug == "memory-too-large"]
    assert slugs(judge(SERVERLESS, chosen)) == ["memory-too-large"]


def test_the_order_of_rules_does_not_matter() -> None:
    shuffled = list(ALL_RULES)
    random.Random(5).shuffle(shuffled)
    assert judge(UNEVEN, shuffled) == judge(UNEVEN)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_what_is_shown_never_excludes_each_other_and_nothing_is_lost(case: Any) -> None:
    found = judge(case.fires)
    for n, advice in enumerate(found):
        assert not any(excludes(advice, other) for other in found[n + 1 :])
    shown = {advice.rule for advice in found}
    named = {each.rule for advice in found for each in advice.alternatives}
    said = {rule.slug for rule in ALL_RULES if isinstance(rule.judge(case.fires), Advice)}
    assert shown | named == said
    assert not shown & named
    assert [order(advice) for advice in found] == sorted(order(advice) for advice in found)


# --- properties over evidence with parts left out -----------------------------------------------------

_LESS_KNOWN: dict[str, Any] = {
    "calls": Calls(), "use": Use(), "cold": Cold(), "month": Month(), "ways": (), "shape": None, "exclusions": None,
    "cache": None, "plan": None, "cohosts": None, "age_days": 1.0, "window_days": 0.5,
}  # fmt: skip


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """The evidence of any case, parts of it forgotten, figures of others in their place."""
    base, other = draw(st.sampled_from(CASES)).fires, draw(st.sampled_from(CASES)).fires
    taken = draw(st.sets(st.sampled_from(sorted(_LESS_KNOWN)), max_size=6))
    forgotten = draw(st.sets(st.sampled_from(sorted(_LESS_KNOWN)), max_size=6))
    found = replace(base, **{name: getattr(other, name) for name in taken})
    return replace(found, **{name: _LESS_KNOWN[name] for name in forgotten})


@settings(max_examples=60, deadline=None)
@given(evidences())
def test_the_same_evidence_gives_the_same_advice_and_numbers_come_in_order(evidence: Evidence) -> None:
    found = judge(evidence)
    assert found == judge(evidence)
    for advice in found:
        assert (advice.saving_low is None) == (advice.saving_high is None)
        if advice.saving_low is not None and advice.saving_high is not None:
            assert advice.saving_low <= advice.saving_high


@settings(max_examples=60, deadline=None)
@given(evidences())
def test_no_saving_is_claimed_where_no_cost_is_known(evidence: Evidence) -> None:
    broke = _without_money(evidence)
    for advice in judge(broke):
        assert (advice.saving_low, advice.saving_high) == (None, None), advice.rule


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(KINDS), st.sampled_from(CASES))
def test_of_an_endpoint_without_figures_only_what_its_config_says_is_advised(kind: Kind, case: Any) -> None:
    known = Evidence("new", kind, hosting=case.fires.hosting)
    found = {advice.rule for advice in judge(known) if advice.severity <= Severity.ADVICE}
    assert found <= {"older-family", "several-gpus", "memory-below-model"}


@settings(max_examples=50, deadline=None)
@given(evidences())
def test_a_saving_is_never_larger_than_what_the_endpoint_costs(evidence: Evidence) -> None:
    total = evidence.month.total
    most = max(
        (
            each
            for each in (total, evidence.today.usd_more if evidence.today else None, _shared(evidence))
            if each is not None
        ),
        default=None,
    )
    for advice in judge(evidence):
        if advice.saving_high is not None and most is not None and advice.decision is not Decision.COMMITMENT:
            assert advice.saving_high <= max(most, _plan(evidence)), advice.rule


def _plan(evidence: Evidence) -> Decimal:
    change = evidence.plan.usd_change if evidence.plan else None
    return abs(change or Decimal(0))


def _shared(evidence: Evidence) -> Decimal | None:
    return evidence.cohosts.usd_today if evidence.cohosts else None


def _without_money(value: Any) -> Any:
    """The same evidence with every amount of money forgotten."""
    if isinstance(value, Decimal):
        return None
    if isinstance(value, dict):
        return {key: _without_money(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_without_money(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{each.name: _without_money(getattr(value, each.name)) for each in fields(value)}
        )
    return value


@pytest.mark.parametrize("kind", Kind)
def test_rules_for_a_kind_say_what_all_rules_say(kind: Kind) -> None:
    found = Evidence("chat", kind)
    assert review(found) == review(found, list(ALL_RULES))
