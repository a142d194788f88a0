"""docs/advisor.md and the advisor agree: every topic has a rule that runs, with its source and a test that there is."""

import re
from pathlib import Path

import pytest

from fleet.advisor.catalogue import ALL_RULES
from fleet.advisor.evidence import HostingOption
from fleet.advisor.limits import LIMITS, MAX_CONTAINERS
from fleet.analysis.traffic_shape import Pattern
from tests.unit.advisor.test_rules import CASES
from tests.unit.advisor.test_rules import test_it_fires as fires

ROOT = Path(__file__).resolve().parents[3]
DOC = (ROOT / "docs" / "advisor.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
    for line in DOC.splitlines()
    if line.startswith("| ") and "test_rules.py::" in line
]
RULES = {rule.slug: rule for rule in ALL_RULES}


def test_every_rule_answers_a_topic_and_every_topic_has_rules_that_run() -> None:
    assert {slug for _, slug, _, _ in ROWS} == set(RULES)
    assert len({topic for topic, *_ in ROWS}) >= 30
    assert len(ROWS) == len(set(ROWS))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[1]}: {row[0][:30]}")
def test_a_row_names_the_rules_own_source_and_a_test_that_there_is(row: tuple[str, str, str, str]) -> None:
    _, slug, source, test = row
    assert source == RULES[slug].source
    file, name = test.split("::", 1)
    assert (ROOT / "tests/unit/advisor" / file).is_file()
    assert name == f"{fires.__name__}[{slug}]"
    assert slug in {case.rule for case in CASES}


def test_limits_shapes_and_ways_are_those_of_the_code() -> None:
    words = re.sub(r"[*`]", "", DOC)
    for option in HostingOption:
        assert option.value in words
    for pattern in Pattern:
        assert f"| {pattern.value} |" in words
    assert f"{(LIMITS[HostingOption.SERVERLESS].payload_bytes or 0) // 10**6} MB | 60 s" in words
    assert f"{MAX_CONTAINERS} containers" in words


def test_anchors_that_code_names_are_there() -> None:
    heads = {head.lower().replace(" ", "-") for head in re.findall(r"^## (.*)$", DOC, re.MULTILINE)}
    named = {
        anchor
        for path in (ROOT / "fleet").rglob("*.py")
        for anchor in re.findall(r"docs/advisor\.md#([a-z-]+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= heads
