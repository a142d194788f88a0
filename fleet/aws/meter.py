"""Counts AWS requests by IAM action. botocore's events fill the tally that is being recorded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from botocore.hooks import BaseEventHooks

THROTTLING_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "SlowDown",
    }
)

# botocore names services by id in its events; IAM has prefixes of its own.
IAM_PREFIXES = {
    "application-auto-scaling": "application-autoscaling",
    "cost-explorer": "ce",
    "resource-groups-tagging-api": "tag",
    "service-quotas": "servicequotas",
}


@dataclass
class ActionCount:
    """Requests of one action: every attempt on the wire counts, since AWS counts (and bills) it too."""

    calls: int = 0
    throttles: int = 0
    errors: int = 0
    metrics_requested: int = 0
    metrics_booked: int = 0
    """Of those requested, the ones that stand in the day's account already."""

    @property
    def metrics_unbooked(self) -> int:
        """Metrics requested that the day's account lacks."""
        return max(0, self.metrics_requested - self.metrics_booked)


@dataclass
class Tally:
    """Counts by IAM action ("sagemaker:ListEndpoints"); safe to fill from several threads."""

    actions: dict[str, ActionCount] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(
        self, action: str, *, calls: int = 0, throttles: int = 0, errors: int = 0, metrics_requested: int = 0
    ) -> None:
        with self._lock:
            count = self.actions.setdefault(action, ActionCount())
            count.calls += calls
            count.throttles += throttles
            count.errors += errors
            count.metrics_requested += metrics_requested

    def add_booked(self, action: str, metrics: int) -> None:
        with self._lock:
            self.actions.setdefault(action, ActionCount()).metrics_booked += metrics

    @property
    def calls(self) -> int:
        """Requests sent, over all actions."""
        return sum(count.calls for count in self.actions.values())

    @property
    def metrics_requested(self) -> int:
        """Metrics asked of GetMetricData: what CloudWatch bills."""
        return sum(count.metrics_requested for count in self.actions.values())


_current: ContextVar[Tally | None] = ContextVar("flotilla_call_tally", default=None)


@contextmanager
def recording() -> Iterator[Tally]:
    """Count every request made inside the block, also those of fleet.aws.sessions.each's threads."""
    tally = Tally()
    token = _current.set(tally)
    try:
        yield tally
    finally:
        _current.reset(token)


def add_metrics(count: int) -> None:
    """Note that a GetMetricData request asked for `count` metrics."""
    tally = _current.get()
    if tally is not None:
        tally.add("cloudwatch:GetMetricData", metrics_requested=count)


def add_booked(count: int) -> None:
    """Note that `count` metrics about to be asked were booked on the day."""
    tally = _current.get()
    if tally is not None:
        tally.add_booked("cloudwatch:GetMetricData", count)


def is_throttle(parsed_response: dict[str, Any] | None) -> bool:
    """Whether AWS refused the request as one too many."""
    error = (parsed_response or {}).get("Error") or {}
    return str(error.get("Code", "")) in THROTTLING_CODES


def install(events: BaseEventHooks) -> None:
    """Count the requests of every client made from the botocore session whose events these are."""
    events.register("response-received", _on_response, unique_id="flotilla-call-meter")


def _on_response(
    event_name: str,
    parsed_response: dict[str, Any] | None = None,
    exception: Exception | None = None,
    **_rest: object,
) -> None:
    tally = _current.get()
    if tally is None:
        return
    _, service, operation = event_name.split(".", 2)
    is_throttled = is_throttle(parsed_response)
    status = ((parsed_response or {}).get("ResponseMetadata") or {}).get("HTTPStatusCode", 0)
    is_error = exception is not None or int(status) >= 300
    tally.add(
        f"{IAM_PREFIXES.get(service, service)}:{operation}",
        calls=1,
        throttles=int(is_throttled),
        errors=int(is_error and not is_throttled),
    )
