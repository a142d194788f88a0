"""The set-up's refusals, as lines a person reads."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stack.layout import ROOT

BOOTSTRAP = ROOT / "stack" / "bootstrap.py"


def _run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap in a Python that was told something else about itself or its surroundings."""
    start = f"runpy.run_path({str(BOOTSTRAP)!r}, run_name='__main__')"
    program = f"import sys, runpy\nsys.argv = ['bootstrap.py', 'demo', 'demo']\n{code}\n{start}"
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_old_python_can_read_the_set_up() -> None:
    ast.parse(BOOTSTRAP.read_text(), feature_version=(3, 6))


def test_an_old_python_without_a_newer_one_gives_one_line(tmp_path: Path) -> None:
    done = _run("sys.version_info = (3, 9, 2)", PATH=str(tmp_path), FLOTILLA_STATE=str(tmp_path / "state"))
    assert done.returncode == 1
    assert done.stderr == "flotilla: needs Python 3.11 or newer; python3 is 3.9 and no newer one is on PATH\n"
    assert done.stdout == ""


def test_an_old_python_hands_over_to_a_newer_one_on_the_path(tmp_path: Path) -> None:
    newer = tmp_path / "python3.13"
    newer.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "newer python runs $2 $3"\n')
    newer.chmod(0o755)
    done = _run("sys.version_info = (3, 9, 2)", PATH=str(tmp_path), FLOTILLA_STATE=str(tmp_path / "state"))
    assert done.stdout == "newer python runs demo demo\n"


@pytest.mark.parametrize("name", ["lock.txt", "demo.txt", "production.txt", "bootstrap.txt", "node.txt"])
def test_every_lock_pins_by_hash_and_names_no_index(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    pins = re.findall(r"^[\w.\-\[\]]+==\S+", text, flags=re.MULTILINE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index" not in text
    for block in re.split(r"\n(?=\w)", text.strip()):
        assert "--hash=sha256:" in block, block


def test_the_front_end_lock_names_no_registry() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert text.count('"integrity"') > 5
