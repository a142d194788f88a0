"""The one writer of audit entries; call it inside the transaction of the change it records."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils import timezone

from fleet.models import AuditEntry, User

SYSTEM = "Flotilla"


def record(
    *,
    actor: User | None,
    action: str,
    target: models.Model,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    address: str | None = None,
    request_id: str = "",
) -> AuditEntry:
    """Write who changed what; actor None is Flotilla itself (a worker, a command)."""
    return AuditEntry.objects.create(
        at=timezone.now(),
        actor=actor,
        actor_label=actor.get_username() if actor else SYSTEM,
        action=action,
        object_type=target._meta.label,
        object_id=str(target.pk),
        object_label=str(target)[:255],
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason,
        address=address,
        request_id=request_id,
    )
