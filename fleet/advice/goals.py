"""What callers need of an endpoint, as only people can say: setting it with the audit entry, and judging it anew."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from fleet.access import audit
from fleet.advice import runs
from fleet.models import Endpoint, EndpointGoal, User


@dataclass(frozen=True)
class Goals:
    """As EndpointGoal; None = nobody said."""

    latency_ms: int | None = None
    largest_kb: Decimal | None = None
    is_queueable: bool | None = None
    is_offline: bool | None = None


def told(endpoint: Endpoint) -> tuple[Goals, EndpointGoal | None]:
    """What was said of an endpoint, and its row with who and when. One query."""
    row = EndpointGoal.objects.filter(endpoint=endpoint).select_related("set_by").first()
    return (Goals(row.latency_ms, row.largest_kb, row.is_queueable, row.is_offline) if row else Goals()), row


def tell(
    endpoint: Endpoint,
    goals: Goals,
    *,
    actor: User,
    now: datetime,
    reason: str = "",
    address: str | None = None,
) -> bool:
    """Keep what was said and judge the endpoint by it at once; False when it was so already."""
    with transaction.atomic():
        Endpoint.objects.select_for_update(of=("self",)).get(pk=endpoint.pk)
        before, _ = told(endpoint)
        if before == goals:
            return False
        if goals == Goals():
            EndpointGoal.objects.filter(endpoint=endpoint).delete()
        else:
            values = {**vars(goals), "set_by": actor, "set_at": now}
            EndpointGoal.objects.update_or_create(endpoint=endpoint, defaults=values)
        audit.record(
            actor=actor, action="goals.set", target=endpoint, before=_words(before), after=_words(goals),
            reason=reason, address=address,
        )  # fmt: skip
    runs.renew(endpoint, now)
    return True


def _words(goals: Goals) -> dict[str, str | int | bool | None]:
    return {
        name: f"{value.normalize():f}" if isinstance(value, Decimal) else value
        for name, value in vars(goals).items()
    }
