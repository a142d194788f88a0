"""The whole product as `make demo` starts it, in a state folder of its own, for tests that use it as people do."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from stack.layout import ROOT, free_port

START_DEADLINE_S = 240.0


class Demo:
    """A running demo. Use as a context manager."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output: list[str] = []
        self._environment = {**os.environ, "FLOTILLA_STATE": str(state), "PORT": str(self.port)}
        self._ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Demo":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stack", "demo"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        if not self._ready.wait(START_DEADLINE_S) or self._process.poll() is not None:
            self.__exit__()
            raise RuntimeError(f"the demo did not start:\n{''.join(self.output)}")
        return self

    def __exit__(self, *error: object) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            if line.startswith("Flotilla is ready"):
                self._ready.set()
        self._ready.set()

    def part(self, wish: str, name: str) -> None:
        """`stop` or `start` one part: postgres, redis, simulator, smtp, worker, beat or web."""
        subprocess.run(
            [sys.executable, "-m", "stack", wish, name],
            cwd=ROOT,
            env=self._environment,
            check=True,
            capture_output=True,
        )

    def simulator(self, method: str, route: str, document: Any = None) -> Any:
        """Call a control route of the simulated AWS."""
        ports = json.loads((self.state / "run" / "ports.json").read_text())
        body = None if document is None else json.dumps(document).encode()
        call = urllib.request.Request(
            f"http://127.0.0.1:{ports['simulator']}{route}", data=body, method=method
        )
        with urllib.request.urlopen(call, timeout=60) as answer:
            return json.load(answer)

    def mails(self) -> Iterator[EmailMessage]:
        """Every mail that reached the SMTP server, oldest first."""
        for path in sorted((self.state / "mail").glob("*.eml")):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            assert isinstance(message, EmailMessage)
            yield message


def eventually(found: Callable[[], Any], *, within_s: float = 60.0, every_s: float = 0.5) -> Any:
    """The first true answer of `found`; fails when none comes in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        answer = found()
        if answer:
            return answer
        time.sleep(every_s)
    raise AssertionError(f"nothing within {within_s:.0f} s")
