"""The product's own processes, the simulator and the mail catcher, as parts of a stack."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from stack.environment import Addresses
from stack.layout import Layout
from stack.processes import Part

WORKER_NICENESS = 10
"""Pages come first where processors are short: somebody waits for them, and a tick has a minute."""
QUEUES = ("inventory", "metrics", "operations", "notifications", "analysis")


def web(layout: Layout, env: dict[str, str], at: Addresses) -> Part:
    """The WSGI server; its own control socket is off because all clones of an account would share it."""
    options = [
        "--workers",
        "2",
        "--threads",
        "4",
        "--bind",
        f"127.0.0.1:{at.web}",
        "--no-control-socket",
        "--preload",
    ]
    options += ["--graceful-timeout", "5", "--timeout", "60", "--capture-output"]
    return _python("web", layout, env, ["gunicorn", *options, "config.wsgi"], grace_s=8)


def worker(layout: Layout, env: dict[str, str], concurrency: int = 4) -> Part:
    """One Celery worker for all queues. A worker whose supervisor was killed gives its tasks back at once."""
    options = ["--queues", ",".join(QUEUES), "--concurrency", str(concurrency), "--loglevel", "INFO"]
    options += ["--without-gossip", "--without-mingle", "--hostname", f"worker-{layout.digest}@%h"]
    part = _python("worker", layout, env, ["celery", "-A", "config", "worker", *options], grace_s=8)
    part.death_signal = signal.SIGQUIT
    part.niceness = WORKER_NICENESS
    return part


def beat(layout: Layout, env: dict[str, str]) -> Part:
    """The metronome; its note of the last tick lives with the rest of the state."""
    options = ["--loglevel", "INFO", "--pidfile=", "--schedule", str(layout.folder("run") / "beat")]
    return _python("beat", layout, env, ["celery", "-A", "config", "beat", *options])


def listener(layout: Layout, env: dict[str, str]) -> Part:
    """Reads the queues of endpoint events; only where some are set."""
    return _python("listener", layout, env, ["manage", "listen"])


def simulator(layout: Layout, env: dict[str, str], at: Addresses, fleet: Path) -> Part:
    """A simulated AWS that keeps its changes over a restart."""
    options = ["--port", str(at.simulator), "--state", str(layout.folder("simulator") / "state.json")]
    options += ["--fleet", str(fleet)]
    return _python("simulator", layout, env, ["simulator", *options])


def mail_catcher(layout: Layout, env: dict[str, str], at: Addresses) -> Part:
    """An SMTP server that keeps every mail as a file and shows them on a page."""
    options = [
        "--smtp-port",
        str(at.smtp),
        "--http-port",
        str(at.mails),
        "--folder",
        str(layout.folder("mail")),
    ]
    return _python("smtp", layout, env, ["stack.smtp_catcher", *options])


def _python(
    name: str, layout: Layout, env: dict[str, str], module: Sequence[str], grace_s: float = 5
) -> Part:
    argv = [sys.executable, "-m", *module]
    return Part(name, argv, env, layout.root, layout.log(name), grace_s=grace_s)
