"""Where a clone keeps its state: everything derives from the clone's folder, so two clones never meet."""

import hashlib
import json
import os
import socket
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A Unix socket's address holds 107 bytes; the longest name placed in a socket folder needs 30 of them.
_SOCKET_FOLDER_BYTES = 75


class StackError(Exception):
    """Something a person can mend; its text is the one line they see."""


@dataclass(frozen=True)
class Layout:
    """Folders of one stack. state: absolute folder for data, logs and sockets; created on demand."""

    root: Path
    state: Path

    @classmethod
    def of_clone(cls) -> "Layout":
        """The layout of this clone, or of the folder FLOTILLA_STATE names."""
        return cls(ROOT, Path(os.environ.get("FLOTILLA_STATE") or ROOT / ".flotilla").absolute())

    @property
    def digest(self) -> str:
        """Eight hex digits that tell this state folder from every other on the machine."""
        return hashlib.sha256(os.fsencode(self.state)).hexdigest()[:8]

    @property
    def shelter(self) -> Path:
        """Where the database lives when root's clone is closed to the database's own account."""
        return Path("/var/tmp") / f"flotilla-{self.digest}"

    @property
    def short_sockets(self) -> Path:
        """Where sockets live when the state folder's path is too long for them."""
        return Path(tempfile.gettempdir()) / f"flotilla-{os.getuid()}-{self.digest}"

    def folder(self, name: str) -> Path:
        """The named folder under the state folder, created if absent."""
        path = self.state / name
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(f"Cannot create {path}: {error.strerror}") from error
        return path

    def log(self, name: str) -> Path:
        """The log file of one part."""
        return self.folder("log") / f"{name}.log"

    def sockets(self) -> Path:
        """A private folder whose path is short enough for Unix sockets."""
        path = self.state / "run"
        if len(os.fsencode(path)) > _SOCKET_FOLDER_BYTES:
            path = self.short_sockets
        try:
            path.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(f"Cannot create {path}: {error.strerror}") from error
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise StackError(f"{path} belongs to someone else; remove it and start again")
        return path

    def port(self, name: str, *, avoid: frozenset[int] = frozenset()) -> int:
        """A free loopback port for a part; the one it had last time when that is still free."""
        path = self.folder("run") / "ports.json"
        ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        taken = avoid | {number for other, number in ports.items() if other != name}
        if name not in ports or not port_is_free(ports[name]):
            ports[name] = free_port(avoid=taken)
            path.write_text(json.dumps(ports))
        return ports[name]


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(*, avoid: frozenset[int] = frozenset()) -> int:
    """A loopback port nobody listens on at this moment."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in avoid:
            return port
