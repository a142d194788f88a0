"""The concurrency ledger of one account and region: what serverless endpoints hold together, and what they may."""

from dataclasses import dataclass

from django.db.models import Sum

from fleet.models import Endpoint, Operation, Quota, Shard, VariantStatus

_ROOMY = frozenset(
    {
        "us-east-1",
        "us-east-2",
        "us-west-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "eu-central-1",
        "eu-west-1",
    }
)
_SMALLER = frozenset(
    {
        "us-west-1",
        "af-south-1",
        "ap-east-1",
        "ap-south-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ca-central-1",
        "eu-west-2",
        "eu-west-3",
        "eu-north-1",
        "eu-south-1",
        "me-south-1",
        "sa-east-1",
    }
)
_DOCUMENTED = "Serverless Inference quotas, SageMaker AI developer guide"


@dataclass(frozen=True)
class ConcurrencyQuota:
    """The most concurrency all serverless endpoints may hold together; value None where nobody says."""

    value: int | None
    source: str


def quota(shard: Shard) -> ConcurrencyQuota:
    """What Service Quotas reports for the shard, else the documented default of its region."""
    reported = (
        Quota.objects.filter(shard=shard, name__icontains="concurrency")
        .filter(name__icontains="serverless")
        .exclude(name__icontains="per ")
        .first()
    )
    if reported is not None:
        return ConcurrencyQuota(int(reported.value), reported.source)
    if shard.region in _ROOMY:
        return ConcurrencyQuota(1000, _DOCUMENTED)
    if shard.region in _SMALLER:
        return ConcurrencyQuota(500, _DOCUMENTED)
    return ConcurrencyQuota(None, "not known for this region")


def held_by_others(endpoint: Endpoint) -> int:
    """Σ max concurrency of the shard's other serverless endpoints; a change under way counts with its higher figure."""
    live = VariantStatus.objects.filter(
        endpoint__shard=endpoint.shard_id, endpoint__closed_at=None, removed_at=None, max_concurrency__gt=0
    ).exclude(endpoint=endpoint)
    total: int = live.aggregate(total=Sum("max_concurrency"))["total"] or 0
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
    ).first()
    return max(int(wanted) - (live.max_concurrency or 0 if live else 0), 0)
