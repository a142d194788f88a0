"""Setting and removing what is assumed about the data of an endpoint's calls, with the audit entry."""

from datetime import datetime

from django.db import transaction

from fleet.access import audit
from fleet.costs.data import DataSizes
from fleet.models import CostLedger, DataAssumption, Endpoint, User


def assumed(endpoint: Endpoint) -> DataSizes:
    """What is assumed about the endpoint's calls; both directions None when nothing is."""
    found = DataAssumption.objects.filter(endpoint=endpoint).first()
    return DataSizes(found.request_kb, found.response_kb) if found else DataSizes()


@transaction.atomic
def assume(
    endpoint: Endpoint,
    sizes: DataSizes,
    *,
    actor: User,
    now: datetime,
    reason: str = "",
    address: str | None = None,
) -> bool:
    """Set both averages (KB of 1,024 bytes, None = nothing assumed); False when they were so already.

    The costs of every day of the endpoint's shard are compared again at the next reckoning.
    """
    Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    before = assumed(endpoint)
    if before == sizes:
        return False
    if sizes == DataSizes():
        DataAssumption.objects.filter(endpoint=endpoint).delete()
    else:
        values = {"request_kb": sizes.request_kb, "response_kb": sizes.response_kb}
        DataAssumption.objects.update_or_create(
            endpoint=endpoint, defaults={**values, "set_by": actor, "set_at": now}
        )
    CostLedger.objects.filter(shard=endpoint.shard_id).update(history_checked_at=None)
    audit.record(
        actor=actor,
        action="data-sizes.set",
        target=endpoint,
        before=_words(before),
        after=_words(sizes),
        reason=reason,
        address=address,
    )
    return True


def _words(sizes: DataSizes) -> dict[str, str | None]:
    return {name: None if value is None else f"{value.normalize():f}" for name, value in vars(sizes).items()}
