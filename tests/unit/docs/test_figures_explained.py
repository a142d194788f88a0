"""docs/costs.md and docs/metrics.md say what the code does: anchors, metrics and thresholds are the code's own."""

import re
from pathlib import Path

import pytest

from fleet.analysis import cache, cold_starts
from fleet.catalogue import CATALOGUE
from fleet.types import Confidence

ROOT = Path(__file__).resolve().parents[3]
COSTS = (ROOT / "docs" / "costs.md").read_text()
METRICS = (ROOT / "docs" / "metrics.md").read_text()


def anchors(text: str) -> set[str]:
    return {
        re.sub(r"[^a-z0-9 -]", "", head.lower()).strip().replace(" ", "-")
        for head in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


def test_every_anchor_that_code_and_documents_name_exists() -> None:
    texts = [path.read_text() for folder in ("fleet", "dashboards", "docs") for path in (ROOT / folder).rglob("*.*")
             if path.suffix in {".py", ".md"}]  # fmt: skip
    named = {anchor for text in texts for anchor in re.findall(r"costs\.md#([a-z-]+)", text)}
    assert named
    assert named <= anchors(COSTS)
    assert set(re.findall(r"\]\(#([a-z-]+)\)", COSTS)) <= anchors(COSTS)


def test_the_metric_table_is_the_catalogue() -> None:
    written = {
        name: set(statistics.split(", "))
        for name, statistics in re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", METRICS, re.MULTILINE)
    }
    expected: dict[str, set[str]] = {}
    for metric in CATALOGUE:
        expected.setdefault(metric.name, set()).add(metric.statistic)
    assert written == expected


@pytest.mark.parametrize("confidence", list(Confidence))
def test_every_confidence_is_explained(confidence: Confidence) -> None:
    word = {Confidence.ASSUMED_RATE: "rate assumed", Confidence.NO_DATA: "no data"}.get(
        confidence, confidence.value
    )
    assert f"| {word} |" in COSTS


def test_thresholds_are_those_of_the_code() -> None:
    limits = cache.LIMITS
    assert f"below {limits.thrash_hit_ratio:.2f} with at least {limits.thrash_unloads:.0f} unloads" in METRICS
    assert (
        f"reaches {limits.recovered_hit_ratio:.2f} or unloads fall below {limits.recovered_unloads:.0f}"
        in re.sub(r"\s+", " ", METRICS)
    )
    assert f"{cold_starts.OUTLIER_FACTOR:.0f} × the endpoint's own" in METRICS
    assert f"within {cold_starts.DEPLOY_MINUTES} minutes after a change" in METRICS
    assert f"after {cold_starts.IDLE_MINUTES} minutes without" in re.sub(r"\s+", " ", METRICS)
