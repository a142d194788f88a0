"""Keeps the effective writes of a run in a JSON file and replays them after a restart.

A journal, not a dump: replaying the same calls at the same instants gives the same world.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Journal:
    """The epoch and the writes of one fleet file. Without a path it remembers nothing."""

    def __init__(self, path: Path | None, fleet_digest: str):
        self._path = path
        self._digest = fleet_digest
        self.epoch: datetime | None = None
        self.entries: list[Entry] = []
        if path is not None and path.exists():
            self._load(path)

    def _load(self, path: Path) -> None:
        document = json.loads(path.read_text())
        # A journal of another fleet describes endpoints that are not there: it is left aside.
        if document.get("fleet") == self._digest:
            self.epoch = datetime.fromisoformat(document["epoch"])
            self.entries = document["entries"]

    def begin(self, epoch: datetime) -> None:
        """Set the epoch of a fresh run."""
        self.epoch = epoch
        self.entries = []
        self._save()

    def append(self, at: datetime, kind: str, detail: Entry) -> None:
        """Add one write: kind `call` or a control route's name."""
        self.entries.append({"at": at.isoformat(), "kind": kind, "detail": detail})
        self._save()

    def _save(self) -> None:
        if self._path is None or self.epoch is None:
            return
        document = {"fleet": self._digest, "epoch": self.epoch.isoformat(), "entries": self.entries}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(self._path.name + ".partial")
        partial.write_text(json.dumps(document, default=_plain))
        os.replace(partial, self._path)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in a journal")
