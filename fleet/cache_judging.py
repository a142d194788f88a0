"""Judges model caches and keeps what pages of many endpoints show. The one writer of CacheJudgement."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import F, Q

from fleet.models import CacheJudgement, Endpoint, Shard, VariantStatus
from fleet.queries import cache_forecast
from fleet.queries.cache_forecast import Outlook
from fleet.types import Kind

EVERY = timedelta(minutes=30)
"""How old a judgement grows before the next one: stored hours are its input, the newest of which still grows."""
TOGETHER = 8
"""Shards judged by one task, and the most that one tick asks for."""


def overdue(now: datetime) -> list[int]:
    """Shards with a live multi-model variant that was never judged, or long ago, or changed since. One query.

    At most TOGETHER.
    """
    old = Q(cache_judgement=None) | Q(cache_judgement__judged_at__lt=now - EVERY)
    old |= Q(cache_judgement__judged_at__lt=F("endpoint__modified_at"))
    due = VariantStatus.objects.filter(
        old,
        endpoint__kind=Kind.MULTI_MODEL,
        endpoint__closed_at=None,
        endpoint__shard__enabled=True,
        removed_at=None,
        is_shadow=False,
    )
    return list(due.order_by().values_list("endpoint__shard_id", flat=True).distinct()[:TOGETHER])


def judge(shard_ids: Sequence[int], *, now: datetime) -> int:
    """Judge every model cache of the shards; how many."""
    shards = Shard.objects.in_bulk(list(shard_ids))
    outlooks: list[Outlook] = []
    for shard_id, variants in groupby(
        cache_forecast.live(shard_ids), key=lambda variant: variant.endpoint.shard_id
    ):
        outlooks += cache_forecast.of_shard(shards[shard_id], list(variants), now)
    _keep(outlooks, now)
    return len(outlooks)


def judge_endpoint(endpoint: Endpoint, *, now: datetime) -> None:
    """Judge the caches of one endpoint, for instance because somebody entered how many models it hosts."""
    variants = [
        variant for variant in cache_forecast.live([endpoint.shard_id]) if variant.endpoint_id == endpoint.pk
    ]
    if variants:
        _keep(cache_forecast.of_shard(endpoint.shard, variants, now), now)


def _keep(outlooks: Sequence[Outlook], now: datetime) -> None:
    names = [field.name for field in CacheJudgement._meta.concrete_fields]
    CacheJudgement.objects.bulk_create(
        [CacheJudgement(variant=each.variant, judged_at=now, **_figures(each)) for each in outlooks],
        update_conflicts=True,
        unique_fields=["variant"],
        update_fields=[name for name in names if name not in {"id", "variant"}],
        batch_size=500,
    )


def _figures(found: Outlook) -> dict[str, Any]:
    best = found.best
    forecast = best.forecast if best else None
    return {
        "verdict": found.verdict.value,
        "since": found.since,
        "standing": found.fit.standing.value,
        "reason": found.fit.reason,
        "hosted": found.fit.observation.hosted,
        "best_way": best.way.value if best else "",
        "best_instance_type": best.instance_type if best else "",
        "best_instance_count": best.instance_count if best else None,
        "best_endpoints": best.endpoints if best else None,
        "best_hit": forecast.hit if forecast else None,
        "best_low": forecast.low if forecast else None,
        "best_high": forecast.high if forecast else None,
        "best_change_usd": best.change if best else None,
    }
