"""The decision flow: every way to host is reached, unknown answers stop it, and an endpoint's figures answer it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.advisor.evidence import HostingOption, Payload
from fleet.advisor.flow import QUESTIONS, Answers, answers_from, decide
from fleet.analysis.traffic_shape import LatencyClass, Pattern, PayloadClass

from .worked_cases import ASYNCHRONOUS, MULTI_CONTAINER, REAL_TIME, SERVERLESS, shaped

ONLINE = Answers(
    is_offline=False,
    is_queueable=False,
    payload=PayloadClass.SMALL,
    latency=LatencyClass.INTERACTIVE,
    pattern=Pattern.SUSTAINED,
    tolerates_cold=False,
    excluded=(),
    models=1,
)


@pytest.mark.parametrize(
    ("answers", "result", "length"),
    [
        (replace(ONLINE, is_offline=True), HostingOption.BATCH, 2),
        (replace(ONLINE, latency=LatencyClass.LONG, is_queueable=True), HostingOption.ASYNCHRONOUS, 3),
        (replace(ONLINE, payload=PayloadClass.LARGE, is_queueable=True), HostingOption.ASYNCHRONOUS, 3),
        (replace(ONLINE, pattern=Pattern.INTERMITTENT, tolerates_cold=True), HostingOption.SERVERLESS, 4),
        (replace(ONLINE, pattern=Pattern.INTERMITTENT, excluded=("GPU",)), HostingOption.REAL_TIME, 5),
        (replace(ONLINE, pattern=Pattern.BURSTY, tolerates_cold=False), HostingOption.REAL_TIME, 5),
        (ONLINE, HostingOption.REAL_TIME, 5),
        (replace(ONLINE, models=3, is_chain=True), HostingOption.PIPELINE, 6),
        (replace(ONLINE, models=200, is_chain=False), HostingOption.MULTI_MODEL, 7),
        (replace(ONLINE, models=5, is_chain=False, are_alike=True), HostingOption.MULTI_MODEL, 7),
        (replace(ONLINE, models=5, is_chain=False, are_alike=False), HostingOption.MULTI_CONTAINER, 7),
    ],
)
def test_every_end_of_the_flow_is_reached(answers: Answers, result: HostingOption, length: int) -> None:
    flow = decide(answers)
    assert flow.result is result
    assert len(flow.path) == length
    assert flow.path[-1] == result.value
    assert [node.key for node in flow.nodes if node.is_taken and node.option] == [result.value]


@pytest.mark.parametrize(
    ("answers", "stops_at", "says"),
    [
        (Answers(), "offline", "whether all input is there beforehand"),
        (replace(ONLINE, latency=None), "queue", "how long a call takes"),
        (replace(ONLINE, latency=LatencyClass.LONG, is_queueable=None), "queue", "whether callers can wait"),
        (replace(ONLINE, pattern=None), "intermittent", "the shape of the traffic"),
        (replace(ONLINE, pattern=Pattern.DEAD, tolerates_cold=None), "intermittent", "seconds longer"),
        (
            replace(ONLINE, pattern=Pattern.DEAD, tolerates_cold=True, excluded=None),
            "intermittent",
            "features",
        ),
        (replace(ONLINE, models=None), "several", "how many models"),
        (replace(ONLINE, models=2), "chain", "in order"),
        (replace(ONLINE, models=2, is_chain=False), "alike", "framework"),
    ],
)
def test_an_unknown_answer_stops_the_flow_and_says_what_is_missing(
    answers: Answers, stops_at: str, says: str
) -> None:
    flow = decide(answers)
    assert flow.result is None
    assert flow.path[-1] == stops_at
    assert says in flow.missing[0]


def test_the_drawing_has_every_edge_and_marks_only_the_steps_taken() -> None:
    flow = decide(ONLINE)
    assert len(flow.edges) == 2 * len(QUESTIONS)
    assert [(edge.start, edge.end) for edge in flow.edges if edge.is_taken] == list(
        zip(flow.path, flow.path[1:], strict=False)
    )
    keys = {node.key for node in flow.nodes}
    assert all({edge.start, edge.end} <= keys for edge in flow.edges)


def test_a_steady_endpoint_answers_from_its_own_figures() -> None:
    answers = answers_from(REAL_TIME)
    flow = decide(answers)
    assert flow.result is HostingOption.REAL_TIME
    asked = {node.key: node.figure for node in flow.nodes if node.is_taken}
    assert "p99 of the answer 200 ms" in asked["queue"]
    assert "sustained" in asked["intermittent"]


def test_a_serverless_endpoint_with_gaps_stays_serverless() -> None:
    found = decide(answers_from(replace(SERVERLESS, shape=shaped(Pattern.INTERMITTENT, 0.1))))
    assert found.result is HostingOption.SERVERLESS


def test_calls_that_look_like_a_nightly_job_leave_open_whether_it_is_one() -> None:
    nightly = replace(REAL_TIME, shape=shaped(Pattern.INTERMITTENT, 1 / 24, 24.0, 1.0))
    assert answers_from(nightly).is_offline is None
    assert decide(answers_from(nightly)).path == ("offline",)
    assert decide(answers_from(replace(nightly, is_offline=True))).result is HostingOption.BATCH


def test_an_asynchronous_endpoint_with_large_requests_stays_asynchronous() -> None:
    large = replace(ASYNCHRONOUS, payload=Payload(largest_bytes=5e8, source="told by its owner"))
    flow = decide(answers_from(large))
    assert flow.result is HostingOption.ASYNCHRONOUS
    assert "largest request 500 MB, told by its owner" in flow.nodes[1].figure


def test_several_containers_end_in_one_endpoint_of_several_containers() -> None:
    flow = decide(answers_from(replace(MULTI_CONTAINER, hosting=())))
    assert flow.path[-1] == "several", "how many containers it has is not known here"


_ANSWERS = st.builds(
    Answers,
    *(st.none() | st.booleans(),) * 2,
    st.none() | st.sampled_from(PayloadClass),
    st.none() | st.sampled_from(LatencyClass),
    st.none() | st.sampled_from(Pattern),
    st.none() | st.booleans(),
    st.none() | st.sampled_from([(), ("GPU",)]),
    st.none() | st.integers(1, 30),
    *(st.none() | st.booleans(),) * 2,
)


@settings(max_examples=200, deadline=None)
@given(_ANSWERS)
def test_the_flow_ends_in_a_way_or_says_what_is_missing_never_both(answers: Answers) -> None:
    flow = decide(answers)
    assert (flow.result is None) == bool(flow.missing)
    assert len(set(flow.path)) == len(flow.path)
    assert decide(answers) == flow
