"""Counts the AWS calls received, so that tests can assert what a client asked and changed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

WRITES = ("Create", "Update", "Delete", "Add", "Put", "Register", "Deregister")


def is_write(action: str) -> bool:
    """Whether an action changes AWS state, by its verb."""
    return action.startswith(WRITES)


class CallMeter:
    """Calls by `service:Action`, by outcome, and the writes that took effect, in order."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything counted so far."""
        self.calls: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.by_scope: Counter[str] = Counter()
        self.metrics_requested = 0
        self.writes: list[dict[str, Any]] = []

    def count(self, account: str, region: str, action: str) -> None:
        """Count one call received, answered well or not."""
        self.calls[action] += 1
        self.by_scope[f"{account}/{region}/{action}"] += 1

    def effective(self, at: datetime, account: str, region: str, action: str, params: dict[str, Any]) -> None:
        """Note a write that changed something."""
        self.writes.append(
            {"at": at.isoformat(), "account": account, "region": region, "action": action, "params": params}
        )

    def document(self) -> dict[str, Any]:
        """What `GET /_calls` shows."""
        return {
            "calls": dict(self.calls),
            "errors": dict(self.errors),
            "by_scope": dict(self.by_scope),
            "metrics_requested": self.metrics_requested,
            "writes": self.writes,
        }
