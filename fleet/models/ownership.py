"""Whose an endpoint is and until when, as people set it by hand; and whether what it is built from still exists."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard
from fleet.models.endpoints import Endpoint
from fleet.models.people import User


class Ownership(models.Model):
    """What an operator set for one endpoint; an empty field leaves the word to the endpoint's tags.

    The values in force stand on the endpoint itself (owner, team, application, expires_on); this row only overrides.
    """

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="ownership")
    owner = models.CharField(max_length=256, blank=True)
    team = models.CharField(max_length=256, blank=True)
    application = models.CharField(max_length=256, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ownership of {self.endpoint_id}"


class ExpiryReminder(models.Model):
    """Says that one recipient was reminded of one endpoint's expiry date, so that nobody is reminded twice.

    days_before: 7 or 1, the reminder's place before the date; 0: it had passed before anybody was told. recipient: in
    lower case. Written in the transaction that queues the mail.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="expiry_reminders")
    expires_on = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    recipient = models.EmailField()
    queued_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint", "expires_on", "days_before", "recipient"],
                name="one_reminder_per_date_and_recipient",
            )
        ]

    def __str__(self) -> str:
        return f"{self.recipient} {self.expires_on:%Y-%m-%d}"


class LinkCheck(models.Model):
    """Whether a thing that models refer to still exists; one row per shard and thing. Written by fleet.sync.links.

    `detail` is AWS's own word, `action` the IAM action that was refused when it cannot be told. AWS_OWNED: an image
    in a registry of AWS, kept by AWS and not ours to ask for. size_bytes: of an image or one object, null = not told.
    """

    class Kind(models.TextChoices):
        IMAGE = "image"
        ROLE = "role"
        ARTEFACT = "artefact"

    class State(models.TextChoices):
        FOUND = "found"
        GONE = "gone"
        UNKNOWN = "unknown"
        AWS_OWNED = "aws-owned"

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="link_checks")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    target = models.CharField(max_length=1024)
    state = models.CharField(max_length=16, choices=State.choices)
    action = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=128, blank=True)
    detail = models.TextField(blank=True)
    checked_at = models.DateTimeField()
    gone_since = models.DateTimeField(null=True, blank=True)
    size_bytes = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "kind", "target"], name="one_check_per_target")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"
