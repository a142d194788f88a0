"""What is kept is made anew behind its readers, and nobody is told what is too old or past what somebody did."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from fleet.models import Endpoint
from fleet.queries import behind, endpoint_index, endpoint_order
from fleet.queries.endpoints import Criteria
from fleet.queries.kept import Kept, Moment
from fleet.queries.scope import TimeRange
from stack.processes import wait_until
from tests.factories import EndpointFactory, now

KEPT_S = 5
WAIT_S = 10


@pytest.fixture(autouse=True)
def _kept_s(settings: Any) -> None:
    settings.KEPT_S = KEPT_S


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """The thread behind does nothing until this is set."""
    go_on = threading.Event()
    behind.do(go_on, lambda: go_on.wait(WAIT_S))
    yield go_on
    go_on.set()
    settled()


def settled() -> None:
    """Everything that was given before has been done."""
    done = threading.Event()
    behind.do(done, done.set)
    assert done.wait(WAIT_S)


def never() -> str:
    raise AssertionError("what is kept tells")


def test_who_may_be_told_the_older_one_waits_for_nobody(held: threading.Event) -> None:
    values: Kept[str] = Kept()
    assert values.get("key", Moment(1, 0.0), lambda: "first") == "first"
    assert values.get("key", Moment(1, KEPT_S - 0.1), never) == "first"
    makers: list[str] = []

    def again() -> str:
        makers.append(threading.current_thread().name)
        return "second"

    for at in (KEPT_S, 2 * KEPT_S - 0.1):
        assert values.get("key", Moment(1, at), again) == "first"
    assert not makers
    held.set()
    settled()
    assert values.get("key", Moment(1, KEPT_S + 1.0), never) == "second"
    (maker,) = makers
    assert maker.startswith("behind")


def test_what_is_too_old_is_made_by_who_asks(held: threading.Event) -> None:
    values: Kept[str] = Kept()
    values.get("key", Moment(1, 0.0), lambda: "first")
    assert values.get("key", Moment(1, 2.0 * KEPT_S), lambda: "second") == "second"


def test_who_knows_of_an_act_is_told_nothing_older(held: threading.Event) -> None:
    values: Kept[str] = Kept()
    values.get("key", Moment(1, 0.0), lambda: "before")
    assert values.get("key", Moment(2, 0.1), lambda: "after") == "after"
    assert values.get("key", Moment(1, 0.05), never) == "after", "made by somebody who looked later"


def test_what_was_asked_for_before_an_act_is_not_told_after_it(held: threading.Event) -> None:
    values: Kept[str] = Kept()
    values.get("key", Moment(1, 0.0), lambda: "before")
    assert values.get("key", Moment(1, KEPT_S), lambda: "not yet") == "before"
    held.set()
    settled()
    assert values.get("key", Moment(2, KEPT_S + 1.0), lambda: "after") == "after"


def test_several_who_have_to_wait_are_served_by_one() -> None:
    values: Kept[int] = Kept()
    made: list[int] = []
    together = threading.Barrier(4)

    def make() -> int:
        made.append(1)
        threading.Event().wait(0.05)
        return len(made)

    def ask(_: int) -> int:
        together.wait(WAIT_S)
        return values.get("key", Moment(1, 0.0), make)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [1, 1, 1, 1]


def test_a_value_is_as_old_as_the_oldest_that_it_is_made_of(held: threading.Event) -> None:
    parts: Kept[str] = Kept()
    wholes: Kept[str] = Kept()

    def whole_of(looked: Moment, part: Callable[[], str]) -> str:
        return wholes.get("whole", looked, lambda: f"whole of {parts.get('part', looked, part)}")

    parts.get("part", Moment(1, 0.0), lambda: "first")
    assert whole_of(Moment(1, KEPT_S + 1.0), never) == "whole of first"
    assert whole_of(Moment(1, 2.0 * KEPT_S), lambda: "second") == "whole of second"


def test_behind_its_readers_a_value_is_made_of_what_is_young() -> None:
    parts: Kept[str] = Kept()
    wholes: Kept[str] = Kept()
    old, looked = Moment(1, 0.0), Moment(1, KEPT_S + 1.0)
    parts.get("part", old, lambda: "first")
    wholes.get("whole", old, lambda: "whole of first")
    made = wholes.get("whole", looked, lambda: f"whole of {parts.get('part', looked, lambda: 'second')}")
    assert made == "whole of first"
    settled()
    assert wholes.get("whole", looked, never) == "whole of second"


def test_what_fails_behind_is_logged_and_told_to_who_has_to_wait(caplog: pytest.LogCaptureFixture) -> None:
    values: Kept[str] = Kept()
    values.get("key", Moment(1, 0.0), lambda: "first")

    def fail() -> str:
        raise LookupError("no such table")

    with caplog.at_level(logging.ERROR):
        assert values.get("key", Moment(1, KEPT_S + 1.0), fail) == "first"
        assert wait_until(lambda: "no such table" in caplog.text, timeout_s=WAIT_S)
    with pytest.raises(LookupError):
        values.get("key", Moment(1, 2.0 * KEPT_S), fail)
    assert values.get("key", Moment(1, 2.0 * KEPT_S), lambda: "second") == "second"


@pytest.mark.django_db(transaction=True)
def test_the_connection_is_given_back() -> None:
    """A process has few of them; one that a thread without requests held on to would be missed by its readers."""
    seen: list[Any] = []

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            seen.append(cursor.fetchone()[0])
        behind.do("after", lambda: seen.append(connection.connection))

    behind.do("ask", ask)
    assert wait_until(lambda: len(seen) == 2, timeout_s=WAIT_S)
    assert seen == [1, None]


@pytest.mark.django_db(transaction=True)
def test_an_order_of_the_list_is_as_old_as_the_index_it_is_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (endpoint_index, "_kept"),
        (endpoint_order, "_orders"),
        (endpoint_order, "_columns"),
    ):
        monkeypatch.setattr(module, name, Kept())
    calm, failed = EndpointFactory(name="calm"), EndpointFactory(name="failed")

    def order(at: float) -> list[int]:
        looked = Moment(1, at)
        window = TimeRange("24h", "24 hours", now() - timedelta(days=1), now())
        index = endpoint_index.current(looked)
        found = endpoint_order.summed(
            index, looked, Criteria(), window, now().date(), "state", False, slice(None)
        )
        settled()
        return found.ids

    endpoint_index.current(Moment(1, 0.0))
    Endpoint.objects.filter(pk=failed.pk).update(status="Failed")
    assert order(KEPT_S + 1.0) == [calm.pk, failed.pk], "the index is old, and told for the last time"
    assert order(2.0 * KEPT_S) == [failed.pk, calm.pk]
