"""A running demo loses one server at a time: pages say what is wrong, and all recovers by itself."""

import http.cookiejar
import json
import re
import signal
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest

from stack import postgres
from stack.layout import ROOT, Layout, free_port
from stack.processes import start_time, wait_until
from stack.screenshots import READY
from stack.seed import LOGINS
from tests.stack.conftest import StackRun, state_folder

pytestmark = pytest.mark.aws
HASTY = {
    "DEMO_TICK_S": "5",
    "DEMO_INVENTORY_S": "10",
    "DEMO_FLEET": str(ROOT / "tests" / "stack" / "steady.yaml"),
}


class Visitor:
    """A person with cookies, and no browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page, whatever the status."""
        return self._read(urllib.request.Request(self.url + path))

    def post(self, page: str, path: str, form: Mapping[str, object]) -> tuple[int, str]:
        """Send a form of `page` to `path`; status and text of where that leads."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page)[1])
        assert token is not None
        body = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token[1]}).encode()
        return self._read(urllib.request.Request(self.url + path, body))

    def sign_in(self, name: str = "operator") -> None:
        """Sign in as one of the demo's people."""
        form = {"username": name, "password": LOGINS[name]}
        assert self.post("/sign-in/", "/sign-in/", form)[0] == 200

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
        run = StackRun(state, ("demo",), {"PORT": str(free_port()), **HASTY})
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


def _without_aws_and_mail(demo: StackRun, visitor: Visitor, admin: Visitor) -> str:
    """Both are gone and told; the id of a mail that was queued meanwhile."""
    demo.ask("stop", "simulator")
    demo.ask("stop", "smtp")
    admin.post("/alerts/deliveries/", "/alerts/deliveries/test/", {})
    (message_id,) = _row(demo, "SELECT message_id FROM fleet_notification WHERE transition = 'test'")
    assert wait_until(lambda: "does not take mails" in visitor.get("/alerts/deliveries/")[1], 30, 0.5)
    assert wait_until(lambda: "Could not connect to the endpoint URL" in visitor.get("/sync/")[1], 60, 0.5)
    assert visitor.get("/readyz")[0] == 200, "neither AWS nor the mail server makes the web process unready"
    return str(message_id)


def test_aws_mail_and_redis_away_at_once_are_each_told_and_caught_up_with(
    demo: StackRun, visitor: Visitor
) -> None:
    """One after the other goes, nothing returns before all are gone: the waits overlap."""
    admin = Visitor(_url(demo))
    admin.sign_in("admin")
    operation = _planned(demo, visitor)
    busy = _busy_variant(demo)
    gone_at = datetime.now(UTC)

    message_id = _without_aws_and_mail(demo, visitor, admin)
    demo.ask("stop", "redis")
    assert visitor.post(operation, f"{operation}confirm/", {"reason": "INC-214"})[0] == 200
    status, text = visitor.get("/readyz")
    assert (status, json.loads(text)) == (503, {"database": "ok", "redis": "does not answer"})
    assert wait_until(lambda: "Background work is paused" in visitor.get("/")[1], 90, 0.5)
    whole_minute = gone_at + timedelta(seconds=61)
    assert wait_until(lambda: datetime.now(UTC) > whole_minute, 60, 0.5)
    code = operation.strip("/").rpartition("/")[2]
    assert _row(demo, "SELECT state FROM fleet_operation WHERE code = %s", code) == ("queued",)
    assert _mails(demo, message_id) == 0
    missed = _minutes(gone_at, datetime.now(UTC))
    assert missed
    assert not _stored(demo, busy, missed)

    for part in ("simulator", "smtp", "redis"):
        demo.ask("start", part)
    assert wait_until(lambda: _ready(visitor), 60, 0.5)
    assert wait_until(lambda: "Background work is paused" not in visitor.get("/")[1], 60, 0.5)
    verdict = "SELECT state, verdict FROM fleet_operation WHERE code = %s"
    assert wait_until(lambda: _row(demo, verdict, code) == ("succeeded", "applied"), 90, 0.5)
    assert wait_until(lambda: _mails(demo, message_id) == 1, 60, 0.5)
    assert wait_until(lambda: _stored(demo, busy, missed) == missed, 120, 0.5), (
        missed,
        _stored(demo, busy, missed),
    )
    assert wait_until(lambda: "Could not connect" not in visitor.get("/sync/")[1], 120, 0.5)
    assert len(_writes(demo)) == 1, _writes(demo)
    assert _mails(demo, message_id) == 1


def _planned(demo: StackRun, visitor: Visitor) -> str:
    """Address of a planned change of a serverless endpoint that nobody scales."""
    (endpoint, live) = _row(
        demo,
        "SELECT e.id, v.max_concurrency FROM fleet_endpoint e JOIN fleet_variantstatus v ON v.endpoint_id = e.id "
        "WHERE e.kind = 'serverless' AND e.status = 'InService' AND v.max_concurrency BETWEEN 2 AND 100 "
        "AND v.provisioned_concurrency IS NULL AND e.closed_at IS NULL AND e.unreadable IS NULL "
        "AND NOT EXISTS (SELECT FROM fleet_scalabletarget t WHERE t.endpoint_id = e.id) ORDER BY e.id LIMIT 1",
    )
    form = f"/endpoints/{endpoint}/change-concurrency/"
    token = re.search(r'name="form_token" value="([^"]+)"', visitor.get(form)[1])
    assert token is not None
    wish = {"max_concurrency": live - 1, "provisioned_concurrency": "", "route": "auto"}
    status, text = visitor.post(form, form, {**wish, "reason": "INC-214", "form_token": token[1]})
    assert status == 200, text
    (code,) = _row(
        demo, "SELECT code FROM fleet_operation WHERE endpoint_id = %s AND state = 'planned'", endpoint
    )
    return f"/operations/{code}/"


def _busy_variant(demo: StackRun) -> int:
    """The serverless variant, once its minutes arrive: from then on it has a bucket for every minute."""
    query: LiteralString = (
        "SELECT variant_id FROM fleet_finebucket WHERE at > now() - interval '30 minutes' LIMIT 1"
    )
    assert wait_until(lambda: _rows(demo, query) != [], 120, 0.5), (
        "no minute of the serverless variant arrived"
    )
    return int(_rows(demo, query)[0][0])


def _minutes(start: datetime, end: datetime) -> set[datetime]:
    """The minutes that ended while AWS was away."""
    first = start.replace(second=0, microsecond=0)
    count = int((end - first).total_seconds() // 60)
    return {first + timedelta(minutes=i) for i in range(count)}


def _stored(demo: StackRun, variant: int, minutes: set[datetime]) -> set[datetime]:
    with psycopg.connect(postgres.embedded(Layout(ROOT, demo.state)).url) as connection:
        rows = connection.execute(
            "SELECT at FROM fleet_finebucket WHERE variant_id = %s AND at = ANY(%s)", [variant, list(minutes)]
        )
        return {at.astimezone(UTC) for (at,) in rows}


def _row(demo: StackRun, query: LiteralString, *values: object) -> tuple[Any, ...]:
    rows = _rows(demo, query, *values)
    assert rows, query
    return rows[0]


def _rows(demo: StackRun, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(postgres.embedded(Layout(ROOT, demo.state)).url) as connection:
        return connection.execute(query, values).fetchall()


def _mails(demo: StackRun, message_id: str) -> int:
    """How many copies of a mail the mail server took."""
    folder = Layout(ROOT, demo.state).folder("mail")
    return sum(message_id in path.read_text() for path in folder.glob("[!.]*.eml"))


def _writes(demo: StackRun) -> list[Any]:
    """What the simulated AWS was told to change since it came back."""
    url = re.search(r"AWS at (http://[\d.:]+)", demo.said())
    assert url is not None
    with urllib.request.urlopen(f"{url[1]}/_calls", timeout=10) as response:
        return list(json.load(response)["writes"])


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
    again = StackRun(demo.state, ("demo",), {"PORT": demo.env["PORT"], **HASTY})
    try:
        again.wait_for(READY, timeout_s=60)
        assert all(start_time(pid) is None for pid in before.values())
        after = again.pids()
        assert again.end(signal.SIGINT) == 0
    finally:
        again.finish()
    assert all(start_time(pid) is None for pid in after.values())
