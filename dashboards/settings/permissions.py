"""The report of an account's live check as the page draws it: how far it is, what is missing, how each was proven."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fleet.models import Account

PATIENCE = timedelta(minutes=5)
"""A check that has not ended by then was lost with its worker."""
PROOF = {
    "call": "tried by a harmless call",
    "simulation": "asked of IAM's policy simulator",
    "not proven": "not proven",
}
STATES = {"allowed": ("ok", "Allowed"), "denied": ("failed", "Missing"), "unknown": ("off", "Cannot tell")}
ROLES = {"read": "reading", "act": "changing"}


@dataclass(frozen=True)
class Line:
    """One permission. state, word: how it is drawn."""

    action: str
    role: str
    without: str
    state: str
    word: str
    proof: str
    message: str


@dataclass(frozen=True)
class Report:
    """stage: waiting (no worker took it yet), running, lost (its worker died) or done."""

    stage: str
    total: int
    lines: list[Line]
    missing: list[Line]
    unproven: int
    region: str
    at: datetime | None
    error: str
    act_error: str
    principal: str
    principal_error: str

    @property
    def done(self) -> int:
        return len(self.lines)

    @property
    def is_settled(self) -> bool:
        return self.stage in {"done", "lost"}

    @property
    def works(self) -> bool:
        """The roles can be assumed and nothing that is needed for reading everything is missing."""
        return self.stage == "done" and not self.error and not self.act_error and not self.missing


def report(account: Account, now: datetime) -> Report:
    """What is known of the account's permissions."""
    stored: dict[str, Any] = account.permissions
    lines = [_line(row) for row in stored.get("rows", [])]
    lines.sort(key=lambda line: list(STATES).index("allowed") if line.state == "ok" else -1)
    principal = stored.get("principal") or {}
    return Report(
        stage=_stage(account, now),
        total=stored.get("total", 0),
        lines=lines,
        missing=[line for line in lines if line.state == "failed"],
        unproven=sum(line.state == "off" for line in lines),
        region=stored.get("region", ""),
        at=_time(stored.get("done_at")) or account.identity_checked_at,
        error=account.identity_error,
        act_error=account.act_identity_error,
        principal=principal.get("arn", ""),
        principal_error=principal.get("error", ""),
    )


def _stage(account: Account, now: datetime) -> str:
    started = _time(account.permissions.get("started_at"))
    if account.permissions.get("done_at"):
        return "done" if account.identity_checked_at else "waiting"
    if started is None:
        return "waiting" if account.identity_checked_at is None else "done"
    return "running" if now - started < PATIENCE else "lost"


def _line(row: dict[str, Any]) -> Line:
    state, word = STATES[row["state"]]
    return Line(
        row["action"], ROLES[row["role"]], row["without"], state, word, PROOF[row["proof"]], row["message"]
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
