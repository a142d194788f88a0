"""The product and its peer as servers over one database."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack.layout import ROOT, free_port
from stack.processes import Part, wait_until
from tests.bench.pages import fleets, load

KEPT_S = 10
"""The default of FLOTILLA_KEPT_S: what is shared is kept as in production, which tests otherwise switch off."""


@pytest.fixture
def served(spawn: Callable[..., Part], tmp_path: Path) -> tuple[int, int, Part]:
    """Ports of the product and of the peer over the same database, each behind two workers of four threads."""
    env = {"BENCH_STATIC": str(tmp_path / "static"), "PYTHONPATH": str(ROOT)}
    ours = {
        **env, "DJANGO_SETTINGS_MODULE": "tests.bench.pages.served_settings", "FLOTILLA_KEPT_S": str(KEPT_S),
    }  # fmt: skip
    theirs = {**env, "DJANGO_SETTINGS_MODULE": "tests.bench.pages.peer.settings"}
    python = sys.executable
    static = spawn("static", python, "manage.py", "collectstatic", "--noinput", "-v", "0", env=ours)
    assert wait_until(lambda: not static.is_running(), timeout_s=120), static.tail()
    ports = free_port(), free_port()
    parts = []
    for port, name, wsgi, settings in (
        (ports[0], "web", "config.wsgi", ours), (ports[1], "peer", "tests.bench.pages.peer.wsgi", theirs),
    ):  # fmt: skip
        options = ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        url = "/healthz" if name == "web" else "/admin/login/"
        parts.append(
            spawn(
                name, python, "-m", "gunicorn", *options, "--preload", wsgi, env=settings, timeout_s=60,
                ready=lambda port=port, url=url: answers(port, url),
            )
        )  # fmt: skip
    return *ports, parts[0]


def answers(port: int, url: str) -> bool:
    try:
        return load.get(port, url, {})[1].status < 500
    except OSError:
        return False


@pytest.fixture(autouse=True)
def _leave_nothing(transactional_db: None) -> Iterator[None]:
    yield
    fleets.clear()
