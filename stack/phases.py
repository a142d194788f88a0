"""Progress lines of a start: what goes on, how far it is, how long it took."""

import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stack.layout import StackError
from stack.supervisor import Supervisor

# The set-up before this process has printed phases 1 to 3.
_numbers = itertools.count(4)


class Late(StackError):
    """Something did not come in time."""


class Phase:
    """One line on the terminal. note: what came of it, shown behind the time."""

    def __init__(self) -> None:
        self.note = ""
        self._shown = 0

    def progress(self, text: str) -> None:
        """Show how far it is; on a terminal the text replaces the one before."""
        if sys.stdout.isatty():
            sys.stdout.write(
                "\b" * self._shown + text.ljust(self._shown) + "\b" * max(0, self._shown - len(text))
            )
            sys.stdout.flush()
            self._shown = len(text)

    def clear(self) -> None:
        """Take the progress text away again."""
        if self._shown:
            self.progress("")


@contextmanager
def phase(title: str) -> Iterator[Phase]:
    """Print the numbered title, then seconds and note, or `failed`."""
    total = int(os.environ.get("FLOTILLA_PHASES") or 0)
    number = next(_numbers)
    print(f"[{number}/{max(total, number)}] {title} ... ", end="", flush=True)
    started, shown = time.monotonic(), Phase()
    try:
        yield shown
    except BaseException:
        shown.clear()
        print("failed", flush=True)
        raise
    shown.clear()
    note = f" ({shown.note})" if shown.note else ""
    print(f"{time.monotonic() - started:.1f} s{note}", flush=True)


def wait_for(
    supervisor: Supervisor,
    condition: Callable[[], bool],
    what: str,
    *,
    timeout_s: float = 60,
    every_s: float = 0.1,
) -> None:
    """Wait for the condition while every part stays alive; StackError names what did not come."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        supervisor.check()
        if time.monotonic() > deadline:
            raise Late(
                f"{what} did not come within {timeout_s:.0f} s; logs: {supervisor.layout.folder('log')}"
            )
        time.sleep(every_s)
