"""A mail server for demos: keeps every mail as a file and shows them on a small read-only web page."""

import argparse
import html
import itertools
import signal
import threading
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .4rem .6rem }
tr { border-bottom: 1px solid #ddd } iframe { width: 100%; height: 70vh; border: 1px solid #ddd }
pre { white-space: pre-wrap; background: #f6f6f6; padding: 1rem }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; sandbox allow-same-origin"


class MailFolder:
    """Mails as .eml files, named so that the newest sorts last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes) -> None:
        """Store one mail; a reader never sees half of it."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{next(self._numbers):04d}.eml"
        partial = self._folder / f".{name}"
        partial.write_bytes(content)
        partial.replace(self._folder / name)

    def names(self) -> list[str]:
        """File names, newest first."""
        return sorted((path.name for path in self._folder.glob("[!.]*.eml")), reverse=True)

    def read(self, name: str) -> EmailMessage | None:
        """One mail, None when there is no such file."""
        if name not in self.names():
            return None
        with (self._folder / name).open("rb") as file:
            return BytesParser(EmailMessage, policy=policy.default).parse(file)


class Catcher:
    """aiosmtpd's handler: accepts every mail."""

    def __init__(self, mails: MailFolder) -> None:
        self._mails = mails

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail with the envelope's recipients, then accept it."""
        head = "".join(f"X-Envelope-To: {address}\r\n" for address in envelope.rcpt_tos)
        content = envelope.content or b""
        self._mails.keep(head.encode() + (content if isinstance(content, bytes) else content.encode()))
        return "250 Message accepted for delivery"


def pages(mails: MailFolder) -> type[BaseHTTPRequestHandler]:
    """The web page's request handler: / lists, /NAME shows a mail, /NAME/html is its HTML part alone."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = [unquote(part) for part in urlsplit(self.path).path.split("/") if part]
            if not path:
                return self._answer(_list_page(mails))
            mail = mails.read(path[0])
            if mail is None or len(path) > 2:
                return self._answer("<h1>No such mail</h1>", HTTPStatus.NOT_FOUND)
            return self._answer(_html_part(mail) if path[1:] == ["html"] else _mail_page(path[0], mail))

        def _answer(self, body: str, status: HTTPStatus = HTTPStatus.OK) -> None:
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", _POLICY)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent: the log is for mail."""

    return Handler


def _page(title: str, body: str) -> str:
    return f"<!doctype html><html lang=en><title>{html.escape(title)}</title><style>{_STYLE}</style>{body}"


def _list_page(mails: MailFolder) -> str:
    rows = []
    for name in mails.names()[:200]:
        mail = mails.read(name)
        if mail is not None:
            cells = [
                mail.get("Date", ""),
                mail.get("X-Envelope-To", mail.get("To", "")),
                mail.get("Subject", ""),
            ]
            shown = [html.escape(str(cell)) for cell in cells]
            rows.append(
                f"<tr><td>{shown[0]}<td>{shown[1]}<td><a href='/{html.escape(name)}'>{shown[2] or '(none)'}</a>"
            )
    table = "".join(rows) or "<tr><td colspan=3>No mail yet."
    return _page("Mails", f"<h1>Mails</h1><table><tr><th>Date<th>To<th>Subject{table}</table>")


def _mail_page(name: str, mail: EmailMessage) -> str:
    head = "".join(f"{html.escape(key)}: {html.escape(str(value))}\n" for key, value in mail.items())
    text = mail.get_body(("plain",))
    plain = html.escape(str(text.get_content())) if text is not None else "(no text part)"
    frame = f"<iframe sandbox title='HTML part' src='/{html.escape(name)}/html'></iframe>"
    body = f"<p><a href='/'>All mails</a><h1>{html.escape(str(mail.get('Subject', '')))}</h1>"
    return _page(
        str(mail.get("Subject", "")),
        f"{body}{frame}<h2>Text</h2><pre>{plain}</pre><h2>Head</h2><pre>{head}</pre>",
    )


def _html_part(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    return str(part.get_content()) if part is not None else "<p>(no HTML part)"


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m stack.smtp_catcher", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    mails = MailFolder(options.folder)
    web = ThreadingHTTPServer(("127.0.0.1", options.http_port), pages(mails))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    smtp = Controller(Catcher(mails), hostname="127.0.0.1", port=options.smtp_port)
    smtp.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    smtp.stop()
    web.shutdown()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
