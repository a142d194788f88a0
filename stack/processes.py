"""Child processes that cannot outlive their supervisor unnoticed: start, watch, stop, and find again after a crash."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass
class Part:
    """One child of the stack: a process group leader with a log of its own.

    stop_signal asks it to finish; death_signal is what the kernel sends when the supervisor dies (Linux).
    user: name of the account to run as, None for the supervisor's own. niceness: how far it stands back where
    processors are short, 0 to 19.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 10.0
    user: str | None = None
    niceness: int = 0
    before_start: Callable[[], None] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process; call from the main thread, for the kernel ties the death signal to the thread."""
        if self.before_start is not None:
            self.before_start()
        account = identity(self.user)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                list(self.argv),
                env=dict(self.env),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_arrangement(self.death_signal, self.niceness),
                user=account.user,
                group=account.group,
                extra_groups=account.extra_groups,
            )

    def exit_code(self) -> int | None:
        """The exit code once the process has ended, None while it runs or before it started."""
        return self.process.poll() if self.process is not None else None

    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Stop the process and everything it started: politely first, by SIGKILL when the grace has run out."""
        if self.process is None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        kill_session(self.process.pid)

    def tail(self, lines: int = 15) -> str:
        """The last lines of the log, empty when there is none."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def _arrangement(number: signal.Signals, niceness: int) -> Callable[[], None]:
    """What a child does before it becomes its program: arrange to end with its parent, and stand back."""
    parent = os.getpid()

    def arrange() -> None:
        os.nice(niceness)
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(number))
            if os.getppid() != parent:  # The parent died before the arrangement held.
                os._exit(1)

    return arrange


class Identity(NamedTuple):
    """What subprocess needs to run something as another account; all None for our own."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def identity(user: str | None) -> Identity:
    """The identity of an account by name, None for our own."""
    if user is None:
        return Identity(None, None, None)
    account = pwd.getpwnam(user)
    return Identity(account.pw_uid, account.pw_gid, [])


def start_time(pid: int) -> str | None:
    """A mark that tells a process from a later one with the same number; None when there is no such process."""
    if sys.platform == "linux":
        fields = _stat(pid)
        return fields[19] if fields and fields[0] != "Z" else None
    shown = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat after the command name: 0 state, 2 group, 3 session, 19 start time."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def session_members(session: int) -> list[int]:
    """Processes of a session, by number; only Linux can tell, elsewhere the leader's group stands in."""
    if sys.platform != "linux":
        return [session] if start_time(session) else []
    members = []
    for entry in Path("/proc").iterdir():
        fields = _stat(int(entry.name)) if entry.name.isdigit() else None
        if fields and fields[0] != "Z" and int(fields[3]) == session:
            members.append(int(entry.name))
    return members


def kill_session(session: int) -> None:
    """End whatever is left of a session whose leader has gone or must go."""
    for pid in session_members(session):
        signal_quietly(pid, signal.SIGKILL)


def signal_quietly(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended meanwhile."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def wait_until(condition: Callable[[], bool], timeout_s: float, every_s: float = 0.05) -> bool:
    """Poll until the condition holds; False when the deadline passed first."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
