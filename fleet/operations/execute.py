"""Carries operations out: lease, steps, verdict. The row is the truth; a lost message or worker loses nothing."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from fleet.access import audit
from fleet.doorbell import ring_after_commit
from fleet.errors import (
    AccessDenied,
    AwsError,
    Conflict,
    CredentialsInvalid,
    LimitExceeded,
    NotFound,
    StalePlan,
    Throttled,
    TransitionLost,
    Unavailable,
)
from fleet.models import Operation, OperationStep
from fleet.operations.runs import SENT_AT, Done, Ended, Outcome, Run, Wait
from fleet.operations.steps import AFTER_SENDING, STEPS

log = structlog.get_logger(__name__)

SYNC_TASK = "fleet.sync_inventory"
LONGEST_PAUSE_S = 300
SENDING = ("update-", "create-endpoint", "delete-endpoint")
"""How the names of steps begin after which AWS's lists show something else."""
MOST_STUMBLES = 5
FAILURES = "failures"

_PLAIN_WORDS: tuple[tuple[type[AwsError], str], ...] = (
    (
        AccessDenied,
        "The role Flotilla acts with lacks the permission {action}. Have it allowed, then plan again.",
    ),
    (
        CredentialsInvalid,
        "AWS did not accept Flotilla's credentials for this account. Check the account in Settings.",
    ),
    (LimitExceeded, "A service quota of the account would be passed. Ask AWS for more, or ask for less."),
    (
        Conflict,
        "AWS was already changing this when the call arrived. Wait until it is InService, then plan again.",
    ),
    (NotFound, "Something the change needs no longer exists in AWS. Look at the endpoint, then plan again."),
    (AwsError, "AWS rejected the request itself, so sending it again cannot help."),
)


def advance(operation_id: int, *, now: datetime) -> float | None:
    """Carry an operation on from where it stands, as far as AWS lets it.

    Returns the seconds until the next look, None when it ended, is held by another worker, or is not due yet.
    """
    lease = _Lease.take(operation_id, now)
    if lease is None:
        return None
    try:
        return _run(lease, now)
    except TransitionLost:
        log.info("operation.lease_lost", operation=operation_id)
        return None


class _Lease:
    """A worker's exclusive hold: a conditional update of lease_until, whose value is the token."""

    def __init__(self, operation: Operation, until: datetime) -> None:
        self.operation = operation
        self.until = until

    @classmethod
    def take(cls, operation_id: int, now: datetime) -> "_Lease | None":
        """The lease, None when the operation is not active, held, or asked to wait."""
        until = now + timedelta(seconds=settings.OPERATION_LEASE_S)
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        due = Q(next_poll_at=None) | Q(next_poll_at__lte=now)
        active = Operation.objects.filter(free, due, pk=operation_id, state__in=Operation.ACTIVE)
        if not active.update(lease_until=until):
            return None
        found = Operation.objects.select_related("endpoint__shard__account").get(pk=operation_id)
        return cls(found, until)

    def renew(self) -> None:
        """Push the end of the lease on. Raises TransitionLost when another worker took it over."""
        until = timezone.now() + timedelta(seconds=settings.OPERATION_LEASE_S)
        self.write(lease_until=until)
        self.until = until

    def write(self, **columns: object) -> None:
        """Update the operation's row while the lease is ours. Raises TransitionLost otherwise."""
        if not Operation.objects.filter(pk=self.operation.pk, lease_until=self.until).update(**columns):
            raise TransitionLost(f"op-{self.operation.code} is held by another worker")
        for name, value in columns.items():
            setattr(self.operation, name, value)


def _run(lease: _Lease, now: datetime) -> float | None:
    operation = lease.operation
    if operation.state == Operation.State.QUEUED:
        lease.write(state=Operation.State.RUNNING, started_at=now)
    for step in operation.steps.exclude(state__in=[OperationStep.State.DONE, OperationStep.State.SKIPPED]):
        lease.renew()
        if step.action in AFTER_SENDING and operation.state == Operation.State.RUNNING:
            lease.write(state=Operation.State.VERIFYING)
        outcome = _attempt(lease, step, now)
        if isinstance(outcome, Ended):
            _end(lease, step, outcome)
            return None
        if not isinstance(outcome, Done):
            return _pause(lease, step, outcome.seconds, outcome.read_back, now)
        with transaction.atomic():
            lease.renew()
            _close_step(step, OperationStep.State.DONE, outcome.read_back)
            if step.action.startswith(SENDING):
                # The mirror should show AWS's Updating soon, not at its next turn.
                ring_after_commit(SYNC_TASK, operation.endpoint.shard_id)
    raise RuntimeError(f"op-{operation.code} has no step that ends it")


def _attempt(lease: _Lease, step: OperationStep, now: datetime) -> Outcome:
    """One try of one step, with every failure turned into what it means for the operation."""
    operation = lease.operation
    step.state, step.attempts = OperationStep.State.RUNNING, step.attempts + 1
    step.started_at = step.started_at or timezone.now()
    step.save(update_fields=["state", "attempts", "started_at"])
    shard = operation.endpoint.shard
    run = Run(operation, step, shard.scope, shard.act_scope, now, lease.renew)
    try:
        outcome = STEPS[step.action](run)
        step.parameters.pop(FAILURES, None)
        return outcome
    except TransitionLost:
        raise
    except StalePlan as error:
        detail = f"State changed, look again: {error}. Nothing was sent that changes the endpoint."
        return Ended(Operation.State.FAILED, Operation.Verdict.STALE, detail, str(error))
    except (Throttled, Unavailable) as error:
        return _later(step, error)
    except AwsError as error:
        if _may_have_sent(step):
            return _later(step, error)
        return _refused(operation, step, error)
    except Exception as error:
        log.exception("operation.step_failed", operation=operation.code, step=step.action)
        return _stumbled(step, error)


def _may_have_sent(step: OperationStep) -> bool:
    """Whether AWS may have the update already: from then on no refused read or repeat can end the operation."""
    return step.action in AFTER_SENDING or SENT_AT in step.parameters


def _later(step: OperationStep, error: AwsError) -> Wait:
    failures = int(step.parameters.get(FAILURES, 0)) + 1
    step.parameters[FAILURES] = failures
    seconds = min(settings.OPERATION_POLL_S * 2 ** (failures - 1), LONGEST_PAUSE_S)
    return Wait(seconds, f"{error.action}: {error.code}: {error.message}. Trying again in {seconds} s")


def _stumbled(step: OperationStep, error: Exception) -> Outcome:
    """A fault of our own: try again a few times, then say so, rather than for ever."""
    failures = int(step.parameters.get(FAILURES, 0)) + 1
    step.parameters[FAILURES] = failures
    text = f"Flotilla itself failed in this step: {type(error).__name__}"
    if failures < MOST_STUMBLES:
        return Wait(settings.OPERATION_POLL_S, text)
    detail = f"{text}, {failures} times. Look at the endpoint; the log has the rest."
    return Ended(Operation.State.FAILED, Operation.Verdict.UNKNOWN, detail, text)


def _refused(operation: Operation, step: OperationStep, error: AwsError) -> Ended:
    words = next(text for kind, text in _PLAIN_WORDS if isinstance(error, kind))
    operation.aws_error = {
        "step": step.title,
        "action": error.action,
        "code": error.code,
        "message": error.message,
        "request_id": error.request_id,
        "explanation": words.format(action=error.action),
        "missing_permission": error.action if isinstance(error, AccessDenied) else "",
        "at": timezone.now().isoformat(),
    }
    detail = f"AWS refused {error.action}. {_what_was_done(operation)}"
    return Ended(Operation.State.FAILED, Operation.Verdict.REFUSED, detail, f"AWS refused it: {error.code}")


_LEFT_BY = {
    "register-scaling": "the scalable target was registered with {minimum} to {maximum}",
    "put-scheduled-action": "scheduled action {name} was written",
    "delete-scheduled-action": "scheduled action {name} was deleted",
    "put-scaling-policy": "scaling policy {name} was written",
    "delete-scaling-policy": "scaling policy {name} was deleted",
    "put-wake-alarm": "alarm {name} was written",
}
"""What a step of a schedule leaves behind, as a person reads it."""


def _what_was_done(operation: Operation) -> str:
    """What an operation that never reached the endpoint leaves behind."""
    steps = list(operation.steps.filter(state=OperationStep.State.DONE))
    done = {step.action for step in steps}
    left = [text for step in steps if (text := _LEFT_BY.get(step.action, "").format(**step.parameters))]
    if "deregister-scaling" in done:
        left.append("the scalable target was deregistered")
    if "create-config" in done:
        left.append(
            f"the endpoint config {operation.plan['wanted']['config_name']} was created and is not used"
        )
    if "create-endpoint" in done:
        return "The new endpoint was made; the one of before is as it was."
    if "delete-endpoint" in done:
        return "The endpoint was deleted; its config may be left."
    if not left:
        return "Nothing was changed."
    return f"The endpoint is as it was; {' and '.join(left)}."


def _how_far(operation: Operation, step: OperationStep) -> str:
    if step.action in AFTER_SENDING:
        return "the update was sent."
    if SENT_AT in step.parameters:
        return "the update may have reached AWS. Look at the endpoint."
    return _what_was_done(operation)


def _pause(lease: _Lease, step: OperationStep, seconds: float, read_back: str, now: datetime) -> float | None:
    """Let go of the operation until the next look, unless it has taken too long altogether."""
    started = lease.operation.started_at or now
    if now - started >= timedelta(seconds=settings.OPERATION_TIMEOUT_S):
        minutes = settings.OPERATION_TIMEOUT_S // 60
        detail = (
            f"No proof after {minutes} minutes: {_how_far(lease.operation, step)} Last answer: {read_back}"
        )
        _end(lease, step, Ended(Operation.State.FAILED, Operation.Verdict.UNKNOWN, detail, read_back))
        return None
    with transaction.atomic():
        step.read_back = read_back
        step.save(update_fields=["read_back", "parameters", "request_id"])
        lease.write(lease_until=None, next_poll_at=now + timedelta(seconds=seconds))
    return seconds


def _close_step(step: OperationStep, state: OperationStep.State, read_back: str) -> None:
    step.state, step.read_back, step.finished_at = state, read_back, timezone.now()
    step.save(update_fields=["state", "read_back", "finished_at", "parameters", "request_id"])


def _end(lease: _Lease, step: OperationStep, ended: Ended) -> None:
    operation, is_applied = lease.operation, ended.verdict == Operation.Verdict.APPLIED
    before = operation.state
    with transaction.atomic():
        lease.write(
            state=ended.state,
            verdict=ended.verdict,
            verdict_detail=ended.detail,
            aws_error=operation.aws_error,
            finished_at=timezone.now(),
            next_poll_at=None,
        )
        lease.write(lease_until=None)
        _close_step(
            step, OperationStep.State.DONE if is_applied else OperationStep.State.FAILED, ended.read_back
        )
        operation.steps.filter(state=OperationStep.State.PENDING).update(
            state=OperationStep.State.SKIPPED, read_back="Not reached"
        )
        audit.record(
            actor=None,
            action="operation.ended",
            target=operation,
            before={"state": before},
            after={"state": ended.state, "verdict": ended.verdict, "detail": ended.detail},
            reason=operation.reason,
        )
        ring_after_commit(SYNC_TASK, operation.endpoint.shard_id)
    log.info("operation.ended", operation=operation.code, state=ended.state, verdict=ended.verdict)
