"""Prices of the instance types that transform jobs ran on: few of the Price List's products, asked for by type."""

from datetime import datetime

import structlog
from django.core.cache import cache

from fleet.aws import pricing
from fleet.errors import AwsError
from fleet.models import Shard, TransformJob
from fleet.sync import price_list, prices
from fleet.types import CostComponent

log = structlog.get_logger(__name__)
CLAIM_S = 3600
"""A type is asked for at most once an hour and region; once its price is known, once a day."""
KNOWN_S = 24 * 3600


def refresh(shard: Shard, *, now: datetime) -> int:
    """Store the price of every type that the shard's jobs use and that was not asked for lately; how many were found.

    A Price List that cannot be read fails nothing here: the prices section says so, and the jobs stay unpriced.
    """
    jobs = TransformJob.objects.filter(shard=shard).exclude(instance_type="")
    found = 0
    for item in sorted(set(jobs.order_by().values_list("instance_type", flat=True).distinct())):
        claim = f"flotilla:batch-price:{shard.region}:{item}"
        if not cache.add(claim, 1, CLAIM_S):
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
        read = price_list.points(products, shard.region)
        batch = [price for price in read if price.component is CostComponent.BATCH_TIME]
        prices.store(batch, now)
        if batch:
            cache.set(claim, 1, KNOWN_S)
        found += len(batch)
    return found
