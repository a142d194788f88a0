"""Whatever happens at AWS and to the calls that watch it: once the faults are over, the mirror equals AWS.

Hypothesis makes up histories and shrinks a failing one to its essence. FLOTILLA_BENCH=full tries many more, each time
others.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from fleet.aws import sessions
from fleet.models import ChangeEvent, Endpoint, Shard
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync.life import READS, Life, Step, mirror

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

NAMES = ("alpha", "beta", "gamma")
CONFIGS = ("small", "large", "steady")
COMPONENTS = ("chat", "vision")
HOMES = ("shared", "spare")
FAULTS = (
    "throttle", "500", "deny", "expired-token", "vanish", "truncate", "reset", "repeat-token", "empty-page",
    "empty-list", "without-list", "unknown-field",
)  # fmt: skip
IS_DEEP = os.environ.get("FLOTILLA_BENCH") == "full"

names, configs, components = st.sampled_from(NAMES), st.sampled_from(CONFIGS), st.sampled_from(COMPONENTS)
concurrency = st.integers(2, 30)
CHANGES = (
    st.tuples(st.just("create"), names, configs),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("recreate"), names, configs),
    st.tuples(st.just("update"), names, configs),
    st.tuples(st.just("resize"), names, concurrency),
    st.tuples(st.just("tag"), names, st.sampled_from(("team", "owner")), st.sampled_from(("x", "y", ""))),
    st.tuples(st.just("untag"), names, st.sampled_from(("team", "owner"))),
    st.tuples(st.just("scale"), names, st.integers(1, 2), st.integers(2, 5)),
    st.tuples(st.just("policy"), names, st.sampled_from((0.5, 0.7))),
    st.tuples(st.just("unscale"), names),
    st.tuples(st.just("component"), components, st.integers(0, 1), st.sampled_from(HOMES)),
    st.tuples(st.just("move"), components, st.sampled_from(HOMES)),
    st.tuples(st.just("copies"), components, st.integers(0, 1)),
    st.tuples(st.just("drop"), components),
)
TIMES = (
    st.tuples(st.just("wait"), st.sampled_from((0.5, 30, 400, 1000, 4000))),
    st.tuples(st.just("wait"), st.sampled_from((30, 90))),
)
DISTURBANCES = (
    st.tuples(
        st.just("fault"),
        st.sampled_from(FAULTS),
        st.sampled_from(READS),
        st.sampled_from((0.3, 1.0)),
        st.integers(0, 9),
    ),
    st.tuples(st.just("calm")),
)
RUNS = (
    st.tuples(st.just("routine")),
    st.tuples(st.just("full")),
    st.tuples(st.just("cut"), st.integers(0, 12)),
)
history = st.lists(st.one_of(*CHANGES, *TIMES, *DISTURBANCES, *RUNS, *RUNS), min_size=6, max_size=14)


@given(steps=history)
@settings(
    max_examples=150 if IS_DEEP else 15,
    derandomize=not IS_DEEP,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_history_ends_in_a_mirror_of_aws(
    simulator: SimulatorProcess, shard: Shard, hurried: Callable[[], None], steps: Sequence[Step]
) -> None:
    note("\n".join(repr(step) for step in steps))
    simulator.clear_faults().reset("changing")
    hurried()
    with transaction.atomic():
        life = Life(simulator, shard)
        life.full()
        for step in steps:
            life.take(step)
        life.end()
        assert mirror(shard) == life.truth()
        shard.refresh_from_db()
        failing = {name: s["error"] for name, s in shard.sections.items() if s["error"]}
        assert (failing, shard.failures) == ({}, 0)
        assert _open_lives_of_closed(shard) == {}
        transaction.set_rollback(True)


@pytest.fixture
def hurried(simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """botocore gives up after the first attempt, so that faults cost no time; every history starts at full pace."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return sessions.reset


def _open_lives_of_closed(shard: Shard) -> dict[int, int]:
    """Endpoints whose closings do not match their openings: each life is closed once."""
    wrong = {}
    for row in Endpoint.objects.filter(shard=shard):
        told = Counter(ChangeEvent.objects.filter(endpoint=row).values_list("category", flat=True))
        closings, openings = told["closed"], told["created"]
        if closings != openings - (row.closed_at is None):
            wrong[row.pk] = closings
    return wrong
