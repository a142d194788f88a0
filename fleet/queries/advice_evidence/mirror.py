"""The mirror's rows of some endpoints, for the advisor: what they are, what they run, what scales them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Sum

from fleet.advisor.evidence_parts import LevelPlan, Lint
from fleet.analysis.cache import CacheUse
from fleet.models import (
    CacheJudgement,
    ChangeEvent,
    Container,
    DataAssumption,
    Endpoint,
    EndpointGoal,
    EndpointWindow,
    HostedModel,
    LinkCheck,
    PartHour,
    PlannedForecast,
    ScalableTarget,
    ScalingActivity,
    ScalingHistory,
    VariantStatus,
)
from fleet.queries import cache_sums, scaling_findings
from fleet.queries.advice_evidence import together
from fleet.queries.scope import TimeRange
from fleet.types import EndpointStatus, Kind

CHANGING = frozenset({EndpointStatus.UPDATING, EndpointStatus.SYSTEM_UPDATING})
BAD_STATUSES = frozenset(
    {EndpointStatus.ROLLING_BACK, EndpointStatus.UPDATE_ROLLBACK_FAILED, EndpointStatus.FAILED}
)
"""What an update that fails leads to (API DescribeEndpoint, EndpointStatus, botocore 1.44.5)."""

ModelKey = tuple[int, str]
"""Shard and name."""


class ContainerRow(NamedTuple):
    """One container of a model; artefact: its address in S3, "" = none."""

    hostname: str
    image: str
    mode: str
    artefact: str = ""


@dataclass(frozen=True)
class ModelRow:
    """The newest model of its name: its document, and its containers in order."""

    document: Mapping[str, Any]
    containers: Sequence[ContainerRow]


@dataclass(frozen=True)
class Move:
    """One successful scaling activity: what it scaled, and to which level."""

    history: int
    at: datetime
    level: int


@dataclass(frozen=True)
class StageSum:
    """What one container did in the window; None = not reported. hours: in which its calls were."""

    name: str
    latency_ms: float | None
    calls: float | None
    cpu: float | None
    hours: int


@dataclass(frozen=True)
class Mirror:
    """Rows by endpoint id, models by ModelKey, stages, caches (of seven days), judged and plans by variant id.

    publishes: it had a set-up sample in 30 days. sizes: bytes of images and artefacts by shard and address; failed:
    updates that failed or were rolled back; in_step: see `together`.
    """

    endpoints: Sequence[Endpoint]
    variants: Mapping[int, Sequence[VariantStatus]]
    models: Mapping[ModelKey, ModelRow]
    targets: Mapping[int, Sequence[ScalableTarget]]
    moves: Mapping[int, Sequence[Move]]
    moves_since: Mapping[int, datetime]
    publishes: Mapping[int, bool]
    request_kb: Mapping[int, Decimal]
    updates: Mapping[int, int]
    stages: Mapping[int, Sequence[StageSum]]
    caches: Mapping[int, CacheUse]
    lint: Mapping[int, tuple[Lint, ...]]
    judged: Mapping[int, CacheJudgement]
    plans: Mapping[int, LevelPlan]
    sizes: Mapping[tuple[int, str], int] = field(default_factory=dict)
    goals: Mapping[int, EndpointGoal] = field(default_factory=dict)
    failed: Mapping[int, int] = field(default_factory=dict)
    in_step: Mapping[int, float] = field(default_factory=dict)


def read(ids: Sequence[int], start: datetime, end: datetime) -> Mirror:
    """What is stored of these open endpoints and happened to them in [start, end). Some twenty queries."""
    stored = Endpoint.objects.filter(pk__in=ids, closed_at=None).select_related("shard__account", "config")
    endpoints = list(stored.order_by("pk"))
    variants = _variants(endpoints)
    models = _models(_model_keys(endpoints, variants))
    in_parts = [
        each.pk
        for endpoint in endpoints
        if endpoint.kind == Kind.MULTI_CONTAINER
        for each in variants.get(endpoint.pk, ())
    ]
    week = TimeRange("7d", "last 7 days", end - timedelta(days=7), end)
    said = DataAssumption.objects.filter(endpoint__in=ids, request_kb__isnull=False)
    windows = EndpointWindow.objects.filter(endpoint__in=ids, key="30d")
    return Mirror(
        endpoints=endpoints,
        variants=variants,
        models=models,
        targets=_targets(ids),
        moves=_moves(ids, start),
        moves_since=_moves_since(ids, start),
        publishes=dict(windows.values_list("endpoint", "publishes_setup")),
        request_kb={pk: kb for pk, kb in said.values_list("endpoint", "request_kb") if kb is not None},
        updates=_updates(ids, start),
        stages=_stages(in_parts, start, end),
        lint=scaling_findings.lint_of(ids),
        judged={row.variant_id: row for row in CacheJudgement.objects.filter(variant__endpoint__in=ids)},
        plans=_plans(ids),
        caches={pk: sums.use for pk, sums in cache_sums.summed(_live(ids), week).items()},
        sizes=_sizes(models),
        goals={row.endpoint_id: row for row in EndpointGoal.objects.filter(endpoint__in=ids)},
        failed=_failed(ids, start),
        in_step=together.in_step([each.pk for each in endpoints if each.application], week.start, end),
    )


def _variants(endpoints: Sequence[Endpoint]) -> dict[int, list[VariantStatus]]:
    found: dict[int, list[VariantStatus]] = defaultdict(list)
    for variant in _live([endpoint.pk for endpoint in endpoints]):
        found[variant.endpoint_id].append(variant)
    return found


def _model_keys(
    endpoints: Sequence[Endpoint], variants: Mapping[int, Sequence[VariantStatus]]
) -> set[ModelKey]:
    return {
        (endpoint.shard_id, each.model_name)
        for endpoint in endpoints
        for each in variants.get(endpoint.pk, ())
        if each.model_name
    }


def _live(ids: Sequence[int]) -> QuerySet[VariantStatus]:
    return VariantStatus.objects.filter(endpoint__in=ids, removed_at=None, is_shadow=False)


def _models(wanted: set[ModelKey]) -> dict[ModelKey, ModelRow]:
    found: dict[ModelKey, ModelRow] = {}
    if not wanted:
        return found
    rows = HostedModel.objects.filter(
        shard__in={shard for shard, _ in wanted}, name__in={name for _, name in wanted}
    ).order_by("created_at")
    newest = {(row.shard_id, row.name): row for row in rows if (row.shard_id, row.name) in wanted}
    containers: dict[int, list[ContainerRow]] = defaultdict(list)
    held = Container.objects.filter(model__in=[row.pk for row in newest.values()])
    for pk, *words in held.values_list("model", "hostname", "image", "mode", "model_data_url"):
        containers[pk].append(ContainerRow(*words))
    return {key: ModelRow(row.document, tuple(containers.get(row.pk, ()))) for key, row in newest.items()}


def _sizes(models: Mapping[ModelKey, ModelRow]) -> dict[tuple[int, str], int]:
    """Bytes of images and artefacts by shard and address, as AWS told when it was asked whether they exist."""
    wanted = {
        (shard, address)
        for (shard, _), model in models.items()
        for each in model.containers
        for address in (each.image, each.artefact)
        if address
    }
    if not wanted:
        return {}
    rows = LinkCheck.objects.filter(
        shard__in={shard for shard, _ in wanted}, target__in={address for _, address in wanted},
        size_bytes__isnull=False,
    ).values_list("shard", "target", "size_bytes")  # fmt: skip
    return {(shard, address): size for shard, address, size in rows if size is not None}


def _targets(ids: Sequence[int]) -> dict[int, list[ScalableTarget]]:
    found: dict[int, list[ScalableTarget]] = defaultdict(list)
    rows = ScalableTarget.objects.filter(endpoint__in=ids).prefetch_related("policies", "scheduled_actions")
    for row in rows:
        if row.endpoint_id is not None:
            found[row.endpoint_id].append(row)
    return found


def _moves(ids: Sequence[int], start: datetime) -> dict[int, list[Move]]:
    """When scaling brought a capacity to which level, oldest first."""
    found: dict[int, list[Move]] = defaultdict(list)
    rows = ScalingActivity.objects.filter(
        history__endpoint__in=ids,
        status=ScalingActivity.SUCCESSFUL,
        to_level__isnull=False,
        ended_at__gte=start,
    ).order_by("ended_at", "pk")
    for pk, history, at, level in rows.values_list("history__endpoint", "history", "ended_at", "to_level"):
        if at is not None and level is not None:
            found[pk].append(Move(history, at, level))
    return found


def _moves_since(ids: Sequence[int], start: datetime) -> dict[int, datetime]:
    """From when on all activities of an endpoint are read; one of which none are is left out."""
    found: dict[int, datetime] = {}
    rows = ScalingHistory.objects.filter(endpoint__in=ids, read_from__isnull=False)
    for pk, since in rows.values_list("endpoint", "read_from"):
        if since is not None:
            found[pk] = max(found.get(pk, start), since)
    return found


def _plans(ids: Sequence[int]) -> dict[int, LevelPlan]:
    """The planner's first step of the serverless variants that somebody asked it about, by variant."""
    rows = PlannedForecast.objects.filter(
        variant__endpoint__in=ids, computed_at__isnull=False, missing=[], failure=""
    ).values_list("variant", "step_level", "step_usd", "step_avoided")
    return {
        pk: LevelPlan(
            "schedule" if level is None else "level", level, usd, avoided, is_worth_it=avoided is not None
        )
        for pk, level, usd, avoided in rows
    }


def _updates(ids: Sequence[int], start: datetime) -> dict[int, int]:
    rows = ChangeEvent.objects.filter(endpoint__in=ids, at__gte=start, category=ChangeEvent.Category.CONFIG)
    return dict(rows.order_by().values_list("endpoint").annotate(n=Count("pk")))


def _failed(ids: Sequence[int], start: datetime) -> dict[int, int]:
    """Updates that failed: a status that says so, or back in service with AWS's reason for a failure."""
    found: dict[int, int] = defaultdict(int)
    rows = ChangeEvent.objects.filter(endpoint__in=ids, at__gte=start, category=ChangeEvent.Category.STATUS)
    for pk, before, after in rows.order_by("at", "pk").values_list("endpoint", "before", "after"):
        was, status = before.get("status"), after.get("status")
        is_over = status == EndpointStatus.IN_SERVICE and bool(after.get("failure_reason"))
        if was not in BAD_STATUSES and (status in BAD_STATUSES or (is_over and was in CHANGING)):
            found[pk] += 1
    return found


def _stages(variant_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, list[StageSum]]:
    """Sums of containers by variant."""
    found: dict[int, list[StageSum]] = defaultdict(list)
    if not variant_ids:
        return found
    rows = PartHour.objects.filter(
        variant__in=variant_ids, of=PartHour.Of.CONTAINER, at__gte=start, at__lt=end
    ).order_by()
    sums = rows.values_list("variant", "name").annotate(
        latency=Sum("latency_ms_sum"), samples=Sum("latency_count"), calls=Sum("invocations"),
        cpu=Sum("cpu_pct"), hours=Count("pk", filter=Q(cpu_pct__isnull=False)),
        counted=Count("pk", filter=Q(invocations__isnull=False)),
    )  # fmt: skip
    for pk, name, latency, samples, calls, cpu, hours, counted in sums:
        mean = latency / samples if latency is not None and samples else None
        found[pk].append(
            StageSum(name, mean, calls, cpu / hours if cpu is not None and hours else None, counted)
        )
    return found
