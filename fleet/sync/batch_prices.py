"""Prices of the instance types that transform jobs ran on: few of the Price List's products, asked for by type."""

from datetime import datetime, timedelta

import structlog
from django.core.cache import cache

from fleet.aws import pricing
from fleet.errors import AwsError
from fleet.models import Price, Shard, TransformJob
from fleet.sync import prices
from fleet.types import CostComponent

log = structlog.get_logger(__name__)
EVERY = timedelta(hours=24)
CLAIM_S = 3600
"""A type is asked for at most once an hour and region, whether the Price List knows it or not."""


def refresh(shard: Shard, *, now: datetime) -> int:
    """Store the price of every type that the shard's jobs use and that has none of today; the number stored.

    A Price List that cannot be read fails nothing here: the prices section says so, and the jobs stay unpriced.
    """
    jobs = TransformJob.objects.filter(shard=shard).exclude(instance_type="")
    used = set(jobs.order_by().values_list("instance_type", flat=True).distinct())
    fresh = Price.objects.filter(
        region=shard.region, component=CostComponent.BATCH_TIME, fetched_at__gt=now - EVERY
    ).values_list("item", flat=True)
    stored = 0
    for item in sorted(used - set(fresh)):
        if not cache.add(f"flotilla:batch-price:{shard.region}:{item}", 1, CLAIM_S):
            continue
        try:
            products = list(
                pricing.sagemaker_products(
                    shard.scope, shard.region, productFamily="ML Instance", instanceName=item
                )
            )
        except AwsError as error:
            log.info("batch.prices.failed", region=shard.region, item=item, code=error.code)
            break
        found = [p for p in prices.points(products, shard.region) if p.component is CostComponent.BATCH_TIME]
        stored += len(found)
        prices.store(found, now)
    return stored
