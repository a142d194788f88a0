"""Who used a config or model last, and who may still: the look-ups behind the proof that one may go."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from fleet.models import (
    ChangeEvent,
    Endpoint,
    InferenceComponent,
    Operation,
    ProductionVariant,
    TransformJob,
    VariantStatus,
)
from fleet.types import TRANSITIONAL_STATUSES

OPEN_STATES = (Operation.State.PLANNED, *Operation.ACTIVE)
WITHOUT_MODEL = {"Container", "BaseInferenceComponentName"}
"""Parts of an inference component's specification that stand in for a model (API
InferenceComponentSpecification)."""


def unread(shards: Collection[int]) -> dict[int, str]:
    """An open endpoint, by shard, that AWS does not describe: nobody knows which config and models it uses."""
    rows = Endpoint.objects.filter(
        Q(config_name="") | Q(unreadable__isnull=False), shard__in=shards, closed_at=None
    )
    return dict(rows.values_list("shard_id", "name"))


def unknown_models(shards: Collection[int]) -> dict[int, list[str]]:
    """Sentences, by shard, on what uses a model that nobody knows: jobs and components listed but not described."""
    found: dict[int, list[str]] = {}
    jobs = TransformJob.objects.filter(shard__in=shards, described_at=None, missing_at=None, model_name="")
    newest = jobs.distinct("shard_id").order_by("shard_id", "-created_at")
    for shard, name in newest.values_list("shard_id", "name"):
        found.setdefault(shard, []).append(
            f"Transform job {name} was not described yet: nobody knows its model."
        )
    parts = InferenceComponent.objects.filter(
        endpoint__shard__in=shards, endpoint__closed_at=None, removed_at=None, model_name=""
    ).values_list("endpoint__shard_id", "name", "document__Specification")
    for shard, name, specification in parts:
        if not WITHOUT_MODEL & set(specification or ()):
            found.setdefault(shard, []).append(f"AWS told no model of the inference component {name}.")
    return found


def left(names: Collection[str], shards: Collection[int]) -> dict[tuple[int, str], tuple[datetime, str]]:
    """When an endpoint last left each config, and which one: by a change of config or by its own end."""
    found: dict[tuple[int, str], tuple[datetime, str]] = {}
    changes = ChangeEvent.objects.filter(
        endpoint__shard__in=shards, category=ChangeEvent.Category.CONFIG, before__config_name__in=names
    ).values_list("endpoint__shard_id", "before__config_name", "at", "endpoint__name")
    closed = Endpoint.objects.filter(
        shard__in=shards, config_name__in=names, closed_at__isnull=False
    ).values_list("shard_id", "config_name", "closed_at", "name")
    for shard, config, at, endpoint in [*changes, *closed]:
        key = (shard, config)
        if at is not None and (key not in found or at > found[key][0]):
            found[key] = (at, endpoint)
    return found


def named_in_operations(names: Collection[str], shards: Collection[int]) -> dict[tuple[int, str], str]:
    """Code of an operation that has not ended and names each config or model anywhere in its plan or observation."""
    rows = (
        Operation.objects.filter(endpoint__shard__in=shards, state__in=OPEN_STATES)
        .annotate(texts=Cast("plan", TextField()), seen=Cast("observed", TextField()))
        .values_list("endpoint__shard_id", "code", "texts", "seen")
    )
    return {
        (shard, name): code
        for shard, code, plan, seen in rows
        for name in names
        if f'"{name}"' in f"{plan}{seen}"
    }


def changing(shards: Collection[int]) -> dict[int, set[str]]:
    """Names of endpoints under change, by shard."""
    found: dict[int, set[str]] = {}
    rows = Endpoint.objects.filter(shard__in=shards, closed_at=None, status__in=TRANSITIONAL_STATUSES)
    for shard, name in rows.values_list("shard_id", "name"):
        found.setdefault(shard, set()).add(name)
    return found


def jobs(
    names: Collection[str], shards: Collection[int]
) -> dict[tuple[int, str], tuple[datetime, str, bool]]:
    """The newest transform job of each model: when, its name, and whether it is still running."""
    rows = TransformJob.objects.filter(shard__in=shards, model_name__in=names).order_by("created_at")
    values = rows.values_list("shard_id", "model_name", "created_at", "name", "status", "missing_since")
    return {
        (shard, model): (at, name, status in ("InProgress", "Stopping") and missing_since is None)
        for shard, model, at, name, status, missing_since in values
    }


def wished_by(names: Collection[str], shards: Collection[int]) -> dict[tuple[int, str], list[str]]:
    """Configs that AWS still has and that name each model."""
    found: dict[tuple[int, str], list[str]] = {}
    rows = ProductionVariant.objects.filter(
        config__shard__in=shards, config__gone_at=None, model_name__in=names
    ).values_list("config__shard_id", "model_name", "config__name")
    for shard, model, config in rows:
        found.setdefault((shard, model), []).append(config)
    return found


def hosted(names: Collection[str], shards: Collection[int]) -> dict[tuple[int, str], tuple[datetime, str]]:
    """When an endpoint was last known to run each model, and which one.

    By its end, by the removal of the variant or component, or by its leaving a config that names the model.
    """
    live = VariantStatus.objects.filter(endpoint__shard__in=shards, model_name__in=names)
    parts = InferenceComponent.objects.filter(endpoint__shard__in=shards, model_name__in=names)
    fields = ("endpoint__shard_id", "model_name", "removed_at", "endpoint__closed_at", "endpoint__name")
    ends = [
        (shard, model, removed or closed, endpoint)
        for shard, model, removed, closed, endpoint in [
            *live.values_list(*fields),
            *parts.values_list(*fields),
        ]
    ]
    configs = ProductionVariant.objects.filter(config__shard__in=shards, model_name__in=names)
    rows = list(configs.values_list("config__shard_id", "config__name", "model_name"))
    moved = left({config for _, config, _ in rows}, shards)
    ends += [
        (shard, model, *moved[shard, config]) for shard, config, model in rows if (shard, config) in moved
    ]
    found: dict[tuple[int, str], tuple[datetime, str]] = {}
    for shard, model, at, endpoint in ends:
        if at is not None and ((shard, model) not in found or at > found[shard, model][0]):
            found[shard, model] = (at, endpoint)
    return found
