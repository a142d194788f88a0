"""The decision flow as a picture: every way has its place, the path is marked, hostile figures stay text."""

import re

import pytest

from dashboards.advisor import flow_picture
from fleet.advisor.evidence import HostingOption
from fleet.advisor.flow import Answers, decide
from fleet.analysis.traffic_shape import LatencyClass, Pattern, PayloadClass

SUSTAINED = Answers(
    is_offline=False,
    payload=PayloadClass.SMALL,
    latency=LatencyClass.INTERACTIVE,
    pattern=Pattern.SUSTAINED,
    excluded=(),
    models=1,
)


@pytest.mark.parametrize("answers", [SUSTAINED, Answers(), Answers(is_offline=True)])
def test_every_question_and_way_has_a_place_of_its_own(answers: Answers) -> None:
    flow = decide(answers)
    drawn = flow_picture.picture(flow)
    places = re.findall(r'<rect x="(\d+)" y="(\d+)"', drawn)
    assert len(set(places)) == len(places) == len(flow.nodes)
    assert drawn.count('class="flow-edge') == len(flow.edges)
    assert drawn.count("is-taken") == len(flow.path) + len(flow.path) - 1
    assert {node.option for node in flow.nodes if node.option} == set(HostingOption)


def test_the_path_is_told_in_words_too() -> None:
    flow = decide(SUSTAINED)
    assert flow.result is HostingOption.REAL_TIME
    assert flow_picture.label(flow).endswith("It ends at real-time.")
    answers = [answer for _, answer, _ in flow_picture.steps(flow)]
    assert answers == ["No", "No", "No", "No"]
    stopped = decide(Answers())
    assert flow_picture.label(stopped).endswith("It stops there.")
    assert flow_picture.steps(stopped)[-1][1] == "Not known"


def test_figures_are_escaped() -> None:
    hostile = "<script>alert(1)</script>"
    flow = decide(Answers(is_offline=True, figures={"is_offline": hostile}))
    assert "<script" not in flow_picture.picture(flow)
    assert "&lt;script&gt;" in flow_picture.picture(flow)
