"""One table for the whole run: benches add rows, a test whose gate was missed fails, the end prints and keeps all."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from stack.layout import Layout
from tests.bench import report

_TABLE = pytest.StashKey[report.Table]()


def _folder() -> Path:
    return Layout.of_clone().folder("bench")


def pytest_configure(config: pytest.Config) -> None:
    """FLOTILLA_BENCH=full asks for the long variant; anything else is the quick one."""
    config.stash[_TABLE] = report.Table(is_full=os.environ.get("FLOTILLA_BENCH") == "full")


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> report.Table:
    """Where a bench puts what it measured: add(...) a ratio to a peer, bar(...) a value; is_full: the long variant."""
    return pytestconfig.stash[_TABLE]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail a test after it has added all its rows, when one of them missed a bar that gates."""
    table = pyfuncitem.config.stash[_TABLE]
    first = len(table.rows)
    result = yield
    missed = table.missed(first)
    if missed:
        pytest.fail("\n".join("  ".join(row.cells()) for row in missed), pytrace=False)
    return result


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Print the table, write the JSON, and in the long variant renew docs/performance.md.

    A long run of some benches renews their rows alone; FLOTILLA_BENCH_WHOLE=1 (make bench) forgets the older ones.
    """
    table = config.stash[_TABLE]
    if not table.rows:
        return
    variant = "full" if table.is_full else "quick"
    path = _folder() / f"{variant}.json"
    is_whole = bool(os.environ.get("FLOTILLA_BENCH_WHOLE"))
    older = [] if is_whole else report.read_json(path)
    rows = report.newest([*older, *table.rows])
    report.write_json(path, rows, is_full=table.is_full)
    if table.is_full:
        report.write_guide(table.rows, is_whole=is_whole)
    terminalreporter.section("benchmarks")
    terminalreporter.write_line(report.text(table.rows, is_full=table.is_full))
    terminalreporter.write_line(f"\nkept in {path}")
