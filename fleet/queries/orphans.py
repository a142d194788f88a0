"""Endpoint configs and models that no endpoint uses, each with the proof that it may go or the reason to keep it."""

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from fleet.models import (
    Endpoint,
    EndpointConfig,
    HostedModel,
    InferenceComponent,
    Shard,
    VariantStatus,
)
from fleet.queries import last_use
from fleet.queries.scope import ScopeFilter

FRESH_FOR = timedelta(hours=1)
RETURN_WITHIN = timedelta(days=7)
"""What was made or left so recently may be what somebody is about to use, or to go back to."""
BATCH_WITHIN = timedelta(days=45)
"""A model that scores once a month rests for 31 days, and a late run is still a run."""
_WORDS = {
    "configs": "Configs and models",
    "components": "Inference components",
    "batch": "Transform jobs",
}
"""Sections that tell what is used, as a sentence names what they read."""


class What(StrEnum):
    """Which of the two is listed."""

    CONFIGS = "configs"
    MODELS = "models"


class Verdict(StrEnum):
    """MAY_GO: every check passed. KEEP: something still needs it. CANNOT_TELL: what would prove it was not read."""

    MAY_GO = "may-go"
    KEEP = "keep"
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True)
class Criteria:
    """Scope, a part of the name, and the least age."""

    scope: ScopeFilter
    search: str = ""
    older_than: timedelta | None = None


@dataclass(frozen=True)
class Orphan:
    """One config or model. last_used: by our own history, None = never seen in use since `watched_since`."""

    name: str
    account_id: str
    account: str
    region: str
    created_at: datetime
    last_used: datetime | None
    last_user: str
    watched_since: datetime
    verdict: Verdict
    proof: tuple[str, ...]
    command: str


def total(what: What, criteria: Criteria, now: datetime) -> int:
    """How many there are. One query."""
    narrowed = _narrowed(criteria, now)
    return (_configs(narrowed) if what is What.CONFIGS else _models(narrowed)).count()


def rows(
    what: What, criteria: Criteria, now: datetime, *, offset: int = 0, limit: int | None = None
) -> list[Orphan]:
    """The oldest first, with their proof; the number of queries does not grow with the rows."""
    narrowed, end = _narrowed(criteria, now), None if limit is None else offset + limit
    order = ("created_at", "id")
    if what is What.CONFIGS:
        configs = _configs(narrowed).select_related("shard__account").order_by(*order)
        return _judged_configs(list(configs[offset:end]), now)
    models = _models(narrowed).select_related("shard__account").order_by(*order)
    return _judged_models(list(models[offset:end]), now)


def _narrowed(criteria: Criteria, now: datetime) -> Q:
    narrowed = Q(gone_at=None) & criteria.scope.q("shard") & Q(name__icontains=criteria.search)
    if criteria.older_than is not None:
        narrowed &= Q(created_at__lt=now - criteria.older_than)
    return narrowed


def _here() -> QuerySet[Endpoint]:
    return Endpoint.objects.filter(shard=OuterRef("shard"), closed_at=None)


def _configs(narrowed: Q) -> QuerySet[EndpointConfig]:
    """What AWS lists and no open endpoint refers to."""
    used = _here().filter(Q(config=OuterRef("pk")) | Q(config_name=OuterRef("name")))
    return EndpointConfig.objects.filter(narrowed).filter(~Exists(used))


def _models(narrowed: Q) -> QuerySet[HostedModel]:
    """What AWS lists and no open endpoint runs, wishes for, or has an inference component of."""
    there = {"endpoint__shard": OuterRef("shard"), "endpoint__closed_at": None, "removed_at": None}
    live = VariantStatus.objects.filter(**there, model_name=OuterRef("name"))
    parts = InferenceComponent.objects.filter(**there, model_name=OuterRef("name"))
    wished = _here().filter(config__variants__model_name=OuterRef("name"))
    return HostedModel.objects.filter(narrowed).filter(~Exists(live), ~Exists(wished), ~Exists(parts))


def _judged_configs(configs: Collection[EndpointConfig], now: datetime) -> list[Orphan]:
    names = {config.name for config in configs}
    shards = {config.shard_id for config in configs}
    left = last_use.left(names, shards)
    named = last_use.named_in_operations(names, shards)
    changing, blind = last_use.changing(shards), last_use.unread(shards)
    found = []
    for config in configs:
        last = left.get((config.shard_id, config.name))
        keep, proof = [], [f"No endpoint uses it, as of {_at(config.shard.inventory_ok_at)}."]
        if operation := named.get((config.shard_id, config.name)):
            keep.append(f"Operation op-{operation} names it and has not ended.")
        else:
            proof.append("No operation that is planned or under way names it.")
        if last and (last[1] in changing.get(config.shard_id, ())):
            keep.append(f"{last[1]} is changing; until that is proved it may fall back to this config.")
        elif last and now - last[0] < RETURN_WITHIN:
            keep.append(
                f"{last[1]} left it less than {RETURN_WITHIN.days} days ago: somebody may want to go back."
            )
        else:
            proof.append(f"No endpoint left it within {RETURN_WITHIN.days} days.")
        command = f"aws sagemaker delete-endpoint-config --endpoint-config-name {shlex.quote(config.name)}"
        found.append(_orphan(config, last, keep, proof, _doubts(config.shard, (), blind, now), command, now))
    return found


def _judged_models(models: Collection[HostedModel], now: datetime) -> list[Orphan]:
    names = {model.name for model in models}
    shards = {model.shard_id for model in models}
    blind, unknown = last_use.unread(shards), last_use.unknown_models(shards)
    jobs = last_use.jobs(names, shards)
    wished = last_use.wished_by(names, shards)
    used = last_use.hosted(names, shards)
    named = last_use.named_in_operations(names, shards)
    found = []
    for model in models:
        key = (model.shard_id, model.name)
        keep, proof = _model_reasons(
            wished.get(key, []), named.get(key), used.get(key), jobs.get(key), model.shard, now
        )
        doubts = _doubts(model.shard, ("components", "batch"), blind, now) + unknown.get(model.shard_id, [])
        job = jobs.get(key)
        last = max(filter(None, [used.get(key), job[:2] if job else None]), default=None)
        command = f"aws sagemaker delete-model --model-name {shlex.quote(model.name)}"
        found.append(_orphan(model, last, keep, proof, doubts, command, now))
    return found


def _model_reasons(
    configs: Sequence[str],
    operation: str | None,
    used: tuple[datetime, str] | None,
    job: tuple[datetime, str, bool] | None,
    shard: Shard,
    now: datetime,
) -> tuple[list[str], list[str]]:
    """Why a model is to be kept, and what speaks for its going."""
    keep: list[str] = []
    proof = [f"No endpoint or inference component uses it, as of {_at(shard.inventory_ok_at)}."]
    if configs:
        keep.append(
            f"Named by {configs[0]}" + (f" and {len(configs) - 1} more configs." if configs[1:] else ".")
        )
    else:
        proof.append("No endpoint config names it.")
    if operation:
        keep.append(f"Operation op-{operation} names it and has not ended.")
    else:
        proof.append("No operation that is planned or under way names it.")
    if used and now - used[0] < RETURN_WITHIN:
        keep.append(
            f"{used[1]} used it less than {RETURN_WITHIN.days} days ago: somebody may want to go back."
        )
    else:
        proof.append(f"No endpoint left it within {RETURN_WITHIN.days} days.")
    if job and (job[2] or now - job[0] < BATCH_WITHIN):
        when = "is using it" if job[2] else f"used it within {BATCH_WITHIN.days} days"
        keep.append(f"Transform job {job[1]} {when}.")
    elif job is None:
        proof.append("No transform job names it.")
    else:
        proof.append(f"Its last transform job, {job[1]}, was created {job[0]:%-d %b %Y}.")
    return keep, proof


def _orphan(
    row: EndpointConfig | HostedModel,
    last: tuple[datetime, str] | None,
    keep: list[str],
    proof: list[str],
    doubts: list[str],
    command: str,
    now: datetime,
) -> Orphan:
    if now - row.created_at < RETURN_WITHIN:
        keep = [
            *keep,
            f"It was made less than {RETURN_WITHIN.days} days ago: somebody may be about to use it.",
        ]
    verdict = Verdict.KEEP if keep else Verdict.CANNOT_TELL if doubts else Verdict.MAY_GO
    return Orphan(
        name=row.name,
        account_id=row.shard.account.account_id,
        account=row.shard.account.alias,
        region=row.shard.region,
        created_at=row.created_at,
        last_used=last[0] if last else None,
        last_user=last[1] if last else "",
        watched_since=row.shard.account.created_at,
        verdict=verdict,
        proof=tuple(keep + doubts + proof),
        command=f"{command} --region {shlex.quote(row.shard.region)}",
    )


def _doubts(shard: Shard, sections: Iterable[str], blind: Mapping[int, str], now: datetime) -> list[str]:
    """What was not read, or not lately enough, to prove that nothing refers to a thing."""
    doubts = []
    if shard.pk in blind:
        doubts.append(f"{blind[shard.pk]} cannot be described: nobody knows what it uses.")
    if shard.inventory_ok_at is None or now - shard.inventory_ok_at > FRESH_FOR:
        doubts.append("Endpoints of this region were not read within the hour.")
    for name in ("configs", *sections):
        section = shard.sections.get(name) or {}
        ok_at, error = section.get("ok_at"), section.get("error")
        if not ok_at or now - datetime.fromisoformat(ok_at) > FRESH_FOR:
            doubts.append(f"{_WORDS[name]} of this region were not read within the hour.")
        elif error and name in sections:
            # What AWS showed last time is not what it would not show since.
            doubts.append(
                f"{_WORDS[name]} of this region were not all read the last time: {error['message']}"
            )
    return doubts


def _at(at: datetime | None) -> str:
    return f"{at:%-d %b %H:%M} UTC" if at else "never read"
