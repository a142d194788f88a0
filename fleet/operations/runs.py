"""One worker's hold on an operation, and the ways in which a step can come out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fleet.errors import AwsError, Throttled, Unavailable
from fleet.models import Operation, OperationStep
from fleet.types import AwsScope, EndpointState

SENT_AT = "sent_at"
"""Key in a step's parameters: the update was about to be sent then, so a repeat knows that AWS may have had it."""


@dataclass
class Run:
    """One worker's hold on an operation while it carries out a step.

    scope: the role that reads. act_scope: the role that may change endpoints; every write goes by it, and so does
    the one read that is a part of writing (the tags of the config that is copied). hold() renews the lease and
    raises TransitionLost when another worker has it: called right before every write.
    """

    operation: Operation
    step: OperationStep
    scope: AwsScope
    act_scope: AwsScope
    now: datetime
    hold: Callable[[], None]


@dataclass(frozen=True)
class Done:
    """The step is proven; `read_back` is the proof."""

    read_back: str


@dataclass(frozen=True)
class Wait:
    """AWS needs time; look again in `seconds`."""

    seconds: float
    read_back: str


@dataclass(frozen=True)
class Ended:
    """The operation is over: its last state and verdict, in words."""

    state: Operation.State
    verdict: Operation.Verdict
    detail: str
    read_back: str


Outcome = Done | Wait | Ended


def take_back(run: Run) -> None:
    """AWS refused the first update ever sent, so nothing is under way: the note that one may be goes."""
    run.step.parameters = {key: value for key, value in run.step.parameters.items() if key != SENT_AT}


def noted(
    run: Run, send: Callable[[], str], *, undecided: tuple[type[AwsError], ...] = (Throttled, Unavailable)
) -> None:
    """Send, with a note first: once AWS may have it, no refusal of a repeat can end the operation as refused.

    undecided: errors after which one of the tries inside may have arrived, so that the note stays.
    """
    was_sent_before = SENT_AT in run.step.parameters
    run.hold()
    run.step.parameters = {**run.step.parameters, SENT_AT: run.now.isoformat()}
    run.step.save(update_fields=["parameters"])
    try:
        run.step.request_id = send()
    except undecided:
        raise
    except AwsError:
        if not was_sent_before:
            take_back(run)
        raise


def keep_failure_reason(run: Run, live: EndpointState) -> None:
    """AWS shows the reason for a while only; the first sighting is kept."""
    if live.failure_reason and not run.operation.failure_reason:
        run.operation.failure_reason = live.failure_reason
        run.operation.save(update_fields=["failure_reason"])
