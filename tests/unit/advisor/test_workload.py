"""A described workload: a week of it, priced as an endpoint of that use would be, and scored with those prices."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.advisor.evidence import HostingOption
from fleet.advisor.explain import explain
from fleet.advisor.fitness import Function, fitness
from fleet.advisor.flow import Answers
from fleet.advisor.workload import Workload, evidence
from fleet.costs.break_even import Family

from .test_ways import BOOK, MACHINES, REGION

# 2,628,000 calls a month of 0.5 s are 1,800 s of work in each of 730 hours.
STEADY = Workload(Decimal(2_628_000), Decimal("0.5"), 4000)


def months(described: Workload, family: Family) -> list[Decimal]:
    found = evidence(described, Answers(excluded=()), REGION, BOOK, MACHINES).ways
    return [way.usd for way in found if way.family is family and way.usd is not None and not way.why_not]


def test_serverless_costs_its_seconds_at_the_size_that_holds_the_model() -> None:
    # 1,314,000 s at $0.00008 a second of 4 GB; smaller sizes do not hold 4,000 MB.
    assert min(months(STEADY, Family.SERVERLESS)) == pytest.approx(Decimal("105.12"), abs=Decimal("1e-6"))


def test_one_instance_runs_all_month_whatever_it_does() -> None:
    few = Workload(Decimal(1000), Decimal("0.1"), 4000, peak=1)
    assert min(months(few, Family.REAL_TIME)) == Decimal("74.46")
    assert min(months(few, Family.SERVERLESS)) < Decimal("0.01")


def test_work_in_a_few_hours_needs_instances_behind_a_queue_only_then() -> None:
    nightly = Workload(Decimal(73_000), Decimal(1), 4000, Decimal(1) / 24, peak=2)
    # Seven of 168 hours a week on one c5.large.
    assert min(months(nightly, Family.ASYNCHRONOUS)) == pytest.approx(
        Decimal("74.46") * 7 / 168, rel=Decimal("1e-6")
    )


def test_a_model_larger_than_serverless_takes_is_told_so() -> None:
    found = evidence(Workload(Decimal(1000), Decimal(1), 8000), Answers(), REGION, BOOK, MACHINES)
    assert all(way.why_not for way in found.ways if way.family is Family.SERVERLESS)


def test_scores_and_reasons_come_with_prices_and_nothing_is_todays() -> None:
    answers = Answers(is_offline=False, is_queueable=False, excluded=())
    found = evidence(STEADY, answers, REGION, BOOK, MACHINES)
    scored = {each.option: each for each in fitness(answers, found)}
    assert scored[HostingOption.SERVERLESS].scores[Function.COST].points is not None
    assert not any(each.is_today for each in scored.values())
    assert found.today is None
    texts = [reason.text for reason in explain(found, HostingOption.REAL_TIME)]
    assert "It is hosted so today." not in texts
    assert "$148.92 a month as 2 × ml.c5.large." in " ".join(texts)
    assert not any(
        "AWS refuses" in text for text in (each.text for each in explain(found, HostingOption.SERVERLESS))
    )


@pytest.mark.parametrize(
    "wrong", [{"calls": Decimal(-1)}, {"busy_share": Decimal(0)}, {"busy_share": Decimal(2)}]
)
def test_figures_that_cannot_be_are_refused(wrong: dict[str, Decimal]) -> None:
    fields = {"calls": Decimal(1), "seconds": Decimal(1), "memory_mb": 1024} | wrong
    with pytest.raises(ValueError, match=r"hours with calls|negative"):
        Workload(**fields)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**7), st.integers(1, 2000), st.integers(1, 100))
def test_more_calls_never_make_serverless_cheaper(calls: int, ms: int, percent: int) -> None:
    share = Decimal(percent) / 100
    few = Workload(Decimal(calls), Decimal(ms) / 1000, 3000, share, peak=1)
    more = Workload(Decimal(calls * 2), Decimal(ms) / 1000, 3000, share, peak=1)
    assert min(months(few, Family.SERVERLESS)) <= min(months(more, Family.SERVERLESS))
