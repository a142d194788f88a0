"""A delivering process that dies at the worst moment: every mail still arrives, and at most one arrives twice."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable

import pytest
from django.utils import timezone

from fleet.alerts.deliver import CLAIM, deliver_due
from fleet.models import Notification
from stack.processes import Part, wait_until
from tests.mail_catcher import Catcher, serving

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
MAILS = 8
DELIVER = """
import django
django.setup()
from django.utils import timezone
from fleet.alerts.deliver import deliver_due
deliver_due(now=timezone.now())
"""


def queue() -> None:
    now = timezone.now()
    Notification.objects.bulk_create(
        Notification(
            transition="opened", recipient="ana@example.com", message_id=f"<m{i}@flotilla>", subject=f"mail {i}",
            text="text", html="<p>html</p>", next_attempt_at=now, created_at=now,
        )
        for i in range(MAILS)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hold_at", "hold_after", "repeated"),
    [("RCPT", 0, 0), ("RCPT", 3, 0), ("DATA", 1, 1), ("DATA", 5, 1), ("DATA", MAILS, 1)],
)
def test_a_killed_sender_loses_no_mail_and_repeats_at_most_the_one_in_flight(
    spawn: Callable[..., Part], settings: object, hold_at: str, hold_after: int, repeated: int
) -> None:
    queue()
    catcher = Catcher()
    catcher.hold_at, catcher.hold_after = hold_at, hold_after
    with serving(catcher) as port:
        sender = spawn(
            "sender", sys.executable, "-c", DELIVER,
            ready=catcher.holding.is_set, env={"SMTP_URL": f"smtp://127.0.0.1:{port}"},
        )  # fmt: skip
        assert sender.process is not None
        os.kill(sender.process.pid, signal.SIGKILL)
        assert wait_until(lambda: not sender.is_running(), timeout_s=10)
        catcher.hold_at = ""
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port  # type: ignore[attr-defined]
        deliver_due(now=timezone.now())
        in_flight = Notification.objects.get(state="sending")
        deliver_due(now=timezone.now() + CLAIM)
    counts = Counter(catcher.ids)
    assert set(counts) == {f"<m{i}@flotilla>" for i in range(MAILS)}
    assert sum(counts.values()) == MAILS + repeated
    assert counts[in_flight.message_id] == 1 + repeated
    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}
