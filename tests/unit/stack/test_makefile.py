"""The Makefile as a person meets it."""

import os
import re
import subprocess

from stack.layout import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "FLOTILLA_", "PORT"))
    }
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def test_make_alone_explains_every_target() -> None:
    targets = re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE)
    assert {"demo", "demo-reset", "test", "lint", "run", "bench", "screenshots", "load"} <= set(targets)
    shown = _make()
    assert shown.returncode == 0
    assert re.findall(r"^  make ([a-z-]+) ", shown.stdout, re.MULTILINE) == targets


def test_an_unknown_lane_is_refused_with_the_lanes_there_are() -> None:
    done = _make("test", "LANE=nope")
    assert done.returncode != 0
    assert "flotilla: no lane 'nope'; LANE is one of unit, data, aws, stack, browser\n" in done.stderr


def test_ci_runs_tests_and_lint_and_stops_at_the_first_failure() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines.index("set -eu") < lines.index("make test") < lines.index("make lint")
