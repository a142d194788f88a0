"""The instance ledger of one account and region: hosting instances by type that endpoints hold, and may hold."""

from django.db.models import Sum
from django.db.models.functions import Greatest

from fleet.models import Endpoint, Operation, Quota, Shard, VariantStatus
from fleet.serverless_quotas import INSTANCES_ENDING


def quotas(shard: Shard) -> dict[str, int]:
    """The most instances of a type that endpoints may run, as Service Quotas reports it; unread types are left out."""
    rows = Quota.objects.filter(shard=shard, name__endswith=INSTANCES_ENDING).values_list("name", "value")
    return {name.removesuffix(INSTANCES_ENDING): int(value) for name, value in rows}


def held_by_others(endpoint: Endpoint) -> dict[str, int]:
    """Instances by type that the shard's other endpoints run or are getting, conversions under way included."""
    under_way = Operation.objects.filter(
        endpoint__shard=endpoint.shard_id, state__in=Operation.ACTIVE, parameters__has_key="instance_type"
    ).exclude(endpoint=endpoint)
    wanted = list(under_way.values_list("endpoint", "parameters"))
    rows = (
        VariantStatus.objects.filter(
            endpoint__shard=endpoint.shard_id, endpoint__closed_at=None, removed_at=None
        )
        .exclude(endpoint__in=[endpoint.pk, *(pk for pk, _ in wanted)])
        .exclude(instance_type="")
        .values_list("instance_type")
        .annotate(held=Sum(Greatest("current_instance_count", "desired_instance_count")))
        .order_by()
    )
    held = {name: count or 0 for name, count in rows}
    for _, parameters in wanted:
        name = parameters["instance_type"]
        held[name] = held.get(name, 0) + int(parameters["instance_count"])
    return held
