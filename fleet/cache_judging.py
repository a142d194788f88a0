"""Judges model caches and keeps what pages of many endpoints show. The one writer of CacheJudgement."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import F, Q

from fleet.analysis.cache_forecast.fit import CAN_FORECAST, Standing
from fleet.analysis.cache_forecast.options import gain, gaining
from fleet.models import CacheJudgement, Endpoint, Shard, VariantStatus
from fleet.queries import cache_forecast
from fleet.queries.cache_forecast import Outlook
from fleet.types import Kind

_GAIN = (
    "gain", "gain_low", "gain_high", "gain_instance_type", "gain_instance_count", "gain_endpoints", "gain_change_usd",
)  # fmt: skip
EVERY = timedelta(minutes=30)
"""How old a judgement grows before the next one: stored hours are its input, the newest of which still grows."""
FORECAST_EVERY = timedelta(days=1)
"""How old a forecast grows: it rests on seven days, of which one more hour changes little."""
PORTION = 250
"""Variants judged and kept at a time: a task that runs out of time loses no more than that."""
TOGETHER = 8
"""Shards judged by one task, and the most that one tick asks for."""


def overdue(now: datetime) -> list[int]:
    """Shards with a live multi-model variant that was never judged, or long ago, or changed since. One query.

    At most TOGETHER.
    """
    due = VariantStatus.objects.filter(
        _old(now),
        endpoint__kind=Kind.MULTI_MODEL,
        endpoint__closed_at=None,
        endpoint__shard__enabled=True,
        removed_at=None,
        is_shadow=False,
    )
    return list(due.order_by().values_list("endpoint__shard_id", flat=True).distinct()[:TOGETHER])


def judge(shard_ids: Sequence[int], *, now: datetime) -> int:
    """Judge the model caches of the shards that are due; how many. What is done is kept portion by portion."""
    shards = Shard.objects.in_bulk(list(shard_ids))
    judged = 0
    for shard_id, found in groupby(
        cache_forecast.live(shard_ids, _old(now)), key=lambda variant: variant.endpoint.shard_id
    ):
        variants = list(found)
        for first in range(0, len(variants), PORTION):
            _judge(shards[shard_id], variants[first : first + PORTION], now)
        judged += len(variants)
    return judged


def _old(now: datetime) -> Q:
    old = Q(cache_judgement=None) | Q(cache_judgement__judged_at__lt=now - EVERY)
    return old | Q(cache_judgement__judged_at__lt=F("endpoint__modified_at"))


def _judge(shard: Shard, variants: Sequence[VariantStatus], now: datetime) -> None:
    """Verdicts of all; forecasts, which cost ten times that, of those whose verdict moved or whose forecast is old."""
    kept = CacheJudgement.objects.filter(variant__in=variants).select_related("variant__endpoint")
    held = {each.variant_id: each for each in kept if _still_holds(each, now)}
    said = cache_forecast.verdicts([each for each in variants if each.pk in held], now) if held else {}
    same = [each for pk, each in held.items() if said[pk][0] == each.verdict]
    for each in same:
        each.judged_at, each.since = now, said[each.variant_id][1]
    CacheJudgement.objects.bulk_update(same, ["judged_at", "since"], batch_size=500)
    done = {each.variant_id for each in same}
    others = [each for each in variants if each.pk not in done]
    if others:
        _keep(cache_forecast.of_shard(shard, others, now), now)


def _still_holds(kept: CacheJudgement, now: datetime) -> bool:
    """Whether a forecast is of today and of the endpoint as it is. What was missing for one is looked at each time."""
    at = kept.forecast_at
    return (
        at is not None
        and at > now - FORECAST_EVERY
        and at >= kept.variant.endpoint.modified_at
        and kept.standing in CAN_FORECAST
    )


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
        [
            CacheJudgement(variant=each.variant, judged_at=now, forecast_at=now, **_figures(each))
            for each in outlooks
        ],
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
        **_gain(found),
    }


def _gain(found: Outlook) -> dict[str, Any]:
    """What the cache would gain, by which its row is sorted."""
    option = gaining(found.fit, found.options, found.best)
    added = gain(found.fit, option) if option else None
    if option is None or added is None or option.forecast is None:
        return dict.fromkeys(_GAIN) | {
            "gain": 0.0 if found.fit.standing is Standing.FITS else None,
            "gain_instance_type": "",
        }
    now = option.forecast.hit - added if option.forecast.hit is not None else 0.0
    return {
        "gain": added,
        "gain_low": max(0.0, option.forecast.low - now),
        "gain_high": option.forecast.high - now,
        "gain_instance_type": option.instance_type,
        "gain_instance_count": option.instance_count,
        "gain_endpoints": option.endpoints,
        "gain_change_usd": option.change,
    }
