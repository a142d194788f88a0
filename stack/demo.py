"""`make demo`, `make run` and the bare servers: the phases of a start, and the answer when all is up."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import environment, parts, postgres, redis_server, seed
from stack.environment import Addresses
from stack.layout import Layout, StackError
from stack.phases import Late, phase, wait_for
from stack.supervisor import Supervisor, say

_SEEN = "inventory_ok_at IS NOT NULL"
_WITH_HISTORY = "backfill_done_until >= backfill_until"
_EXCEPTION = re.compile(r"[\w.]+(Error|Exception|Warning): ")


def demo(layout: Layout, fleet: Path | None = None, first_look_s: float = 180) -> None:
    """Everything on this machine against the simulator, until a signal or the death of a part.

    fleet: the simulated company; DEMO_FLEET may name another file than the demo's own.
    """
    at = environment.demo_addresses(layout)
    fleet = fleet or Path(os.environ.get("DEMO_FLEET") or layout.root / "simulator" / "fleet.yaml")
    with Supervisor(layout) as supervisor:
        database_url, redis_url = start_engines(supervisor)
        env = environment.demo(layout, at, database_url, redis_url, seed.access_key(fleet))
        prepare(supervisor, env)
        with phase("Simulated AWS and mail catcher") as shown:
            supervisor.start(parts.simulator(layout, env, at, fleet))
            supervisor.start(parts.mail_catcher(layout, env, at))
            wait_for(supervisor, lambda: _answers(f"{at.aws_url}/_health"), "the simulated AWS")
            wait_for(supervisor, lambda: _answers(at.mail_url), "the mail catcher")
            shown.note = f"AWS at {at.aws_url}"
        with phase("Users and accounts") as shown:
            shown.note = _seed(layout, env, fleet)
        with phase("Worker, beat, web and a first look at AWS") as shown:
            start_product(supervisor, env, at)
            wait_for(
                supervisor,
                lambda: _count(database_url, _SEEN, shown.progress),
                "the first look at AWS",
                timeout_s=first_look_s,
                every_s=0.5,
            )
        with phase("Thirty days of history") as shown:
            shown.note = _history(supervisor, database_url, shown.progress, first_look_s)
        say(_welcome(at))
        supervisor.watch()


def run(layout: Layout) -> None:
    """The product against the AWS of the environment; embedded servers only where no URL is set."""
    at = Addresses(environment.web_port())
    with Supervisor(layout) as supervisor:
        database_url, redis_url = start_engines(
            supervisor,
            database=not os.environ.get("DATABASE_URL"),
            queue=not os.environ.get("REDIS_URL"),
        )
        env = environment.run(layout, at, database_url, redis_url)
        prepare(supervisor, env)
        with phase("Worker, beat and web"):
            start_product(supervisor, env, at)
        say(f"\nFlotilla is ready: {env['FLOTILLA_BASE_URL']}\nCtrl-C stops everything; state is kept.")
        supervisor.watch()


def services(layout: Layout) -> None:
    """PostgreSQL and Redis alone, for manage.py and editors."""
    with Supervisor(layout) as supervisor:
        database_url, redis_url = start_engines(supervisor)
        say(f"export DATABASE_URL='{database_url}'\nexport REDIS_URL='{redis_url}'")
        supervisor.watch()


def reset(layout: Layout) -> None:
    """Forget databases, queues, mails and the simulated AWS; refuses while the stack runs."""
    with Supervisor(layout):
        homes = {postgres.embedded(layout).data.parent}
        homes |= {layout.state / name for name in ("redis", "mail", "simulator", "log")}
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)
    say(f"The demo's state under {layout.state} is gone; `make demo` starts afresh.")


def start_engines(supervisor: Supervisor, *, database: bool = True, queue: bool = True) -> tuple[str, str]:
    """Start PostgreSQL and Redis as wanted and return their URLs, "" for what was not wanted."""
    layout = supervisor.layout
    urls = ["", ""]
    with phase("PostgreSQL and Redis") as shown:
        if database:
            server = postgres.embedded(layout)
            server.initialise()
            supervisor.start(server.part(layout.log("postgres")))
            wait_for(supervisor, server.is_ready, "PostgreSQL")
            server.create_database()
            urls[0] = server.url
        if queue:
            redis = redis_server.embedded(layout)
            supervisor.start(redis.part(layout.log("redis"), dict(os.environ)))
            wait_for(supervisor, redis.is_ready, "Redis")
            urls[1] = redis.url
        shown.note = "embedded" if database and queue else "from DATABASE_URL and REDIS_URL where set"
    return urls[0], urls[1]


def prepare(supervisor: Supervisor, env: dict[str, str]) -> None:
    """Bring the database to the code's schema and the static files to their sources, both at once."""
    layout = supervisor.layout
    with phase("Database schema and static files") as shown, ThreadPoolExecutor() as pool:
        collected = pool.submit(collect_static, layout, env)
        migrated = pool.submit(_migrate, layout, env)
        done = [
            word for word, future in (("schema", migrated), ("static files", collected)) if future.result()
        ]
        shown.note = "" if done else "unchanged"


def _seed(layout: Layout, env: dict[str, str], fleet: Path) -> str:
    """Seed people and accounts once per database and fleet file; what people change later stays as it is."""
    stamp = postgres.embedded(layout).data.parent / "seed.stamp"
    found = _digest(layout.root, [layout.root / "stack" / "seed.py"]) + _digest(fleet.parent, [fleet])
    if stamp.exists() and stamp.read_text() == found:
        return "unchanged"
    done = _python(layout, env, "stack.seed", str(fleet))
    stamp.write_text(found)
    return done


def _migrate(layout: Layout, env: dict[str, str]) -> bool:
    """Migrate when a migration or a package changed since the last time; False when nothing did.

    The note of the last time lies with the embedded database; one of somebody else's is always asked.
    """
    own = env["DATABASE_URL"] == (server := postgres.embedded(layout)).url
    stamp = server.data.parent / "schema.stamp"
    found = _digest(layout.root, [layout.root / "requirements" / "production.txt", *_migrations(layout.root)])
    if own and stamp.exists() and stamp.read_text() == found:
        return False
    _python(layout, env, "manage", "migrate", "--noinput", "-v", "0")
    if own:
        stamp.write_text(found)
    return True


def _migrations(root: Path) -> list[Path]:
    return sorted((root / "fleet" / "migrations").glob("*.py"))


def collect_static(layout: Layout, env: dict[str, str]) -> bool:
    """Gather and compress static files when a source changed; False when nothing did."""
    home = layout.root / ".flotilla"
    home.mkdir(exist_ok=True)
    stamp = home / "static.stamp"
    sources = [layout.root / "package-lock.json", layout.root / "dashboards" / "static_files.py"]
    sources += [layout.root / "config" / "settings.py"]
    sources += sorted(path for path in (layout.root / "static").rglob("*") if path.is_file())
    with (home / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _digest(layout.root, sources)
        if stamp.exists() and stamp.read_text() == found and (home / "static").exists():
            return False
        _python(layout, env, "manage", "collectstatic", "--noinput", "-v", "0")
        stamp.write_text(found)
    return True


def _digest(root: Path, sources: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in sources:
        whole.update(os.fsencode(path.relative_to(root)) + path.read_bytes())
    return whole.hexdigest()


def start_product(supervisor: Supervisor, env: dict[str, str], at: Addresses) -> None:
    """Start worker, beat and web, and wait until the web server says it is ready."""
    layout = supervisor.layout
    supervisor.publish(env)
    supervisor.start(parts.worker(layout, env))
    supervisor.start(parts.beat(layout, env))
    if env.get("FLOTILLA_EVENT_QUEUES"):
        supervisor.start(parts.listener(layout, env))
    supervisor.start(parts.web(layout, env, at))
    wait_for(supervisor, lambda: _answers(f"{at.base_url}/readyz"), "the web server")


def _python(layout: Layout, env: dict[str, str], module: str, *arguments: str) -> str:
    """Run a module to its end and return the last line it printed; its last line becomes the trouble when it fails."""
    argv = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        argv, cwd=layout.root, env=env, capture_output=True, text=True, check=False, start_new_session=True
    )
    with layout.log("setup").open("a") as log:
        log.write(f"\n$ {module} {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        errors = [line for line in lines if _EXCEPTION.match(line)]
        raise StackError(f"{module} {arguments[0]}: {(errors or lines)[-1]} (details: {layout.log('setup')})")
    return done.stdout.strip().rpartition("\n")[2]


def _answers(url: str) -> bool:
    """Whether the address answers with a success."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _count(database_url: str, condition: str, progress: Callable[[str], None]) -> bool:
    """Whether the condition holds for every enabled shard."""
    import psycopg

    query = f"SELECT count(*) FILTER (WHERE {condition}), count(*) FROM fleet_shard WHERE enabled"  # noqa: S608 - ours
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query).fetchone()
    done, wanted = row if row else (0, 0)
    progress(f"{done} of {wanted} account regions")
    return bool(done == wanted)


def _history(
    supervisor: Supervisor, database_url: str, progress: Callable[[str], None], patience_s: float
) -> str:
    """Wait for the hourly history, but not for ever: it goes on in the background and the Sync page shows it."""
    try:
        wait_for(
            supervisor,
            lambda: _count(database_url, _WITH_HISTORY, progress),
            "the history",
            timeout_s=patience_s,
            every_s=0.5,
        )
    except Late:
        return "still coming; the Sync page shows how far it is"
    return ""


def _welcome(at: Addresses) -> str:
    logins = "\n".join(f"  {name:<9} password {password}" for name, password in seed.LOGINS.items())
    return (
        f"\nFlotilla is ready: {at.base_url}\n\nSign in as\n{logins}\n\n"
        f"Mails it sends: {at.mail_url}\nCtrl-C stops everything; state is kept (make demo-reset forgets it)."
    )
