"""Keeps the parts of a stack together: one starts, all start; one dies or a signal comes, all stop.

Single-threaded on purpose: the kernel ties the children's death signal to the thread that started them.
"""

import fcntl
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

from stack.control import ControlSocket
from stack.layout import Layout, StackError
from stack.processes import Part, kill_session, session_members, start_time

# Stopped last and one after the other: the others still write to them while they finish.
ENGINES = ("redis", "postgres")
JOINING = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "FLOTILLA_", "AWS_")
_STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """A signal asked the stack to stop."""


class PartDied(StackError):
    """A part ended that nobody had asked to."""

    def __init__(self, part: Part) -> None:
        log = part.tail()
        said = f"; its last lines ({part.log}):\n{log}" if log else f" and said nothing in {part.log}"
        super().__init__(f"{part.name} ended with {_outcome(part.exit_code())}{said}")


class Supervisor:
    """The running parts of one layout. Use as a context manager: leaving it stops every part."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.parts: dict[str, Part] = {}
        self.resting: set[str] = set()
        self._lock: IO[str] | None = None
        self._control = ControlSocket(layout.sockets() / "control.sock")

    def __enter__(self) -> "Supervisor":
        self._take_lock()
        self._reap_leftovers()
        for number in _STOPPING_SIGNALS:
            signal.signal(number, _stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in _STOPPING_SIGNALS:  # A second Ctrl-C ends the patience, not the tidying.
            signal.signal(number, self._kill_everything)
        self._control.close()
        self._stop_everything()
        self._register().unlink(missing_ok=True)
        self._published().unlink(missing_ok=True)

    def publish(self, env: Mapping[str, str]) -> None:
        """Leave what a process needs to join this stack where manage.py finds it, readable by its owner alone."""
        own = {
            name: value
            for name, value in env.items()
            # The person's own AWS credentials stay in the person's own environment.
            if name.startswith(JOINING) and (not name.startswith("AWS_") or os.environ.get(name) != value)
        }
        with open(os.open(self._published(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(own, file)

    def start(self, part: Part) -> Part:
        """Add a part and start it, with an empty log."""
        if part.log.exists():
            part.log.replace(part.log.with_suffix(".log.1"))
        self.parts[part.name] = part
        part.start()
        self._note_parts()
        return part

    def check(self) -> None:
        """Raise PartDied when a part has ended that should run."""
        for name, part in self.parts.items():
            if name not in self.resting and not part.is_running():
                raise PartDied(part)

    def watch(self) -> None:
        """Serve stop and start requests until a signal comes (Stopped) or a part dies (PartDied)."""
        self._control.open()
        while True:
            self.check()
            self._control.serve(self._obey, timeout_s=0.5)

    def _obey(self, words: list[str]) -> str:
        """Carry out one request from the control socket and say what came of it."""
        if words == ["status"]:
            return "\n".join(f"{name} {self._state(name)}" for name in self.parts)
        if len(words) != 2 or words[0] not in {"stop", "start"}:
            return "error: say status, stop NAME or start NAME"
        wish, name = words
        if name not in self.parts:
            return f"error: no part {name}; parts are {', '.join(self.parts)}"
        part = self.parts[name]
        if wish == "stop":
            self.resting.add(name)
            part.stop()
        elif not part.is_running():
            part.start()
            self.resting.discard(name)
        self._note_parts()
        return f"{name} {self._state(name)}"

    def _state(self, name: str) -> str:
        part = self.parts[name]
        if name in self.resting:
            return "stopped"
        return f"running {part.process.pid}" if part.process and part.is_running() else "ended"

    def _stop_everything(self) -> None:
        others = [part for name, part in self.parts.items() if name not in ENGINES]
        for part in others:
            part.ask_to_stop()
        for part in reversed(others):
            part.stop()
        for name in ENGINES:
            if name in self.parts:
                self.parts[name].stop()

    def _kill_everything(self, number: int, frame: FrameType | None) -> None:
        for name, part in self.parts.items():
            if part.process is not None and name not in ENGINES:
                kill_session(part.process.pid)

    def _take_lock(self) -> None:
        """One supervisor per state folder; the kernel drops the lock with the process, however it ends."""
        self._lock = (self.layout.folder("run") / "lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            owner = self._lock.read().strip() or "another process"
            raise StackError(
                f"this clone's stack is already running (process {owner}); stop it first"
            ) from None
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def _published(self) -> Path:
        return self.layout.folder("run") / "environment.json"

    def _register(self) -> Path:
        return self.layout.folder("run") / "parts.json"

    def _note_parts(self) -> None:
        """Note number and start time of each child, for the start after a kill -9."""
        noted = {
            name: [part.process.pid, start_time(part.process.pid)]
            for name, part in self.parts.items()
            if part.process is not None
        }
        with open(self._register(), "w") as file:
            json.dump(noted, file)

    def _reap_leftovers(self) -> None:
        """End what a killed supervisor left: sessions whose leader is the process we noted, or has gone."""
        try:
            with open(self._register()) as file:
                noted: dict[str, list[object]] = json.load(file)
        except (OSError, ValueError):
            return
        for name, (pid, started) in noted.items():
            assert isinstance(pid, int)
            now = start_time(pid)
            if name != "postgres" and session_members(pid) and now in (None, started):
                kill_session(pid)


def _stop(number: int, frame: FrameType | None) -> None:
    for other in _STOPPING_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)


def _outcome(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def say(text: str) -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)
    sys.stdout.flush()
