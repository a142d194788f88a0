"""A line each way over a Unix socket: how other processes ask a running stack to stop or start a part."""

import contextlib
import os
import select
import socket
from collections.abc import Callable
from pathlib import Path

from stack.layout import StackError

_PATIENCE_S = 60.0


class ControlSocket:
    """The listening side, served from the supervisor's own loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener: socket.socket | None = None

    def open(self) -> None:
        """Listen; only our own account may connect."""
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        os.chmod(self._path, 0o600)
        self._listener.listen()

    def serve(self, obey: Callable[[list[str]], str], *, timeout_s: float) -> None:
        """Answer at most one request; wait for it no longer than timeout_s."""
        assert self._listener is not None
        ready, _, _ = select.select([self._listener], [], [], timeout_s)
        if not ready:
            return
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):  # Whoever asked may have gone meanwhile.
            connection.settimeout(5)
            connection.sendall((obey(connection.recv(256).decode().split()) + "\n").encode())

    def close(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.close()
            self._path.unlink(missing_ok=True)


def ask(path: Path, *words: str) -> str:
    """Send a request to a running stack and return its answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_PATIENCE_S)
        try:
            connection.connect(str(path))
        except OSError:
            raise StackError("no stack of this clone is running") from None
        connection.sendall(" ".join(words).encode())
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    text = answer.decode().strip()
    if text.startswith("error: "):
        raise StackError(text.removeprefix("error: "))
    return text
