"""A running demo loses one server at a time: pages say what is wrong, and all recovers by itself."""

import http.cookiejar
import json
import re
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from stack import postgres
from stack.layout import ROOT, Layout, free_port
from stack.processes import start_time, wait_until
from stack.screenshots import READY
from stack.seed import LOGINS
from tests.aws.stack.conftest import StackRun, state_folder

pytestmark = pytest.mark.aws


class Visitor:
    """A person with cookies, and no browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page, whatever the status."""
        return self._read(urllib.request.Request(self.url + path))

    def sign_in(self) -> None:
        """Sign in as the operator."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/sign-in/")[1])
        assert token is not None
        form = {"username": "operator", "password": LOGINS["operator"], "csrfmiddlewaretoken": token[1]}
        body = urllib.parse.urlencode(form).encode()
        assert self._read(urllib.request.Request(f"{self.url}/sign-in/", body))[0] == 200

    def _read(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self._opener.open(request, timeout=30) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def demo() -> Iterator[StackRun]:
    """One demo for the module, in a folder with a space in its name."""
    with state_folder() as state:
        run = StackRun(state, ("demo",), {"PORT": str(free_port())})
        try:
            run.wait_for(READY, timeout_s=240)
            yield run
        finally:
            run.finish()


@pytest.fixture
def visitor(demo: StackRun) -> Visitor:
    """A signed-in operator."""
    person = Visitor(_url(demo))
    person.sign_in()
    assert person.get("/")[0] == 200
    return person


def _url(demo: StackRun) -> str:
    return f"http://127.0.0.1:{demo.env['PORT']}"


def _last_tick(demo: StackRun) -> object:
    server = postgres.embedded(Layout(ROOT, demo.state))
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT at FROM fleet_heartbeat WHERE name = 'tick'").fetchone()


def _ready(visitor: Visitor) -> bool:
    return visitor.get("/readyz")[0] == 200 and visitor.get("/")[0] == 200


@contextmanager
def _away(demo: StackRun, part: str) -> Iterator[None]:
    demo.ask("stop", part)
    try:
        yield
    finally:
        demo.ask("start", part)


def test_postgresql_away_is_told_as_such_and_pages_come_back_signed_in(
    demo: StackRun, visitor: Visitor
) -> None:
    stranger = Visitor(_url(demo))
    with _away(demo, "postgres"):
        status, text = visitor.get("/")
        assert status == 503
        assert "PostgreSQL" in text
        assert stranger.get("/healthz")[0] == 200
        status, text = stranger.get("/readyz")
        assert (status, json.loads(text)) == (503, {"database": "does not answer", "redis": "ok"})
    assert wait_until(lambda: _ready(visitor), timeout_s=60, every_s=0.5)
    assert "Sign out" in visitor.get("/")[1]


def test_redis_away_leaves_pages_readable_and_is_named_by_readyz(demo: StackRun, visitor: Visitor) -> None:
    with _away(demo, "redis"):
        status, text = visitor.get("/readyz")
        assert (status, json.loads(text)) == (503, {"database": "ok", "redis": "does not answer"})
        assert visitor.get("/")[0] == 200
    assert wait_until(lambda: _ready(visitor), timeout_s=60, every_s=0.5)


@pytest.mark.parametrize("part", ["simulator", "smtp"])
def test_aws_or_mail_away_leaves_every_page_up(demo: StackRun, visitor: Visitor, part: str) -> None:
    with _away(demo, part):
        assert _ready(visitor)
    assert _ready(visitor)


def test_work_goes_on_after_the_outages(demo: StackRun) -> None:
    """Beat and worker outlived every outage: the tick's heartbeat moves on."""
    before = _last_tick(demo)
    assert before is not None
    assert wait_until(lambda: _last_tick(demo) != before, timeout_s=60, every_s=0.5)


def test_kill_9_of_the_demo_leaves_nothing_that_blocks_the_next_start(demo: StackRun) -> None:
    """Last in the module: it takes the shared demo down."""
    before = demo.pids()
    assert set(before) == {"postgres", "redis", "simulator", "smtp", "worker", "beat", "web"}
    demo.end(signal.SIGKILL)
    again = StackRun(demo.state, ("demo",), {"PORT": demo.env["PORT"]})
    try:
        again.wait_for(READY, timeout_s=60)
        assert all(start_time(pid) is None for pid in before.values())
        after = again.pids()
        assert again.end(signal.SIGINT) == 0
    finally:
        again.finish()
    assert all(start_time(pid) is None for pid in after.values())
