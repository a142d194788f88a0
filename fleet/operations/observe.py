"""From the mirror's rows to what the pure planning works on. Reads the database, never AWS."""

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from fleet.access import roles
from fleet.analysis import cold_starts
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.models import Endpoint, HourBucket, Operation, ScalableTarget, User, VariantStatus
from fleet.operations import schedule_spots
from fleet.operations.kinds import (
    PROVISIONED_DIMENSION,
    ActiveOperation,
    ConcurrencyLedger,
    Context,
    InstanceOption,
    Observed,
    ScalingRange,
    Usage,
)
from fleet.queries import cold_starts as cold_start_queries
from fleet.queries import concurrency, instance_ledger, workload
from fleet.queries import prices as price_queries
from fleet.types import CostComponent, MetricRow, ServerlessCapacity

TRAFFIC_WINDOW = timedelta(days=7)
_INSTANCE_TYPES = Path(__file__).with_name("instance_types.csv")


def observe(endpoint: Endpoint) -> Observed:
    """The newest state the mirror holds of the endpoint's one serverless variant (none: `serverless` is None)."""
    variant = (
        VariantStatus.objects.filter(endpoint=endpoint, removed_at=None, is_shadow=False)
        .exclude(memory_mb=None)
        .first()
    )
    unreadable = endpoint.unreadable or {}
    return Observed(
        endpoint=endpoint.name,
        account=endpoint.shard.account.alias,
        region=endpoint.shard.region,
        kind=endpoint.kind,
        status=endpoint.status,
        config_name=endpoint.config_name,
        modified_at=endpoint.modified_at.astimezone(UTC).isoformat(),
        variant=variant.name if variant else "",
        serverless=_capacity(variant),
        is_closed=endpoint.closed_at is not None,
        unreadable=f"{unreadable.get('code', '')}: {unreadable.get('message', '')}" if unreadable else "",
        config_document=endpoint.config.document if endpoint.config else {},
        scaling=_scaling(endpoint, variant),
        unknown_fields=tuple(endpoint.config.unknown_fields) if endpoint.config else (),
        is_read_only=endpoint.shard.account.cannot_change,
        spots=schedule_spots.of(endpoint),
    )


def context(endpoint: Endpoint, actor: User, *, own: Operation | None = None) -> Context:
    """Everything else the guards ask for. own: the operation being confirmed, which does not stand in its own way."""
    quota = concurrency.quota(endpoint.shard)
    return Context(
        actor_may=roles.may(actor, User.Role.OPERATOR),
        actor_role=actor.role,
        is_admin=roles.may(actor, User.Role.ADMIN),
        ledger=ConcurrencyLedger(concurrency.held_by_others(endpoint), quota.value, quota.source),
        active=active_operation(endpoint, own),
        instances=instance_options(endpoint),
    )


def active_operation(endpoint: Endpoint, own: Operation | None = None) -> ActiveOperation | None:
    """Who is changing the endpoint at the moment, None when nobody is."""
    held = Operation.objects.filter(endpoint=endpoint, state__in=Operation.ACTIVE).select_related(
        "requested_by"
    )
    found = (held.exclude(pk=own.pk) if own else held).first()
    if found is None:
        return None
    actor = found.requested_by.get_username() if found.requested_by else "Somebody"
    since = (found.confirmed_at or found.planned_at).astimezone(UTC)
    return ActiveOperation(found.code, _named(found), actor, f"{since:%H:%M} UTC")


def _named(operation: Operation) -> str:
    title, summary = operation.plan.get("title", operation.kind), operation.plan.get("summary", "")
    return f"{title}, {summary}" if summary else title


def traffic(endpoint: Endpoint, seen: Observed, now: datetime) -> Traffic:
    """What the endpoint's variant did over the last seven days of hourly buckets, or as far back as they reach."""
    variants = VariantStatus.objects.filter(endpoint=endpoint, name=seen.variant).values_list("pk", flat=True)
    found = workload.rows(list(variants), now - TRAFFIC_WINDOW, now)
    live = seen.serverless
    return workload.traffic(found, seen.kind, now, max_concurrency=live.max_concurrency if live else None)


def usage(endpoint: Endpoint, seen: Observed, found: Traffic) -> Usage:
    """What warnings tell of the traffic's window beside its cost."""
    columns = ("invocations", "setup_count", "memory_pct")
    variant = HourBucket.objects.filter(variant__endpoint=endpoint, variant__name=seen.variant)
    window = variant.filter(at__gte=found.window.start, at__lt=found.window.end).order_by("at")
    rows = [
        MetricRow(row["variant_id"], row["at"], 3600, {name: row[name] for name in columns})
        for row in window.values("variant_id", "at", *columns)
    ]
    since = found.window.end - cold_start_queries.PUBLISHED_WITHIN
    publishes = variant.filter(at__gte=since, setup_count__gt=0).exists()
    cold = cold_starts.count(rows, publishes_samples=publishes).count
    days = float(found.window.hours) / 24
    memory = max((value for row in rows if (value := row.get("memory_pct")) is not None), default=None)
    return Usage(found.peak_concurrency, cold / days if cold is not None and days else None, memory)


def price_book(region: str, account: int | None = None) -> PriceBook:
    """Prices in force in a region today, with the agreements of an account where one is named (its primary key)."""
    return price_queries.book(region, account=account)


def instance_options(endpoint: Endpoint) -> dict[str, InstanceOption]:
    """Hosting instance types by name for the endpoint's account and region; see InstanceOption for what is missing."""
    region = endpoint.shard.region
    book = price_book(region)
    points = {
        name: book.find(region, CostComponent.INSTANCE_TIME, name) for name in book.instance_types(region)
    }
    prices = {name: point.usd for name, point in points.items() if point}
    options = {
        name: InstanceOption(name, memory, vcpus, prices.get(name))
        for name, (vcpus, memory) in _known_types().items()
    }
    for name, usd in prices.items():
        options.setdefault(name, InstanceOption(name, None, None, usd))
    quotas, held = instance_ledger.quotas(endpoint.shard), instance_ledger.held_by_others(endpoint)
    return {
        name: replace(option, quota=quotas.get(name), held=held.get(name, 0))
        for name, option in options.items()
    }


@lru_cache(maxsize=1)
def _known_types() -> dict[str, tuple[int | None, int | None]]:
    """vCPUs and memory in MB by hosting instance type, None when unknown.

    Names: ProductionVariantInstanceType of the SageMaker API. Sizes: EC2 DescribeInstanceTypes of the same name, as
    recorded in moto 5.2.5 (November 2026); a SageMaker instance is the EC2 instance of its name.
    """
    with _INSTANCE_TYPES.open(newline="") as lines:
        return {
            row["instance_type"]: (
                int(row["vcpus"]) if row["vcpus"] else None,
                int(row["memory_mib"]) if row["memory_mib"] else None,
            )
            for row in csv.DictReader(lines)
        }


def _capacity(variant: VariantStatus | None) -> ServerlessCapacity | None:
    if variant is None or variant.memory_mb is None or variant.max_concurrency is None:
        return None
    return ServerlessCapacity(
        variant.memory_mb, variant.max_concurrency, variant.provisioned_concurrency or None
    )


def _scaling(endpoint: Endpoint, variant: VariantStatus | None) -> ScalingRange | None:
    if variant is None:
        return None
    target = (
        ScalableTarget.objects.filter(
            endpoint=endpoint, variant_name=variant.name, dimension=PROVISIONED_DIMENSION
        )
        .prefetch_related("policies", "scheduled_actions")
        .first()
    )
    if target is None:
        return None
    names = [policy.name for policy in target.policies.all()]
    names += [action.name for action in target.scheduled_actions.all()]
    return ScalingRange(target.resource_id, target.min_capacity, target.max_capacity, tuple(names))
