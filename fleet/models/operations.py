"""Changes to AWS: what was asked, how it is done step by step, and how it ended. The row is the queue."""

import secrets
from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint
from fleet.models.people import User


def new_code() -> str:
    """Eight hex digits that name an operation for people and derive the names it creates in AWS."""
    return secrets.token_hex(4)


class Operation(models.Model):
    """One change to one endpoint. Only fleet.operations.{lifecycle,execute,recover} move `state`.

    observed: the version of AWS's state the plan was made from ({"modified_at", "config_name", ...}).
    plan: what was shown to the person (diff, cost lines, warnings, calls), so that the record never changes.
    form_token: set by the form; unique, so that a double submit finds the first operation.
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        QUEUED = "queued"
        RUNNING = "running"
        VERIFYING = "verifying"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        ROLLED_BACK = "rolled-back"
        CANCELLED = "cancelled"
        EXPIRED = "expired"

    class Verdict(models.TextChoices):
        NONE = "", "none yet"
        APPLIED = "applied"
        ROLLED_BACK = "rolled-back"
        OVERWRITTEN = "overwritten"
        REFUSED = "refused"
        STALE = "stale"
        UNKNOWN = "unknown"

    ENDED: ClassVar = (State.SUCCEEDED, State.FAILED, State.ROLLED_BACK, State.CANCELLED, State.EXPIRED)
    ACTIVE: ClassVar = (State.QUEUED, State.RUNNING, State.VERIFYING)

    code = models.CharField(max_length=16, unique=True, default=new_code)
    form_token = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=48)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="operations")
    variant_name = models.CharField(max_length=63, blank=True)
    parameters = models.JSONField(default=dict)
    observed = models.JSONField(default=dict)
    plan = models.JSONField(default=dict)
    monthly_cost_change_usd = models.DecimalField(max_digits=16, decimal_places=6, null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PLANNED)
    verdict = models.CharField(max_length=16, choices=Verdict.choices, default=Verdict.NONE, blank=True)
    verdict_detail = models.TextField(blank=True)
    aws_error = models.JSONField(null=True, blank=True)
    failure_reason = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="operations")
    planned_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    next_poll_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-planned_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=models.Q(state__in=["queued", "running", "verifying"]),
                name="one_active_operation_per_endpoint",
            )
        ]

    def __str__(self) -> str:
        return f"op-{self.code}"


class OperationStep(models.Model):
    """One step: precondition read, write, read back. `read_back` is the proof shown to people."""

    class State(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        DONE = "done"
        SKIPPED = "skipped"
        FAILED = "failed"

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    action = models.CharField(max_length=64)
    title = models.CharField(max_length=255)
    parameters = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    read_back = models.TextField(blank=True)
    request_id = models.CharField(max_length=128, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["operation", "position"], name="one_step_per_position")
        ]

    def __str__(self) -> str:
        return self.title
