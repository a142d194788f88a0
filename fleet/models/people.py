"""People and what they did."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who signs in. `role` says what they may do everywhere; is_superuser counts as admin."""

    class Role(models.TextChoices):
        VIEWER = "viewer"
        OPERATOR = "operator"
        ADMIN = "admin"

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    receives_alerts = models.BooleanField(default=True)
    overview_seen_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.get_username()


class AuditEntry(models.Model):
    """One thing somebody (or Flotilla itself, actor None) changed; written only by fleet.access.audit."""

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_label = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=64)
    object_label = models.CharField(max_length=255)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action} {self.object_label}"
