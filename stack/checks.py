"""`make test`, `make lint` and `make bench`: each lane or linter in turn, one line each at the end."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import chromium
from stack.layout import ROOT, StackError

LANES = ("unit", "data", "aws", "stack", "browser")
# These spend most of their time waiting for a demo's minutes to pass, so they run beside the others.
PATIENT = ("stack", "browser")
_CLOSING = re.compile(r"\d+ (passed|failed|error|skipped|deselected)|no tests ran")

_PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "stack.lint_settings",
    "FLOTILLA_BASE_URL": "https://flotilla.example.com",
    "FLOTILLA_SECRET_KEY": "stands-in-for-fifty-or-more-random-characters-0123456789",
}
LINTERS: tuple[tuple[str, tuple[str, ...], dict[str, str]], ...] = (
    ("ruff check", ("ruff", "check", "--quiet", "."), {}),
    ("ruff format", ("ruff", "format", "--quiet", "--check", "."), {}),
    ("mypy", ("mypy", "."), {}),
    ("import rules", ("importlinter.cli", "lint_imports"), {}),
    ("templates", ("djlint", "templates", "--lint", "--quiet"), {}),
    ("missing migrations", ("manage", "makemigrations", "--check", "--dry-run"), _PRODUCTION),
    ("deployment checks", ("manage", "check", "--deploy", "--fail-level", "WARNING"), _PRODUCTION),
)


def test(lane: str | None) -> None:
    """Run the lanes one after another; a lane fails when a test fails, none ran, or one was skipped."""
    if lane is not None and lane not in LANES:
        raise StackError(f"no lane {lane!r}; LANE is one of {', '.join(LANES)}")
    lanes = [lane] if lane else list(LANES)
    if "browser" in lanes:
        os.environ["FLOTILLA_CHROMIUM"] = str(chromium.require())
    outcomes = _run_lanes(lanes)
    print()
    for name, (ok, closing) in outcomes.items():
        print(f"lane {name:<8} {'ok    ' if ok else 'FAILED'} {closing}")
    if not all(ok for ok, _ in outcomes.values()):
        raise StackError("failed: " + ", ".join(name for name, (ok, _) in outcomes.items() if not ok))


def bench(size: str | None) -> None:
    """Run the benchmarks; size "full": the long variant, which also renews docs/performance.md."""
    if size not in {None, "full"}:
        raise StackError(f"no variant {size!r}; FULL=1 asks for the long one")
    os.environ.update(FLOTILLA_BENCH=size or "quick", FLOTILLA_BENCH_WHOLE="1")
    ok, _ = _run_lane("bench")
    if not ok:
        raise StackError("a benchmark missed its bar")


def lint() -> None:
    """Run every linter, then fail when one had something to say."""
    failed = []
    for name, (module, *arguments), env in LINTERS:
        started = time.monotonic()
        done = subprocess.run(
            _linter(module, arguments),
            cwd=ROOT,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        print(
            f"{name:<20} {'ok' if done.returncode == 0 else 'FAILED'}  {time.monotonic() - started:.1f} s",
            flush=True,
        )
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    if failed:
        raise StackError("lint: " + ", ".join(failed))


def _linter(module: str, arguments: list[str]) -> list[str]:
    if module == "importlinter.cli":
        return [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return [sys.executable, "-W", "ignore::RuntimeWarning", "-m", module, *arguments]


def _run_lanes(lanes: list[str]) -> dict[str, tuple[bool, str]]:
    """Run the lanes in order, the patient ones one after another beside the rest, their output kept until its turn."""
    if len(lanes) == 1:
        return {name: _run_lane(name) for name in lanes}
    with ThreadPoolExecutor(max_workers=1) as beside:
        patient = {name: beside.submit(_run_aside, name) for name in lanes if name in PATIENT}
        outcomes = {name: _run_lane(name) for name in lanes if name not in PATIENT}
        for name, running in patient.items():
            output, returncode = running.result()
            print(f"\n--- lane {name}, run beside the others", flush=True)
            outcomes[name] = _judge(_closing_line(output.splitlines(keepends=True)), returncode)
    return outcomes


def _run_aside(name: str) -> tuple[str, int]:
    """Run one lane and keep its output; returns it with pytest's exit code."""
    with _pytest(name, subprocess.PIPE) as process:
        output, _ = process.communicate()
    return output, process.returncode


def _run_lane(name: str) -> tuple[bool, str]:
    """Run one lane with its output passed through; returns whether it counts as good, and pytest's closing line."""
    if not (ROOT / "tests" / name).is_dir():
        return False, f"there is no folder tests/{name}"
    print(f"\n--- lane {name}", flush=True)
    with _pytest(name, subprocess.PIPE) as process:
        assert process.stdout is not None
        closing = _closing_line(process.stdout)
    return _judge(closing, process.returncode)


def _pytest(lane: str, output: int) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "pytest", f"tests/{lane}", "-q"]
    return subprocess.Popen(argv, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, text=True)


def _closing_line(lines: Iterable[str]) -> str:
    """Pass the lines through and return pytest's closing one, "" when it had none."""
    closing = ""
    for line in lines:
        print(line, end="", flush=True)
        if _CLOSING.search(line):
            closing = line.strip().strip("=").strip()
    return closing


def _judge(closing: str, returncode: int) -> tuple[bool, str]:
    """A lane is good when pytest is content and nothing was skipped or deselected."""
    skipped = " skipped" in closing or " deselected" in closing
    return returncode == 0 and not skipped, closing or f"pytest ended with {returncode}"
