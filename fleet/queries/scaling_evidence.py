"""What the scaling linter is given of one shard: targets, policies, levels, hours, queues, costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from fleet.analysis.scaling_policies import facts
from fleet.analysis.scaling_policies.facts import COPIES, INSTANCES, PROVISIONED, Scaled, Use
from fleet.models import (
    DailyCost,
    Endpoint,
    FineBucket,
    InferenceComponent,
    ScalableTarget,
    Shard,
    VariantStatus,
)
from fleet.types import CostComponent, Kind

WINDOW = timedelta(days=14)
FRESH = timedelta(hours=1)
"""A queue that was read longer ago than this is not known any more."""
HOUR = timedelta(hours=1)
DEREGISTER = "application-autoscaling:DeregisterScalableTarget"


@dataclass(frozen=True)
class Seen:
    """One capacity as the linter takes it, and the rows it is of; target None: nothing scales it."""

    endpoint: Endpoint | None
    target: ScalableTarget | None
    scaled: Scaled


@dataclass(frozen=True)
class _Rows:
    """Everything that was read, by primary key of a variant or name of a component."""

    variants: Mapping[tuple[int, str], VariantStatus]
    copies: Mapping[tuple[int, str], int | None]
    hours: Mapping[int, tuple[int, list[int], float | None, float | None]]
    waiting: Mapping[int, tuple[float, datetime]]
    costs: Mapping[tuple[int, str], Decimal]
    may_deregister: bool | None


def of_shard(shard: Shard, now: datetime) -> list[Seen]:
    """Every target of the shard, then asynchronous variants that nothing scales. Nine queries, however many."""
    stored = ScalableTarget.objects.filter(shard=shard).select_related("endpoint")
    targets = list(stored.prefetch_related("policies", "scheduled_actions").order_by("pk"))
    asynchronous = Q(endpoint__kind=Kind.ASYNCHRONOUS, endpoint__closed_at=None)
    scaled = Q(endpoint__in=[target.endpoint_id for target in targets if target.endpoint_id])
    held = VariantStatus.objects.filter(asynchronous | scaled, endpoint__shard=shard, removed_at=None)
    live = list(held.filter(is_shadow=False).select_related("endpoint").order_by("pk"))
    rows = _read(shard, targets, live, now)
    found = [_of_target(target, shard, rows, now) for target in targets]
    known = {(target.endpoint_id, target.variant_name) for target in targets if target.dimension == INSTANCES}
    alone = [each for each in live if each.endpoint.kind == Kind.ASYNCHRONOUS]
    return found + [
        _unscaled(variant, shard, rows, now)
        for variant in alone
        if (variant.endpoint_id, variant.name) not in known
    ]


def _read(
    shard: Shard, targets: Sequence[ScalableTarget], live: Sequence[VariantStatus], now: datetime
) -> _Rows:
    ids = [variant.pk for variant in live]
    components = InferenceComponent.objects.filter(
        endpoint__in=[target.endpoint_id for target in targets if target.dimension == COPIES], removed_at=None
    )
    return _Rows(
        variants={(each.endpoint_id, each.name): each for each in live},
        copies={
            (endpoint, name): copies
            for endpoint, name, copies in components.values_list("endpoint_id", "name", "current_copies")
        },
        hours=_hours(ids, now),
        waiting=_waiting(ids, now),
        costs=_costs(ids, now),
        may_deregister=_may_deregister(shard),
    )


def _of_target(target: ScalableTarget, shard: Shard, rows: _Rows, now: datetime) -> Seen:
    endpoint = target.endpoint if target.endpoint and target.endpoint.closed_at is None else None
    policies = tuple(
        facts.policy(row.name, row.policy_type, row.configuration) for row in target.policies.all()
    )
    lowest = [row.min_capacity for row in target.scheduled_actions.all() if row.min_capacity is not None]
    common: dict[str, Any] = {
        "endpoint": endpoint.name if endpoint else "",
        "kind": endpoint.kind if endpoint else Kind.UNKNOWN,
        "resource_id": target.resource_id,
        "dimension": target.dimension,
        "minimum": target.min_capacity,
        "maximum": target.max_capacity,
        "policies": policies,
        "lowest_scheduled": min(lowest, default=None),
        "may_deregister": rows.may_deregister,
    }
    if endpoint is None:
        return Seen(target.endpoint, target, Scaled(**common, is_there=False))
    if target.dimension == COPIES:
        name = target.resource_id.removeprefix("inference-component/")
        is_there = (endpoint.pk, name) in rows.copies
        level = rows.copies.get((endpoint.pk, name))
        return Seen(endpoint, target, Scaled(**common, level=level, is_there=is_there))
    variant = rows.variants.get((endpoint.pk, target.variant_name))
    if variant is None:
        # An endpoint that was never described has no variants yet: that says nothing about its target.
        return Seen(endpoint, target, Scaled(**common, is_there=endpoint.described_at is None))
    level = (
        variant.provisioned_concurrency if target.dimension == PROVISIONED else variant.current_instance_count
    )
    part = CostComponent.KEPT_WARM if target.dimension == PROVISIONED else CostComponent.INSTANCE_TIME
    return Seen(endpoint, target, Scaled(**common, level=level, use=_use(variant, part, shard, rows, now)))


def _unscaled(variant: VariantStatus, shard: Shard, rows: _Rows, now: datetime) -> Seen:
    endpoint = variant.endpoint
    scaled = Scaled(
        endpoint.name,
        endpoint.kind,
        f"endpoint/{endpoint.name}/variant/{variant.name}",
        INSTANCES,
        level=variant.current_instance_count,
        use=_use(variant, CostComponent.INSTANCE_TIME, shard, rows, now),
    )
    return Seen(endpoint, None, scaled)


def _use(variant: VariantStatus, part: str, shard: Shard, rows: _Rows, now: datetime) -> Use:
    hours = _read_hours(variant, shard, now)
    busy, of_week, p90_ms, p99_ms = rows.hours.get(variant.pk, (0, [], None, None))
    waiting = rows.waiting.get(variant.pk)
    return Use(
        hours=hours,
        # Asynchronous and serverless endpoints publish nothing while nobody calls: a read hour without any is empty.
        empty=None if hours is None else max(0, hours - busy),
        busy=frozenset(of_week),
        p90_s=None if p90_ms is None else p90_ms / 1000,
        p99_s=None if p99_ms is None else p99_ms / 1000,
        waiting=waiting[0] if waiting else None,
        waiting_at=waiting[1] if waiting else None,
        usd_a_day=rows.costs.get((variant.pk, part)),
    )


def _read_hours(variant: VariantStatus, shard: Shard, now: datetime) -> int | None:
    """Whole hours of WINDOW, since the endpoint was made, that are read; None where its history is not whole yet."""
    is_whole = shard.backfill_done_until is not None and shard.backfill_done_until == shard.backfill_until
    if not is_whole or shard.backfill_from is None or variant.metrics_until is None:
        return None
    start = max(_end(now) - WINDOW, _ceil(shard.backfill_from), _ceil(variant.endpoint.created_at))
    end = min(_end(now), _end(variant.metrics_until))
    return max(0, (end - start) // HOUR)


def _end(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _ceil(at: datetime) -> datetime:
    return _end(at) if at == _end(at) else _end(at) + HOUR


def _hours(ids: Sequence[int], now: datetime) -> dict[int, tuple[int, list[int], float | None, float | None]]:
    with connection.cursor() as cursor:
        cursor.execute(_HOURS, {"ids": list(ids), "start": _end(now) - WINDOW, "end": _end(now)})
        return {pk: (busy, of_week or [], p90, p99) for pk, busy, of_week, p90, p99 in cursor.fetchall()}


def _waiting(ids: Sequence[int], now: datetime) -> dict[int, tuple[float, datetime]]:
    newest = FineBucket.objects.filter(
        variant_id__in=ids, at__gte=now - FRESH, at__lt=now, backlog_max__isnull=False
    )
    rows = newest.order_by("variant_id", "-at").distinct("variant_id")
    return {
        pk: (backlog, at)
        for pk, backlog, at in rows.values_list("variant_id", "backlog_max", "at")
        if backlog is not None
    }


def _costs(ids: Sequence[int], now: datetime) -> dict[tuple[int, str], Decimal]:
    """USD a day by variant and component, over the finished days of WINDOW; none where a day has no price."""
    today = now.date()
    lines = DailyCost.objects.filter(variant_id__in=ids, day__gte=today - WINDOW, day__lt=today)
    sums = (
        lines.order_by()
        .values_list("variant_id", "component")
        .annotate(
            usd=Sum("amount"), days=Count("day", distinct=True), unknown=Count("pk", filter=Q(amount=None))
        )
    )
    return {
        (pk, part): usd / days for pk, part, usd, days, unknown in sums if usd is not None and not unknown
    }


def _may_deregister(shard: Shard) -> bool | None:
    """What IAM said about the role for changes; None where it was not asked."""
    rows = shard.account.permissions.get("rows") or []
    states = {
        row.get("state") for row in rows if row.get("action") == DEREGISTER and row.get("role") == "act"
    }
    return {"allowed": True, "denied": False}.get(states.pop()) if len(states) == 1 else None


_HOURS = """
SELECT variant_id, count(*) FILTER (WHERE is_busy),
    array_agg(DISTINCT hour_of_week) FILTER (WHERE is_busy),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p90) FILTER (WHERE is_busy),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY p99) FILTER (WHERE is_busy)
FROM (
    SELECT variant_id, model_latency_ms_p90 AS p90, model_latency_ms_p99 AS p99,
        (extract(isodow FROM at AT TIME ZONE 'UTC') - 1) * 24 + extract(hour FROM at AT TIME ZONE 'UTC')
            AS hour_of_week,
        coalesce(invocations, 0) + coalesce(processed, 0) + coalesce(backlog_max, 0) > 0 AS is_busy
    FROM fleet_hourbucket WHERE variant_id = ANY(%(ids)s) AND at >= %(start)s AND at < %(end)s
) hours GROUP BY variant_id
"""
