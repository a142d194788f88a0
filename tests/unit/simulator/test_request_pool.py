"""The request-level pool by hand: every rule with the smallest traffic that shows it."""

from dataclasses import replace

import pytest

from simulator.request_pool import ANY, MOST_RECENT, Call, Rules, published, serve
from simulator.request_traffic import KINDS, endpoint

RULES = Rules(idle_timeout_s=600, max_concurrency=10, overhead_s=0.0)
"""No overhead, so that latency is execution plus set-up."""


def calls(*times: float, service_s: float = 2, setup_s: float = 5) -> list[Call]:
    return [Call(at, service_s, setup_s) for at in times]


def test_a_call_within_the_timeout_after_the_last_one_ended_is_warm() -> None:
    """The first call ends at 5 + 2 = 7; a container idle for 599 s is still there."""
    assert [one.is_cold for one in serve(calls(0, 7 + 599), RULES).served] == [True, False]


def test_a_call_later_than_the_timeout_is_cold() -> None:
    assert [one.is_cold for one in serve(calls(0, 7 + 601), RULES).served] == [True, True]


def test_a_second_call_at_the_same_time_needs_a_container_of_its_own() -> None:
    assert serve(calls(0, 1), RULES).cold == 2


def test_a_call_above_the_limit_is_throttled_and_set_up_counts_as_at_work() -> None:
    """The second call comes at 4, while the only container allowed is being set up for the first."""
    truth = serve(calls(0, 4), replace(RULES, max_concurrency=1))
    assert (truth.cold, truth.throttled, truth.spilled) == (1, 1, 1)


def test_the_level_may_change_with_time() -> None:
    truth = serve(calls(0, 10_000, 20_000), RULES, level_at=lambda at_s: int(at_s >= 5_000))
    assert [one.is_provisioned for one in truth.served] == [False, True, True]


def test_provisioned_containers_are_used_first_and_are_never_cold() -> None:
    truth = serve(calls(0, 10_000), replace(RULES, provisioned=1))
    assert [one.is_provisioned for one in truth.served] == [True, True]
    assert truth.cold == 0


def test_calls_spill_over_only_while_all_that_is_provisioned_is_at_work() -> None:
    truth = serve(calls(0, 1, 2.5), replace(RULES, provisioned=1))
    assert [one.is_provisioned for one in truth.served] == [True, False, True]
    assert (truth.spilled, truth.cold) == (1, 1)


def test_taking_the_last_one_first_lets_the_other_one_die() -> None:
    """Two containers from 0; lone calls each 300 s. Always the same one is reused, so two at 1,500 s need a new one."""
    times = (0, 0.5, 300, 600, 900, 1200, 1500, 1500.5)
    assert serve(calls(*times), RULES).cold == 3


def test_taking_any_keeps_more_of_them_alive() -> None:
    times = (0, 0.5, *range(50, 20_000, 50), 20_000, 20_000.5)
    assert (
        serve(calls(*times), replace(RULES, reuse=ANY), seed=1).cold < 3 == serve(calls(*times), RULES).cold
    )


def test_latency_is_execution_and_set_up_where_it_was_cold() -> None:
    truth = serve(calls(0, 100), RULES)
    assert truth.latency_s(0.99) == 7
    assert truth.latency_s(0.0) == 2


def test_rows_stamp_calls_at_arrival_and_set_ups_and_latency_at_completion() -> None:
    """Two calls at 58 and 59: both are set up until 63 and 64 and end at 65 and 66."""
    first, second = published(serve(calls(58, 59), RULES))
    assert (first["at_s"], first["invocations"], first["setup_count"]) == (0, 2, None)
    assert first["concurrency_utilization_max"] == 0.2
    assert (second["at_s"], second["invocations"], second["setup_count"]) == (60, None, 2)
    assert second["concurrency_utilization_max"] == 0.2
    assert second["model_latency_ms_sum"] == 4000
    assert second["setup_ms_avg"] == 5000
    assert second["overhead_ms_max"] == 5000


def test_rows_count_spill_over_only_where_something_is_provisioned() -> None:
    (bare,) = published(serve(calls(0), RULES))
    (held,) = published(serve(calls(0, 1), replace(RULES, provisioned=1)))
    assert bare["spillover_invocations"] is None
    assert (held["provisioned_invocations"], held["spillover_invocations"]) == (1, 1)


def test_rows_hold_no_throttled_call() -> None:
    (row,) = published(serve(calls(0, 0, 0), replace(RULES, max_concurrency=2)))
    assert (row["invocations"], row["concurrency_utilization_max"]) == (2, 1.0)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_more_provisioned_never_spills_more_and_all_spills_with_none(kind: str) -> None:
    made = endpoint(kind, seed=5, days=2)
    spilled = [
        serve(made.calls, replace(made.rules, provisioned=level, reuse=reuse), 1).spilled
        for reuse in (MOST_RECENT, ANY)
        for level in (0, 1, 2, 4)
    ]
    assert spilled[0] == spilled[4] == len(made.calls) > 0
    assert spilled[:4] == sorted(spilled[:4], reverse=True)
    assert spilled[4:] == sorted(spilled[4:], reverse=True)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_as_many_provisioned_as_ever_at_work_leave_nothing_to_spill(kind: str) -> None:
    made = endpoint(kind, seed=6, days=1)
    rows = published(serve(made.calls, made.rules))
    peak = max(round((row["concurrency_utilization_max"] or 0) * made.rules.max_concurrency) for row in rows)
    assert serve(made.calls, replace(made.rules, provisioned=peak)).spilled == 0


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_same_seed_makes_the_same_calls_and_another_seed_others(kind: str) -> None:
    assert endpoint(kind, 1, days=1) == endpoint(kind, 1, days=1)
    assert endpoint(kind, 1, days=1) != endpoint(kind, 2, days=1)
