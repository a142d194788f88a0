"""A stack of the test's own: real processes, state in a temporary folder whose path has a space."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stack.layout import ROOT, Layout
from stack.processes import wait_until


class StackRun:
    """One `python -m stack COMMAND` with its output in a file."""

    def __init__(self, state: Path, command: tuple[str, ...], env: dict[str, str]) -> None:
        self.state = state
        self.env = {**os.environ, "FLOTILLA_STATE": str(state), **env}
        self.output = state.parent / f"{command[0]}-{len(list(state.parent.iterdir()))}.out"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stack", *command],
                cwd=ROOT,
                env=self.env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """Everything printed so far."""
        return self.output.read_text()

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        """Wait until the text was printed."""
        assert wait_until(lambda: text in self.said() or self.process.poll() is not None, timeout_s), (
            self.said()
        )
        assert text in self.said(), self.said()

    def ask(self, *words: str) -> str:
        """What a control command of the command line answers."""
        done = subprocess.run(
            [sys.executable, "-m", "stack", *words],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def pids(self) -> dict[str, int]:
        """Process numbers of the running parts, by name."""
        lines = [line.split() for line in self.ask("status").splitlines()]
        return {words[0]: int(words[2]) for words in lines if words[1] == "running"}

    def finish(self) -> None:
        """Stop what still runs and remove what lies outside the state folder."""
        if self.process.poll() is None:
            self.end()
        layout = Layout(ROOT, Path(self.env["FLOTILLA_STATE"]))
        for outside in (layout.shelter, layout.short_sockets):
            shutil.rmtree(outside, ignore_errors=True)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def state_folder() -> Iterator[Path]:
    """A state folder that the database's own account may enter, with a space in its path; gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="flotilla-test-"))
    home.chmod(0o711)
    (home / "a clone").mkdir()
    yield home / "a clone" / "state"
    shutil.rmtree(home)


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder of the test's own."""
    with state_folder() as path:
        yield path


@pytest.fixture
def stack(state: Path) -> Iterator[Callable[..., StackRun]]:
    """Start `python -m stack COMMAND`; whatever still runs is stopped after the test."""
    started: list[StackRun] = []

    def start(*command: str, **env: str) -> StackRun:
        started.append(StackRun(state, command, env))
        return started[-1]

    yield start
    for run in started:
        run.finish()
