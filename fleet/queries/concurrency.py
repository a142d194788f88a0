"""The concurrency ledger of one account and region: what serverless endpoints hold together, and what they may."""

from dataclasses import dataclass

from django.db.models import Sum
from django.db.models.functions import Greatest

from fleet import serverless_quotas
from fleet.models import Endpoint, Operation, Quota, Shard, VariantStatus

# An endpoint that is being created has no live concurrency yet, and while AWS raises one the higher figure counts.
_HELD = Greatest("max_concurrency", "desired_max_concurrency")


@dataclass(frozen=True)
class ConcurrencyQuota:
    """The most concurrency all serverless endpoints may hold together; value None where nobody says."""

    value: int | None
    source: str


def quota(shard: Shard) -> ConcurrencyQuota:
    """What Service Quotas reports for the shard, else the documented default of its region."""
    rows = Quota.objects.filter(shard=shard, name__icontains="concurrency")
    reported = serverless_quotas.total_concurrency(rows)
    if reported is not None:
        return ConcurrencyQuota(int(reported.value), reported.source)
    documented = serverless_quotas.documented_concurrency(shard.region)
    if documented is None:
        return ConcurrencyQuota(None, "not known for this region")
    return ConcurrencyQuota(documented, serverless_quotas.DOCUMENTED)


def held_by_others(endpoint: Endpoint) -> int:
    """Σ max concurrency of the shard's other serverless endpoints; a change under way counts with its higher figure."""
    live = VariantStatus.objects.filter(
        endpoint__shard=endpoint.shard_id, endpoint__closed_at=None, removed_at=None
    ).exclude(endpoint=endpoint)
    total: int = live.aggregate(total=Sum(_HELD))["total"] or 0
    return total + sum(_reserved(operation) for operation in _under_way(endpoint))


def _under_way(endpoint: Endpoint) -> list[Operation]:
    active = Operation.objects.filter(endpoint__shard=endpoint.shard_id, state__in=Operation.ACTIVE)
    return list(active.exclude(endpoint=endpoint))


def _reserved(operation: Operation) -> int:
    """What an active operation adds over the mirror's figure, which follows only once AWS has applied it."""
    wanted = operation.parameters.get("max_concurrency")
    if wanted is None:
        return 0
    live = VariantStatus.objects.filter(
        endpoint=operation.endpoint_id, name=operation.variant_name, removed_at=None
    )
    held: int = live.aggregate(total=Sum(_HELD))["total"] or 0
    return max(int(wanted) - held, 0)
