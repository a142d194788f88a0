"""A real SMTP server on a free port whose replies a test scripts, and which keeps every mail it accepted."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from stack.layout import free_port


class Catcher:
    """Handler of the server. Replies queued in `rcpt` and `data` are given one each, then it accepts again.

    drop_after_data: how often to close the line instead of confirming a mail that was accepted. hold_at: "RCPT" or
    "DATA" keeps that command unanswered, from the moment `hold_after` mails were accepted, and sets `holding`.
    """

    def __init__(self) -> None:
        self.accepted: list[EmailMessage] = []
        self.rcpt: deque[str] = deque()
        self.data: deque[str] = deque()
        self.drop_after_data = 0
        self.hold_at = ""
        self.hold_after = 0
        self.holding = threading.Event()

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.accepted]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await self._hold("RCPT")
        if self.rcpt:
            return self.rcpt.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data:
            return self.data.popleft()
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.accepted.append(mail)
        if self.drop_after_data:
            self.drop_after_data -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        await self._hold("DATA")
        return "250 OK"

    async def _hold(self, command: str) -> None:
        while self.hold_at == command and len(self.accepted) >= self.hold_after:
            self.holding.set()
            await asyncio.sleep(0.01)


@contextmanager
def serving(catcher: Catcher, port: int | None = None) -> Iterator[int]:
    """Run the server on a port of 127.0.0.1 (a free one unless given) in a thread of its own."""
    controller = Controller(catcher, hostname="127.0.0.1", port=port or free_port())
    controller.start()
    try:
        yield int(controller.port)
    finally:
        controller.stop()
