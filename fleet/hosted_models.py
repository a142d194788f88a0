"""Setting and removing the number of models that an endpoint hosts, with the audit entry."""

from datetime import datetime

from django.db import transaction

from fleet.access import audit
from fleet.models import Endpoint, HostedModelCount, User

HIGHEST = 1_000_000
"""More than this is taken for a slip of the finger."""


def entered(endpoint: Endpoint) -> HostedModelCount | None:
    """What was entered, with who and when, as read with the endpoint or asked now; None when nobody has."""
    return getattr(endpoint, "hosted_model_count", None)


@transaction.atomic
def enter(
    endpoint: Endpoint,
    count: int | None,
    *,
    actor: User,
    now: datetime,
    reason: str = "",
    address: str | None = None,
) -> bool:
    """Set the number (1 to HIGHEST), or take it back with None; False when it was so already."""
    Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    found = entered(endpoint)
    before = found.count if found else None
    if before == count:
        return False
    if count is None:
        HostedModelCount.objects.filter(endpoint=endpoint).delete()
    else:
        HostedModelCount.objects.update_or_create(
            endpoint=endpoint, defaults={"count": count, "set_by": actor, "set_at": now}
        )
    audit.record(
        actor=actor,
        action="hosted-models.set",
        target=endpoint,
        before={"hosted_models": before},
        after={"hosted_models": count},
        reason=reason,
        address=address,
    )
    return True
