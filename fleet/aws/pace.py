"""How fast one service may be asked in one scope: as fast as it goes until AWS throttles, then half, then slowly more.

AWS publishes no rate for SageMaker's describes, so none is assumed. botocore's adaptive mode does the same per client;
our clients serve all accounts of a region, and a throttled account must not slow down its neighbours.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

MAX_PACES = 4096
SLOWEST = 0.5
"""Requests a second below which nothing is slowed down further."""
GROWTH = 0.5
"""Requests a second by which a slowed pace grows each second."""
FREE = 50.0
"""A pace that has grown to this is no limit any more."""
CUT_EVERY_S = 1.0
"""Requests that were on their way together are throttled together: that is one reason to slow down, not many."""


@dataclass
class Pace:
    """The pace of one scope and service; safe to use from several threads. rate None: no limit."""

    rate: float | None = None
    _next: float = 0.0
    _changed: float = 0.0
    _second: float = 0.0
    _sent: int = 0
    _sent_before: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def wait_s(self, now: float) -> float:
        """How long the next request has to wait; its turn is taken. `now`: a monotonic clock in seconds."""
        with self._lock:
            self._count(now)
            self._grow(now)
            if self.rate is None:
                return 0.0
            turn = max(now, self._next)
            self._next = turn + 1 / self.rate
            return turn - now

    def throttled(self, now: float) -> None:
        """AWS refused a request as one too many: go on at half the pace."""
        with self._lock:
            if self.rate is not None and now - self._changed < CUT_EVERY_S:
                return
            pace = self.rate or float(max(self._sent, self._sent_before, 1))
            self.rate, self._changed = max(SLOWEST, pace / 2), now

    def _count(self, now: float) -> None:
        if now - self._second >= 1.0:
            self._sent_before = self._sent if now - self._second < 2.0 else 0
            self._second, self._sent = now, 0
        self._sent += 1

    def _grow(self, now: float) -> None:
        if self.rate is None:
            return
        self.rate += GROWTH * max(0.0, now - self._changed)
        self._changed = max(self._changed, now)
        if self.rate >= FREE:
            self.rate = None


_paces: "OrderedDict[tuple[str, str, str], Pace]" = OrderedDict()
_lock = threading.Lock()


def of(account_id: str, region: str, service: str) -> Pace:
    """The pace of a service in one account and region, in this process: one run at a time reads a scope in bulk."""
    with _lock:
        slot = (account_id, region, service)
        pace = _paces.setdefault(slot, Pace())
        _paces.move_to_end(slot)
        while len(_paces) > MAX_PACES:
            _paces.popitem(last=False)
        return pace


def wait(account_id: str, region: str, service: str) -> None:
    """Let the request take its turn."""
    pause = of(account_id, region, service).wait_s(time.monotonic())
    if pause > 0:
        time.sleep(pause)


def throttled(account_id: str, region: str, service: str) -> None:
    """Go on at half the pace there."""
    of(account_id, region, service).throttled(time.monotonic())


def reset() -> None:
    """Forget every pace."""
    with _lock:
        _paces.clear()
