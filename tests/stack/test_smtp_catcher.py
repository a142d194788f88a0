"""The demo's mail catcher, over real SMTP and HTTP."""

import smtplib
import sys
import urllib.request
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from stack.layout import free_port, port_is_free
from stack.processes import Part

pytestmark = [pytest.mark.aws, pytest.mark.django_db]


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as response:
        return str(response.read().decode())


def test_a_mail_is_kept_as_a_file_and_shown_with_its_hostile_subject_as_text(
    spawn: Callable[..., Part], tmp_path: Path
) -> None:
    smtp_port, http_port = free_port(), free_port()
    options = [
        "--smtp-port",
        str(smtp_port),
        "--http-port",
        str(http_port),
        "--folder",
        str(tmp_path / "mail"),
    ]
    spawn(
        "catcher",
        *(sys.executable, "-m", "stack.smtp_catcher", *options),
        ready=lambda: not port_is_free(smtp_port) and not port_is_free(http_port),
    )
    mail = EmailMessage()
    mail["Subject"] = "<script>alert(1)</script> is down"
    mail["From"], mail["To"] = "flotilla@example.com", "olga@example.com"
    mail.set_content("Plain words")
    mail.add_alternative("<p>Rich words</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", smtp_port) as client:
        client.send_message(mail)

    (kept,) = (tmp_path / "mail").glob("*.eml")
    page = _read(f"http://127.0.0.1:{http_port}/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; is down" in page
    assert "<script" not in page
    assert "olga@example.com" in page
    assert "Plain words" in _read(f"http://127.0.0.1:{http_port}/{kept.name}")
    assert _read(f"http://127.0.0.1:{http_port}/{kept.name}/html").strip() == "<p>Rich words</p>"
