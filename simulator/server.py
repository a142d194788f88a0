"""A small HTTP/1.1 server on asyncio: keep-alive, Content-Length bodies, answers in order per connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 500: "Internal Server Error"}
# How often a long poll looks again, seconds.
POLL_S = 0.05
MAX_BODY = 32 * 1024 * 1024


@dataclass
class HttpRequest:
    """One request; header names lower-case, path with its query string."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpAnswer:
    """One answer. `delay_s` holds it back, `drop` closes the connection instead of answering.

    `again` is called until it returns the answer (a long poll).
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    drop: bool = False
    again: Callable[[], HttpAnswer | None] | None = None

    def encode(self, keep_alive: bool) -> bytes:
        """The bytes on the wire."""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines.append(f"Content-Length: {len(self.body)}")
        if not keep_alive:
            lines.append("Connection: close")
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + self.body


def json_answer(document: Any, status: int = 200) -> HttpAnswer:
    """An answer with a JSON body; times are printed as text."""
    text = json.dumps(document, default=str, indent=1)
    return HttpAnswer(status, text.encode(), {"Content-Type": "application/json"})


class _Connection(asyncio.Protocol):
    def __init__(self, answer: Callable[[HttpRequest], HttpAnswer]):
        self._answer = answer
        self._buffer = bytearray()
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        while not self._busy and self._transport is not None:
            request = self._next_request()
            if request is None:
                return
            answer = self._answer(request)
            if answer.again is not None:
                self._busy = True
                self._ask_again(request, answer.again)
            elif answer.delay_s > 0:
                self._busy = True
                asyncio.get_running_loop().call_later(answer.delay_s, self._finish, request, answer)
            else:
                self._write(request, answer)

    def _ask_again(self, request: HttpRequest, again: Callable[[], HttpAnswer | None]) -> None:
        if self._transport is None:
            return
        answer = again()
        if answer is None:
            asyncio.get_running_loop().call_later(POLL_S, self._ask_again, request, again)
        else:
            self._finish(request, answer)

    def _finish(self, request: HttpRequest, answer: HttpAnswer) -> None:
        self._busy = False
        self._write(request, answer)
        self._advance()

    def _write(self, request: HttpRequest, answer: HttpAnswer) -> None:
        if self._transport is None:
            return
        if answer.drop:
            self._transport.abort()
            self._transport = None
            return
        keep_alive = request.headers.get("connection", "").lower() != "close"
        self._transport.write(answer.encode(keep_alive))
        if not keep_alive:
            self._transport.close()

    def _next_request(self) -> HttpRequest | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY or "transfer-encoding" in headers:
            self._refuse(b"Send a body with Content-Length, at most 32 MiB.")
            return None
        total = end + 4 + int(length)
        if len(self._buffer) < total:
            if headers.pop("expect", "").lower() == "100-continue" and len(self._buffer) == end + 4:
                assert self._transport is not None
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        body = bytes(self._buffer[end + 4 : total])
        del self._buffer[:total]
        parts = lines[0].split(" ")
        if len(parts) != 3:
            self._refuse(b"Malformed request line.")
            return None
        return HttpRequest(parts[0], parts[1], headers, body)

    def _refuse(self, text: bytes) -> None:
        if self._transport is not None:
            self._transport.write(HttpAnswer(400, text).encode(keep_alive=False))
            self._transport.close()
            self._transport = None


async def serve(
    host: str, port: int, answer: Callable[[HttpRequest], HttpAnswer]
) -> tuple[asyncio.Server, int]:
    """Listen on host:port (0 = any free port) and answer requests; returns the server and its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answer), host, port)
    return server, int(server.sockets[0].getsockname()[1])
