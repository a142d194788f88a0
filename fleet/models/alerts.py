"""Alert rules, incidents and the mails about them."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint
from fleet.models.operations import Operation
from fleet.models.people import User


class AlertRule(models.Model):
    """A rule people can tune; its meaning lives in fleet.alerts.rules under `key`."""

    class Severity(models.TextChoices):
        WARNING = "warning"
        CRITICAL = "critical"

    key = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    severity = models.CharField(max_length=16, choices=Severity.choices)
    parameters = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.name


class Incident(models.Model):
    """One episode of a rule on one subject; at most one is open per (rule, subject).

    Written by fleet.alerts.incidents. Words, facts ([label, value]) and series are those of the opening, so that page
    and mail show the same figures; last_true_at follows the data while the incident is open.
    """

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="incidents")
    subject = models.CharField(max_length=128)
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.CASCADE, related_name="incidents")
    operation = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="incidents")
    severity = models.CharField(max_length=16, choices=AlertRule.Severity.choices)
    title = models.CharField(max_length=255)
    cause = models.CharField(max_length=255, blank=True)
    summary = models.TextField()
    advice = models.TextField(blank=True)
    facts = models.JSONField(default=list)
    series = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    condition_since = models.DateTimeField()
    last_true_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=255, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    acknowledged_note = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "subject"],
                condition=models.Q(resolved_at=None),
                name="one_open_incident_per_subject",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Notification(models.Model):
    """One mail to one recipient: the outbox and the delivery log.

    It is about one transition of an incident, or (incident null) about many at once, a reminder or a test. The message
    id is derived from what the mail is about, so that a repeated attempt carries the same one and a second row cannot
    exist.
    """

    class Transition(models.TextChoices):
        OPENED = "opened"
        RESOLVED = "resolved"
        TEST = "test"
        REMINDER = "reminder"

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"

    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="notifications")
    transition = models.CharField(max_length=16, choices=Transition.choices)
    recipient = models.EmailField()
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    message_id = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    text = models.TextField()
    html = models.TextField()
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["incident", "transition", "recipient"], name="one_mail_per_transition_and_recipient"
            ),
            models.UniqueConstraint(fields=["message_id"], name="one_mail_per_message_id"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"],
                name="mail_due",
                condition=models.Q(state__in=["pending", "sending"]),
            )
        ]

    def __str__(self) -> str:
        return self.subject
