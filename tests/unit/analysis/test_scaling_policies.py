"""The scaling linter: each rule fires, just does not, and says what is missing where a figure is not known."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from fleet.analysis.scaling_policies import RULES, lint
from fleet.analysis.scaling_policies.facts import (
    COPIES,
    INSTANCES,
    PROVISIONED,
    STEP,
    TRACKING,
    Policy,
    Scaled,
    Use,
    policy,
)
from fleet.analysis.scaling_policies.findings import LABELS, Finding, Report, Rule, Severity
from fleet.analysis.scaling_policies.week import Window, window
from fleet.operations.kinds import OperationKind
from fleet.operations.schedules import Way
from fleet.types import Kind

BACKLOG = Policy("backlog", TRACKING, "ApproximateBacklogSizePerInstance", 5, cooldown_in_s=600)
WAKE = Policy("wake", STEP, adds=True, removes=False)
QUIET = Use(hours=336, empty=168, p90_s=20, p99_s=60)
OCR = Scaled(
    "ocr-async", Kind.ASYNCHRONOUS, "endpoint/ocr-async/variant/AllTraffic", INSTANCES,
    minimum=0, maximum=4, level=0, policies=(BACKLOG, WAKE), may_deregister=True, use=QUIET,
)  # fmt: skip
RANKER = Scaled(
    "ranker", Kind.SERVERLESS, "endpoint/ranker/variant/AllTraffic", PROVISIONED,
    minimum=1, maximum=10, level=4, may_deregister=True, use=Use(hours=336, empty=300),
)  # fmt: skip
CHAT = Scaled(
    "llm-ic", Kind.INFERENCE_COMPONENT, "inference-component/llm-chat", COPIES,
    minimum=1, maximum=3, level=1, may_deregister=True,
)  # fmt: skip
SEARCH = Scaled(
    "search-rt", Kind.REAL_TIME, "endpoint/search-rt/variant/AllTraffic", INSTANCES,
    minimum=2, maximum=8, level=4, policies=(Policy("calls", TRACKING, "X", 900),), may_deregister=True,
)  # fmt: skip
OFFICE = frozenset(24 * day + hour for day in range(5) for hour in range(8, 18))
READ_AT = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


def rules(report: Report) -> tuple[list[Rule], list[Rule]]:
    return [each.rule for each in report.findings], [each.rule for each in report.missing]


def the_finding(scaled: Scaled) -> Finding:
    (finding,) = lint(scaled).findings
    return finding


@pytest.mark.parametrize("healthy", [OCR, RANKER, CHAT, SEARCH])
def test_what_scales_as_it_should_is_told_nothing(healthy: Scaled) -> None:
    assert lint(healthy) == Report()


WIDE = replace(OCR, minimum=1, level=1)
NOT_CALLED = Use(hours=168, empty=168)

FIRES: list[tuple[Rule, Scaled, Scaled]] = [
    (Rule.ZERO_TRAP, replace(OCR, policies=(BACKLOG,)), OCR),
    (Rule.ZERO_TRAP, replace(OCR, policies=(replace(WAKE, adds=False),)), replace(OCR, policies=(WAKE,))),
    (Rule.ZERO_TRAP, replace(CHAT, minimum=0), replace(CHAT, minimum=0, policies=(WAKE,))),
    (Rule.ZERO_NOT_ALLOWED, replace(RANKER, minimum=0), RANKER),
    (Rule.ZERO_NOT_ALLOWED, replace(SEARCH, minimum=0), replace(SEARCH, minimum=1)),
    (Rule.PAID_WHILE_EMPTY, replace(WIDE, use=replace(QUIET, empty=169)), WIDE),
    (
        Rule.PAID_WHILE_EMPTY,
        replace(WIDE, minimum=None, maximum=None, policies=(), use=replace(QUIET, empty=169)),
        replace(WIDE, lowest_scheduled=0, use=replace(QUIET, empty=169)),
    ),
    (Rule.SHORT_COOLDOWN, replace(OCR, use=Use(p90_s=601, p99_s=900)), replace(OCR, use=Use(p90_s=599, p99_s=600))),
    (
        Rule.SHORT_COOLDOWN,
        replace(OCR, policies=(WAKE, replace(BACKLOG, cooldown_in_s=None)), use=Use(p90_s=301, p99_s=400)),
        replace(OCR, policies=(WAKE, replace(BACKLOG, removes=False)), use=Use(p90_s=301, p99_s=400)),
    ),
    (Rule.OUTSIDE_BOUNDS, replace(RANKER, level=11), replace(RANKER, level=10)),
    (Rule.OUTSIDE_BOUNDS, replace(SEARCH, level=1), replace(SEARCH, level=2)),
    (
        Rule.POLICY_CONFLICT,
        replace(SEARCH, policies=(Policy("a", TRACKING, "X", 900), Policy("b", TRACKING, "X", 500))),
        replace(SEARCH, policies=(Policy("a", TRACKING, "X", 900), Policy("b", TRACKING, "Y", 500))),
    ),
    (
        Rule.POLICY_CONFLICT,
        replace(SEARCH, policies=(Policy("a", TRACKING, "X", 900), Policy("down", STEP, adds=False))),
        replace(SEARCH, policies=(Policy("a", TRACKING, "X", 900), Policy("up", STEP, removes=False))),
    ),
    (Rule.LEFT_BEHIND, replace(SEARCH, is_there=False, level=None), SEARCH),
    (Rule.CANNOT_DEREGISTER, replace(SEARCH, may_deregister=False), SEARCH),
    (Rule.WARM_UNUSED, replace(RANKER, use=NOT_CALLED), replace(RANKER, use=Use(hours=168, empty=167))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "broken", "sound"), FIRES)
def test_a_rule_fires_and_just_does_not(rule: Rule, broken: Scaled, sound: Scaled) -> None:
    assert rule in rules(lint(broken))[0]
    assert rule not in rules(lint(sound))[0]


UNKNOWN: list[tuple[Rule, Scaled, str]] = [
    (Rule.ZERO_TRAP, replace(OCR, kind=Kind.UNKNOWN, policies=()), "hosting option is not known"),
    (Rule.PAID_WHILE_EMPTY, replace(WIDE, use=replace(QUIET, hours=167, empty=167)), "168 read hours; 167 are read"),
    (Rule.PAID_WHILE_EMPTY, replace(WIDE, use=replace(QUIET, hours=None, empty=None)), "none are read"),
    (Rule.PAID_WHILE_EMPTY, replace(WIDE, minimum=None, maximum=None, level=None), "was not described"),
    (Rule.SHORT_COOLDOWN, replace(OCR, use=replace(QUIET, p99_s=None)), "not reported"),
    (Rule.SHORT_COOLDOWN, replace(OCR, use=Use(p90_s=599, p99_s=601)), "between the 90th (599 s) and the 99th (601 s)"),
    (Rule.OUTSIDE_BOUNDS, replace(RANKER, level=None), "provisioned concurrency is not known"),
    (Rule.CANNOT_DEREGISTER, replace(SEARCH, may_deregister=None), "IAM was not asked"),
    (Rule.WARM_UNUSED, replace(RANKER, use=Use(hours=100, empty=100)), "168 read hours; 100 are read"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "scaled", "text"), UNKNOWN)
def test_what_is_not_known_is_no_finding_but_says_what_is_missing(
    rule: Rule, scaled: Scaled, text: str
) -> None:
    found = lint(scaled)
    assert rule not in rules(found)[0]
    (missing,) = [each for each in found.missing if each.rule == rule]
    assert text in missing.text


def test_every_rule_is_tried_and_named() -> None:
    assert {rule for rule, *_ in FIRES} == set(Rule) == set(LABELS)
    assert len(RULES) == len(Rule)


def test_proposals_are_forms_of_operations_that_exist() -> None:
    found = [each for _, broken, _ in FIRES for each in lint(broken).findings]
    proposals = [each.proposal for each in found if each.proposal]
    assert proposals
    for each in proposals:
        assert each.operation in set(OperationKind)
        assert each.fields["way"] in set(Way)
    # What no operation settles has the exact calls.
    assert all(
        each.calls for each in found if not each.proposal and each.rule in {Rule.LEFT_BEHIND, Rule.ZERO_TRAP}
    )
    assert all(each.source.url.startswith("https://docs.aws.amazon.com/") for each in found)


def test_the_zero_trap_is_critical_once_somebody_waits_and_shows_the_exact_policy() -> None:
    stuck = replace(OCR, policies=(BACKLOG,), use=replace(QUIET, waiting=12, waiting_at=READ_AT))
    found = the_finding(stuck)
    assert found.severity is Severity.CRITICAL
    assert found.why.startswith("12 requests wait at 0 instances.")
    assert "a backlog above the tracking target of 5" in found.why
    policy_call, alarm = found.calls
    assert policy_call.request["StepScalingPolicyConfiguration"]["StepAdjustments"] == [
        {"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}
    ]
    assert policy_call.request["ResourceId"] == OCR.resource_id
    assert (alarm.request["MetricName"], alarm.request["Dimensions"]) == (
        "HasBacklogWithoutCapacity",
        [{"Name": "EndpointName", "Value": "ocr-async"}],
    )
    assert found.proposal
    assert dict(found.proposal.fields) == {
        "way": "wake",
        "target": f"{OCR.resource_id} DesiredInstanceCount",
    }
    for awake in (replace(stuck, level=1), replace(stuck, use=replace(QUIET, waiting=0))):
        assert the_finding(awake).severity is Severity.WARNING
    assert ("Requests waiting", "—, not reported") in the_finding(replace(OCR, policies=())).facts


def test_a_minimum_paid_for_nothing_has_its_price_and_a_way_that_wakes() -> None:
    use = replace(QUIET, empty=252, busy=OFFICE, usd_a_day=Decimal("24"))
    found = the_finding(replace(WIDE, use=use))
    assert found.title == "Paid while empty in 75 % of hours"
    # 24 USD a day are 730 a month of 730 h; three quarters of the hours were empty.
    assert found.saving == Decimal("547.50")
    assert found.proposal
    assert (found.proposal.fields["way"], found.proposal.fields["minimum"]) == ("bounds", "0")
    assert found.calls == ()
    by_clock = the_finding(replace(WIDE, policies=(BACKLOG,), use=use))
    assert by_clock.proposal
    assert dict(by_clock.proposal.fields) == {
        "way": "weekly", "target": f"{OCR.resource_id} DesiredInstanceCount", "days": "weekdays", "from_hour": "8",
        "to_hour": "18", "level": "1", "rest": "0", "timezone": "UTC",
    }  # fmt: skip
    assert [call.action for call in by_clock.calls] == ["PutScalingPolicy", "PutMetricAlarm"]
    scattered = the_finding(
        replace(WIDE, policies=(BACKLOG,), use=replace(use, busy=frozenset({0, 23, 100})))
    )
    assert scattered.proposal is None
    assert the_finding(replace(WIDE, use=replace(use, usd_a_day=None))).saving is None


def test_a_short_cooldown_tells_both_accounts_and_the_field_to_change() -> None:
    found = the_finding(replace(OCR, use=Use(p90_s=601, p99_s=905)))
    assert "the backlog was read as 0" in found.why
    assert "AWS's guide counts requests in process" in found.why
    (call,) = found.calls
    assert (call.request["PolicyName"], call.request["ScaleInCooldown"]) == ("backlog", 960)


def test_a_level_outside_the_bounds_offers_to_widen_them() -> None:
    found = the_finding(replace(RANKER, level=15))
    assert found.why == "Provisioned concurrency is 15, outside 1 – 10: auto scaling will bring it back."
    assert found.proposal
    assert found.proposal.fields["maximum"] == "15"


@pytest.mark.parametrize(
    ("kind", "configuration", "expected"),
    [
        (
            TRACKING,
            {
                "TargetValue": 0.7,
                "ScaleInCooldown": 300,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "M"},
            },
            {"metric": "M", "goal": 0.7, "adds": True, "removes": True, "cooldown_in_s": 300},
        ),
        (TRACKING, {"TargetValue": 5, "DisableScaleIn": True}, {"metric": "", "removes": False}),
        (
            STEP,
            {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]},
            {"adds": True, "removes": False, "wakes": True},
        ),
        (STEP, {"StepAdjustments": [{"ScalingAdjustment": -1}]}, {"adds": False, "removes": True, "wakes": False}),
        (STEP, {}, {"adds": False, "removes": False}),
        ("PredictiveScaling", {"x": 1}, {"adds": False, "removes": False, "goal": None}),
    ],
)  # fmt: skip
def test_a_policy_is_read_from_its_document(
    kind: str, configuration: dict[str, Any], expected: dict[str, Any]
) -> None:
    found = policy("p", kind, configuration)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("busy", "expected"),
    [
        (OFFICE, Window("weekdays", 8, 18)),
        (frozenset({24 * 5 + 9, 24 * 6 + 10}), Window("weekend", 9, 11)),
        (frozenset({24 * 6 + 9, 10}), Window("daily", 9, 11)),
        (frozenset({0, 23}), None),
        (frozenset(24 * day + hour for day in range(7) for hour in (1, 22)), None),
        (frozenset(), None),
    ],
)
def test_a_weekly_window_holds_all_work_or_there_is_none(
    busy: frozenset[int], expected: Window | None
) -> None:
    assert window(busy) == expected
