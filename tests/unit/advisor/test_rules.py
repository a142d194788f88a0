"""Every rule of the advisor: speaks, just does not speak, and says what is missing instead of guessing."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fleet.advisor.advice import Advice, Gap, Severity
from fleet.advisor.catalogue import ALL_RULES
from fleet.advisor.evidence import Evidence
from fleet.advisor.evidence_parts import Lint, Target
from fleet.advisor.rule import Outcome, Rule
from fleet.costs.break_even import Family
from fleet.operations.kinds import KINDS, OperationKind
from fleet.types import Kind

from . import cases_hosting, cases_scaling, cases_size, cases_waste
from .cases_scaling import COLD, FULL, SCALED, TRAP, WARM
from .worked_cases import ASYNCHRONOUS, MULTI_CONTAINER, MULTI_MODEL, REAL_TIME, SERVERLESS, Case, but, way

CASES = (*cases_hosting.CASES, *cases_size.CASES, *cases_scaling.CASES, *cases_waste.CASES)
RULES = {rule.slug: rule for rule in ALL_RULES}
by_rule = pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)


def judged(slug: str, evidence: Evidence) -> Outcome:
    return RULES[slug].judge(evidence)


def advised(slug: str, evidence: Evidence) -> Advice:
    found = judged(slug, evidence)
    assert isinstance(found, Advice), found
    return found


def test_every_rule_has_a_table_and_only_one() -> None:
    assert sorted(case.rule for case in CASES) == sorted(RULES)
    assert len(RULES) == len(ALL_RULES)


@by_rule
def test_it_fires(case: Case) -> None:
    found = advised(case.rule, case.fires)
    assert case.says in found.title
    assert (found.rule, found.version, found.source) == (case.rule, 1, RULES[case.rule].source)
    expected = None if case.saving is None else tuple(Decimal(each) for each in case.saving)
    if expected is None:
        assert (found.saving_low, found.saving_high) == (None, None)
    else:
        assert found.saving_low == pytest.approx(expected[0], abs=Decimal("0.001"))
        assert found.saving_high == pytest.approx(expected[1], abs=Decimal("0.001"))
    assert found.evidence, "every advice shows what it rests on"
    assert all(line.label and line.value and line.source for line in found.evidence)
    assert found.why
    assert found.undo
    assert found.proposal or found.runbook, "either a button or the exact steps"


@by_rule
def test_it_just_does_not_fire(case: Case) -> None:
    assert judged(case.rule, case.quiet) is None


@by_rule
def test_without_a_figure_it_says_what_is_missing_and_gives_no_number(case: Case) -> None:
    found = judged(case.rule, case.unknown)
    if not case.lacks:
        assert found is None
        return
    assert isinstance(found, Gap), found
    assert any(case.lacks in missing.what for missing in found.missing), found
    assert all(missing.takes for missing in found.missing)


@by_rule
def test_it_says_nothing_of_an_endpoint_of_which_nothing_is_known(case: Case) -> None:
    for kind in RULES[case.rule].kinds:
        assert not isinstance(judged(case.rule, Evidence("new", kind)), Advice)


@by_rule
def test_it_leaves_kinds_alone_that_it_is_not_meant_for(case: Case) -> None:
    rule: Rule = RULES[case.rule]
    for kind in set(Kind) - rule.kinds:
        assert rule.judge(but(case.fires, kind=kind)) is None


@by_rule
def test_a_button_leads_to_an_operation_that_there_is(case: Case) -> None:
    proposal = advised(case.rule, case.fires).proposal
    if proposal is not None:
        assert proposal.kind in KINDS
        assert all(isinstance(value, str) for value in proposal.fields.values())


def test_conversion_is_told_as_irreversible_and_fills_the_form() -> None:
    found = advised("convert-to-real-time", SERVERLESS)
    assert found.is_irreversible
    assert "AWS refuses" in found.undo
    assert found.proposal is not None
    assert found.proposal.kind is OperationKind.CONVERT
    assert found.proposal.fields == {"instance_type": "ml.c5.large", "instance_count": "1"}


def test_a_saving_that_a_quarter_less_traffic_would_undo_is_a_warning_not_a_conversion() -> None:
    close = but(
        SERVERLESS,
        ways=(
            way(Family.REAL_TIME, "ml.c5.large", "100"),
            way(Family.SERVERLESS, "4096", "120", today=True, usd_less=Decimal(90), usd_more=Decimal(150)),
        ),
    )
    assert judged("convert-to-real-time", close) is None
    assert "with a quarter less traffic it would cost $10.00 more" in advised("no-way-back", close).why


def test_no_new_serverless_endpoint_is_advised_where_aws_has_none() -> None:
    rare = cases_hosting.RARE
    assert judged("to-serverless", but(rare, region="ap-southeast-3")) is None


def test_a_payload_near_the_limit_of_serverless_is_far_from_that_of_real_time() -> None:
    serverless, real_time = cases_hosting.MORE["a payload near 4 MB counts for serverless, not for real-time"]
    assert "3.1 MB of 4 MB" in advised("async-for-long-or-large", serverless).evidence[0].value
    assert judged("async-for-long-or-large", real_time) is None


def test_ten_small_endpoints_cost_a_tenth_as_one() -> None:
    found = advised("share-multi-model", cases_hosting.TINY)
    # 1.02 $ an hour against 0.102 $: nine tenths of each member's 74.46 a month.
    assert found.saving_high == Decimal("74.46") * Decimal("0.9")


def test_a_container_is_unused_only_by_a_week_of_zeros_beside_others_that_are_called() -> None:
    called, unused = cases_hosting.NAMED, cases_hosting.UNNAMED
    found = advised("containers-never-called", but(MULTI_CONTAINER, stages=(called, unused)))
    assert [(line.label, line.value) for line in found.evidence] == [
        ("new", "90 calls in 168 hours"),
        ("old", "0 calls in 168 hours"),
    ]
    short = judged(
        "containers-never-called", but(MULTI_CONTAINER, stages=(called, replace(unused, hours=167)))
    )
    assert isinstance(short, Gap)
    # Of an endpoint that nobody calls another rule speaks; a step of a pipeline is called by the step before it.
    assert judged("containers-never-called", but(MULTI_CONTAINER, stages=(unused, unused))) is None
    steps = tuple(replace(each, is_direct=False) for each in (called, unused))
    assert judged("containers-never-called", but(MULTI_CONTAINER, stages=steps)) is None


def test_an_endpoint_younger_than_a_week_is_judged_by_nothing_that_needs_one() -> None:
    young = but(SERVERLESS, age_days=2.0)
    found = judged("convert-to-real-time", young)
    assert isinstance(found, Gap)
    assert found.missing[0].takes == "2.0 days are there: look again later"


def test_provisioned_concurrency_that_auto_scaling_holds_is_not_lowered_by_a_form_that_it_undoes() -> None:
    held = but(cases_waste.UNUSED, scaling__targets=(Target(cases_scaling.PROVISIONED, 8, 8),))
    found = advised("unused-provisioned-concurrency", held)
    assert found.proposal is None
    assert "scalable target" in found.runbook[0]


def test_saturation_is_critical_at_the_limit_and_a_warning_near_it() -> None:
    assert advised("max-concurrency-reached", FULL).severity is Severity.CRITICAL
    assert (
        advised("max-concurrency-reached", but(FULL, cold__concurrency_use_max=0.8)).severity
        is Severity.WARNING
    )
    touched = but(FULL, cold__saturated_minutes=4.0)
    assert advised("max-concurrency-reached", touched).severity is Severity.WARNING


@pytest.mark.parametrize(("used", "limit", "wanted"), [(480, 1000, "30"), (996, 1000, "24")])
def test_a_higher_maximum_stays_within_what_the_region_has_left(used: int, limit: int, wanted: str) -> None:
    found = advised(
        "max-concurrency-reached", but(FULL, quota__concurrency_used=used, quota__concurrency_limit=limit)
    )
    assert found.proposal is not None
    assert found.proposal.fields["max_concurrency"] == wanted


def test_without_quota_left_nothing_is_proposed_that_would_be_refused() -> None:
    found = advised("max-concurrency-reached", but(FULL, quota__concurrency_used=1000))
    assert found.proposal is None
    assert "cannot be raised" in found.title


def test_a_trapped_queue_is_critical_once_something_waits_in_it() -> None:
    assert advised("async-zero-trap", TRAP).severity is Severity.CRITICAL
    assert advised("async-zero-trap", but(TRAP, queue__backlog_max=0.0)).severity is Severity.WARNING


def test_a_level_that_does_not_pay_is_not_advised() -> None:
    assert judged("cold-starts", but(COLD, plan__is_worth_it=False)) is None


def test_the_plan_fills_the_form_of_the_concurrency_operation() -> None:
    found = advised("cold-starts", COLD)
    assert found.proposal is not None
    assert found.proposal.fields == {"max_concurrency": "20", "provisioned_concurrency": "4"}
    assert found.title == "Keep 4 units warm: about 200 cold starts a month fewer for $41.00"
    assert [line.value for line in found.evidence][1:3] == ["180 to 260", "5 to 20"]


def test_a_schedule_of_the_plan_is_applied_where_it_is_drawn() -> None:
    found = advised("cold-starts", but(COLD, plan__level=None, plan__form="schedule"))
    assert found.proposal is None
    assert found.title.startswith("Keep units warm by a weekly schedule")
    assert "Cold starts tab" in found.runbook[0]


def test_a_level_that_auto_scaling_would_undo_has_no_button() -> None:
    held = but(COLD, scaling__targets=(Target(cases_scaling.PROVISIONED, 1, 8),))
    assert advised("cold-starts", held).proposal is None


def test_spill_over_without_a_plan_claims_nothing_and_with_one_tells_its_price() -> None:
    assert advised("spill-over", WARM).missing[0].what == "the level that pays"
    planned = advised("spill-over", but(WARM, plan=replace(cases_scaling.PLAN, level=6)))
    assert "to 6" in planned.title
    assert planned.saving_high == Decimal("-41")


def test_a_finding_that_a_rule_looks_for_is_said_once_with_the_linters_button() -> None:
    lint = Lint(
        "zero-trap",
        "critical",
        "Nothing wakes it from 0",
        operation="change-schedule",
        fields=(("way", "one"),),
    )
    trapped = but(TRAP, scaling__lint=(lint,))
    assert judged("scaling-linter", trapped) is None
    found = advised("async-zero-trap", trapped)
    assert found.proposal is not None
    assert found.proposal.fields == {"way": "one"}


def test_of_several_linter_findings_the_gravest_speaks_and_all_are_listed() -> None:
    lint = (
        Lint("short-cooldown", "warning", "Cool-down shorter than the work"),
        Lint("zero-trap", "critical", "Nothing wakes it from 0"),
    )
    found = advised("scaling-linter", but(SCALED, scaling__lint=lint))
    assert found.severity is Severity.CRITICAL
    assert len(found.evidence) == 2


def test_without_the_number_of_hosted_models_no_hit_ratio_is_foretold() -> None:
    blind = but(cases_size.THRASHING, cache__hosted_models=None, cache__changes=())
    found = advised("cache-thrashing", blind)
    assert found.saving_high is None
    assert found.missing[0].what == "the number of hosted models"
    assert "%" not in found.title


def test_an_idle_serverless_endpoint_saves_nothing_and_says_so_quietly() -> None:
    free = but(SERVERLESS, calls__days_since_last=30.0, month__components={})
    assert advised("idle", free).saving_high is None
    assert "encrypted copy of the container image" in advised("idle", free).why


def test_a_queue_is_not_idle_while_it_works_on_something() -> None:
    busy = but(ASYNCHRONOUS, calls__days_since_last=0.0, calls__count=5.0)
    assert judged("idle", busy) is None


def test_no_memory_to_spare_for_a_lost_instance_is_told_of_a_full_cache() -> None:
    tight = but(cases_size.HEALTHY, use__memory_max=90.0)
    assert "lost instance" in advised("cache-slack", tight).title


def test_inferentia_has_no_guardrails_to_advise() -> None:
    chip = but(cases_waste.NET, main__instance_type="ml.inf1.xlarge")
    assert judged("guarded-updates", chip) is None


def test_rules_about_one_variant_keep_still_about_several() -> None:
    several = but(REAL_TIME, hosting=(*REAL_TIME.hosting, *REAL_TIME.hosting))
    assert judged("oversized", several) is None
    assert judged("no-autoscaling", several) is None


def test_every_rule_names_a_public_source_and_a_label() -> None:
    for rule in ALL_RULES:
        assert rule.label
        assert rule.version >= 1
        assert rule.source.startswith(("Amazon", "AWS"))
        assert rule.kinds
    assert MULTI_MODEL.kind in RULES["cache-thrashing"].kinds
