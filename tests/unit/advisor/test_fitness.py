"""The five fitness functions: points from figures, none from unknowns, weights, and reasons for and against a way."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fleet.advisor.evidence import Evidence, HostingOption, Payload
from fleet.advisor.explain import explain
from fleet.advisor.fitness import Fitness, Function, fitness
from fleet.advisor.flow import Answers, answers_from
from fleet.analysis.traffic_shape import Pattern
from fleet.types import Kind

from .worked_cases import REAL_TIME, SERVERLESS, shaped


def scored(e: Evidence, option: HostingOption) -> Fitness:
    return next(each for each in fitness(answers_from(e), e) if each.option is option)


def test_cost_is_the_cheapest_way_as_a_part_of_this_one() -> None:
    assert scored(SERVERLESS, HostingOption.REAL_TIME).scores[Function.COST].points == 100
    # 74.46 on an instance, 90 as the cheapest serverless size.
    found = scored(SERVERLESS, HostingOption.SERVERLESS).scores[Function.COST]
    assert found.points == pytest.approx(100 * 74.46 / 90)
    assert "$90.00 a month; the cheapest $74.46" in found.why


def test_latency_of_serverless_falls_with_the_part_of_cold_calls() -> None:
    # 40 of 10,000 calls are 0.4 %; nothing is left at 10 %.
    assert scored(SERVERLESS, HostingOption.SERVERLESS).scores[Function.LATENCY].points == pytest.approx(96)
    often = replace(SERVERLESS, cold=replace(SERVERLESS.cold, count=2_000))
    assert scored(often, HostingOption.SERVERLESS).scores[Function.LATENCY].points == 0


def test_work_above_a_minute_rules_out_what_has_to_answer_within_one() -> None:
    slow = replace(REAL_TIME, calls=replace(REAL_TIME.calls, latency_ms_p99=90_000))
    assert scored(slow, HostingOption.REAL_TIME).scores[Function.LATENCY].points == 0
    assert scored(slow, HostingOption.SERVERLESS).scores[Function.LATENCY].points == 0


def test_even_traffic_is_for_instances_and_gaps_are_for_serverless() -> None:
    steady = {
        each.option: each.scores[Function.TRAFFIC].points or 0
        for each in fitness(answers_from(REAL_TIME), REAL_TIME)
    }
    assert steady[HostingOption.REAL_TIME] > steady[HostingOption.SERVERLESS]
    gaps = replace(REAL_TIME, shape=shaped(Pattern.INTERMITTENT, 0.1))
    rare = {
        each.option: each.scores[Function.TRAFFIC].points or 0 for each in fitness(answers_from(gaps), gaps)
    }
    assert rare[HostingOption.REAL_TIME] < rare[HostingOption.SERVERLESS]


def test_of_an_unknown_workload_only_simplicity_is_known_and_no_total_is_given() -> None:
    for found in fitness(Answers()):
        assert found.scores[Function.COST].points is None
        assert found.scores[Function.TRAFFIC].points is None
        assert found.scores[Function.SCALING].points is not None
        assert all(score.why for score in found.scores.values())
        assert found.total is None


def test_weights_decide_between_scores_and_a_weight_of_none_takes_one_out() -> None:
    only_cost = dict.fromkeys(Function, 0.0) | {
        Function.COST: 1.0,
        Function.LATENCY: 1.0,
        Function.SCALING: 1.0,
    }
    found = next(
        each
        for each in fitness(answers_from(SERVERLESS), SERVERLESS, only_cost)
        if each.option is HostingOption.REAL_TIME
    )
    assert found.total == pytest.approx((100 + 100 + 60) / 3)


def test_scores_lie_between_nothing_and_a_hundred() -> None:
    for evidence in (SERVERLESS, REAL_TIME, Evidence("x", Kind.SERVERLESS)):
        for found in fitness(answers_from(evidence), evidence):
            assert all(
                0 <= score.points <= 100 for score in found.scores.values() if score.points is not None
            )


def test_why_not_asynchronous_is_answered_with_limits_prices_and_what_is_missing() -> None:
    reasons = explain(REAL_TIME, HostingOption.ASYNCHRONOUS)
    text = {reason.text: reason.speaks_for for reason in reasons}
    assert text["Answers have to come within 3,600 s; p99 is 200 ms."] is True
    assert text["Callers have to change: input and answers go through S3."] is False
    assert text["Latency: whether callers can wait: a person has to say."] is None
    assert any(words.startswith("$500.00 a month as ml.c5.large, $595.68 today.") for words in text)
    assert any("CloudWatch reports no sizes" in words and known is None for words, known in text.items())


def test_why_not_serverless_names_what_it_uses_that_serverless_lacks() -> None:
    blocked = replace(
        REAL_TIME, exclusions=("VPC configuration",), payload=Payload(largest_bytes=5e6, source="told")
    )
    text = {reason.text: reason.speaks_for for reason in explain(blocked, HostingOption.SERVERLESS)}
    assert text["Serverless has no VPC configuration, which it uses."] is False
    assert text["Requests up to 4 MB; the largest is 5 MB."] is False
    assert any("AWS refuses to turn" in words for words in text)


def test_why_real_time_for_serverless_says_that_there_is_no_way_back() -> None:
    found = explain(replace(SERVERLESS, budget_usd=Decimal(1)), HostingOption.REAL_TIME)
    assert any("no way back" in reason.text for reason in found)
