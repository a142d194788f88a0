"""manage.py beside a running demo: commands join it by themselves."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from stack.layout import ROOT
from stack.supervisor import JOINING
from tests.browser.demo import Demo, eventually

pytestmark = pytest.mark.browser


def manage(demo: Demo, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command as a person types it: nothing in the environment but where the demo keeps its state."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(JOINING)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env | {"FLOTILLA_STATE": str(demo.state)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_accounts_are_listed(demo: Demo) -> None:
    done = manage(demo, "accounts", "list")
    assert done.returncode == 0, done.stderr
    assert {"prod", "lab", "eu-regulated"} <= set(done.stdout.split())


def test_the_export_holds_the_whole_mirror(demo: Demo) -> None:
    def exported() -> dict[str, Any]:
        done = manage(demo, "export", "endpoints", "--format", "json")
        assert done.returncode == 0, done.stderr
        return {row["name"]: row for row in json.loads(done.stdout)}

    by_name = exported()
    assert len(by_name) >= 60
    assert by_name["persona-mme"]["kind"] == "multi-model"
    # The last day's five-minute figures arrive in the background during the first minutes.
    ratio = eventually(lambda: exported()["persona-mme"]["cache_hit_ratio"], within_s=180, every_s=3)
    assert 0 < ratio < 1


def test_the_doctor_finds_everything_well(demo: Demo) -> None:
    done = manage(demo, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PostgreSQL" in done.stdout
