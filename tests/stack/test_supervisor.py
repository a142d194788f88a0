"""The process supervisor with real PostgreSQL and Redis processes."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from stack.processes import start_time, wait_until
from tests.stack.conftest import StackRun

pytestmark = pytest.mark.aws

READY = "export REDIS_URL="
Start = Callable[..., StackRun]


def _url(run: StackRun) -> str:
    return next(line for line in run.said().splitlines() if "DATABASE_URL" in line).split("'")[1]


def _gone(pids: dict[str, int]) -> bool:
    return all(start_time(pid) is None for pid in pids.values())


def test_sigterm_stops_every_part_and_counts_as_success(stack: Start) -> None:
    run = stack("services")
    run.wait_for(READY)
    pids = run.pids()
    assert set(pids) == {"postgres", "redis"}
    assert run.end() == 0
    assert _gone(pids)


def test_the_death_of_one_part_stops_the_others_and_is_named_with_its_log(stack: Start) -> None:
    run = stack("services")
    run.wait_for(READY)
    pids = run.pids()
    os.kill(pids["redis"], signal.SIGKILL)
    assert run.process.wait(30) == 1
    assert "redis ended with signal SIGKILL" in run.said()
    assert "ready to accept connections" in run.said()
    assert _gone(pids)


def test_kill_9_of_the_supervisor_leaves_nothing_that_blocks_the_next_start(stack: Start) -> None:
    first = stack("services")
    first.wait_for(READY)
    with psycopg.connect(_url(first), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    pids = first.pids()
    first.end(signal.SIGKILL)
    second = stack("services")
    second.wait_for(READY, timeout_s=15)
    assert _gone(pids)
    with psycopg.connect(_url(second)) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_a_stale_lock_file_that_names_a_living_stranger_does_not_block_the_start(stack: Start) -> None:
    run = stack("services")
    run.wait_for(READY)
    run.end()
    data = run.state / "postgres" / "data"
    stranger = os.getpid()
    (data / "postmaster.pid").write_text(f"{stranger}\n{data}\n{int(time.time())}\n5432\n\n\n")
    again = stack("services")
    again.wait_for(READY, timeout_s=15)
    assert start_time(stranger) is not None


def test_a_part_stopped_on_purpose_rests_until_it_is_started_again(stack: Start) -> None:
    run = stack("services")
    run.wait_for(READY)
    assert run.ask("stop", "postgres") == "postgres stopped\n"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(_url(run))
    assert run.process.poll() is None
    assert run.ask("start", "postgres").startswith("postgres running ")
    assert wait_until(lambda: _connects(_url(run)), timeout_s=15)


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_second_start_in_the_same_clone_is_refused_in_one_line(stack: Start) -> None:
    run = stack("services")
    run.wait_for(READY)
    second = stack("services")
    assert second.process.wait(30) == 1
    assert second.said() == (
        f"flotilla: this clone's stack is already running (process {run.process.pid}); stop it first\n"
    )
    assert set(run.pids()) == {"postgres", "redis"}


@pytest.mark.parametrize("command", ["demo", "run"])
def test_a_taken_port_is_named_in_one_line_before_anything_starts(stack: Start, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = stack(command, PORT=str(port))
        assert run.process.wait(30) == 1
    assert run.said().startswith(f"flotilla: port {port} is taken; choose another with PORT=")
    assert run.said().count("\n") == 1


def test_state_in_a_path_too_long_for_sockets_still_starts(stack: Start, state: Path) -> None:
    run = stack("services", FLOTILLA_STATE=f"{state}/{'long-' * 20}")
    run.wait_for(READY)
    with psycopg.connect(_url(run)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_state_in_a_folder_nobody_else_may_enter_still_starts(stack: Start, state: Path) -> None:
    state.parent.chmod(0o700)
    run = stack("services")
    run.wait_for(READY)
    with psycopg.connect(_url(run)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
