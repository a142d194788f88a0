"""SageMaker's own checks on serverless settings, and the account quotas that endpoints share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from simulator.errors import ServiceError, validation_error
from simulator.quotas import ENDPOINT_CONCURRENCY, instance_quota_name, quota
from simulator.records import Capacity
from simulator.world import Region

MEMORY_SIZES_MB = (1024, 2048, 3072, 4096, 5120, 6144)


def check_serverless(memory_mb: int, max_concurrency: int, provisioned: int) -> None:
    """Raise ValidationException for a memory size that is none of the six, or PC above the maximum."""
    if memory_mb not in MEMORY_SIZES_MB:
        sizes = ", ".join(str(size) for size in MEMORY_SIZES_MB)
        raise validation_error(f"MemorySizeInMB {memory_mb} is not supported. Supported values are: {sizes}.")
    if provisioned > max_concurrency:
        raise validation_error(
            f"ProvisionedConcurrency {provisioned} must be less than or equal to MaxConcurrency {max_concurrency}."
        )


def check_concurrency_quota(region: Region, wanted: Mapping[str, Sequence[Capacity]]) -> None:
    """Raise ResourceLimitExceeded when serverless endpoints would be allotted more than the account has."""
    limit = int(quota(region, ENDPOINT_CONCURRENCY))
    before = allotted_concurrency(region)
    mine = dict.fromkeys(wanted, 0)
    for name in wanted:
        endpoint = region.endpoints.get(name)
        if endpoint is not None:
            mine[name] = sum(v.desired.max_concurrency for v in endpoint.variants)
    after = before + sum(
        sum(capacity.max_concurrency for capacity in capacities) - mine[name]
        for name, capacities in wanted.items()
    )
    if after > limit and after > before:
        raise _limit_exceeded(ENDPOINT_CONCURRENCY, limit, before, after - before, "")


def allotted_concurrency(region: Region) -> int:
    """The sum of MaxConcurrency over the region's serverless endpoints, as desired."""
    return sum(
        variant.desired.max_concurrency
        for endpoint in region.endpoints.values()
        if endpoint.status != "Failed"
        for variant in endpoint.variants
    )


def check_instance_quota(region: Region, wanted: Mapping[str, Sequence[Capacity]]) -> None:
    """Raise ResourceLimitExceeded when an instance type's quota for endpoints would be passed."""
    used: Counter[str] = Counter()
    for endpoint in region.endpoints.values():
        if endpoint.status == "Failed":
            continue
        for variant in endpoint.variants:
            used[variant.desired.instance_type] += variant.desired.instances
    for name, capacities in wanted.items():
        delta: Counter[str] = Counter()
        for capacity in capacities:
            delta[capacity.instance_type] += capacity.instances
        present = region.endpoints.get(name)
        for variant in present.variants if present else []:
            delta[variant.desired.instance_type] -= variant.desired.instances
        for instance_type, more in delta.items():
            limit = int(quota(region, instance_quota_name(instance_type))) if instance_type else 0
            if instance_type and more > 0 and used[instance_type] + more > limit:
                name = instance_quota_name(instance_type)
                raise _limit_exceeded(name, limit, used[instance_type], more, " Instances")


def _limit_exceeded(name: str, limit: int, used: int, delta: int, unit: str) -> ServiceError:
    text = (
        f"The account-level service limit '{name}' is {limit}{unit}, with current utilization of {used}{unit} "
        f"and a request delta of {delta}{unit}. Please use AWS Service Quotas to request an increase for this "
        "quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
    )
    return ServiceError("ResourceLimitExceeded", text, members={"Message": text})
