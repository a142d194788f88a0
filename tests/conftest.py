"""Fixtures every lane shares: embedded PostgreSQL and Redis, child processes, Chromium's executable."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis as redis_client
from hypothesis import HealthCheck, settings

from stack import chromium
from stack import pytest_engines as engines
from stack.layout import ROOT, free_port
from stack.processes import Part, wait_until

UNIT = ROOT / "tests" / "unit"

# How fast the machine is just now says nothing about a property.
settings.register_profile("at-any-pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("at-any-pace")


def _run(part: Part, is_ready: Callable[[], bool]) -> Iterator[Part]:
    part.start()
    try:
        assert wait_until(lambda: is_ready() or not part.is_running(), timeout_s=30), part.tail()
        assert part.is_running(), part.tail()
        yield part
    finally:
        part.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Part]:
    """The session's PostgreSQL, started on first use."""
    engines.database.initialise()
    yield from _run(engines.database.part(engines.layout.log("postgres")), engines.database.is_ready)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Part]:
    """The session's Redis, started on first use."""
    part = engines.queue.part(engines.layout.log("redis"), dict(os.environ))
    yield from _run(part, engines.queue.is_ready)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: Part) -> None:
    """pytest-django asks for this just before it creates the test database: the server must run by then."""
    engines.database.create_database()


@pytest.fixture
def redis(redis_server: Part) -> Iterator["redis_client.Redis"]:
    """A client of the session's Redis, emptied before the test."""
    with redis_client.Redis.from_url(engines.queue.url) as client:
        client.flushall()
        yield client


@pytest.fixture(autouse=True)
def _clean_redis(request: pytest.FixtureRequest) -> None:
    """Every test outside tests/unit starts with an empty Redis."""
    if UNIT not in request.path.parents:
        request.getfixturevalue("redis")


@pytest.fixture
def child_env() -> dict[str, str]:
    """Environment for a product process of its own that shares the test's database, Redis and settings."""
    from django.db import connection

    return {
        **os.environ,
        "DATABASE_URL": engines.database.url_of(str(connection.settings_dict["NAME"])),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "FLOTILLA_DEBUG": "false",
        "PYTHONUNBUFFERED": "1",
    }


@pytest.fixture
def port() -> int:
    """A free loopback port."""
    return free_port()


@pytest.fixture
def spawn(tmp_path: Path, child_env: dict[str, str]) -> Iterator[Callable[..., Part]]:
    """Start a child process that ends with the test.

    spawn(name, *argv, ready=callable, env={...}, timeout_s=30) waits until ready() holds; log: tmp_path/NAME.log.
    """
    started: list[Part] = []

    def start(
        name: str,
        *argv: str,
        ready: Callable[[], bool] | None = None,
        env: dict[str, str] | None = None,
        timeout_s: float = 30,
    ) -> Part:
        part = Part(name, argv, {**child_env, **(env or {})}, ROOT, tmp_path / f"{name}.log", grace_s=5)
        part.start()
        started.append(part)
        if ready is not None:
            assert wait_until(lambda: ready() or not part.is_running(), timeout_s), (
                f"{name} is not ready\n{part.tail()}"
            )
            assert part.is_running(), f"{name} ended with {part.exit_code()}\n{part.tail()}"
        return part

    yield start
    for part in reversed(started):
        part.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Playwright drives the machine's own Chromium, which is told to contact nobody on its own."""
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium.require()),
        "args": list(chromium.FLAGS),
    }
