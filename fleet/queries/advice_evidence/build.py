"""One endpoint's rows put together as the evidence that rules judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fleet import serverless_quotas as subjects
from fleet.advisor.evidence import Calls, Evidence, Hosting, Payload
from fleet.advisor.evidence_parts import (
    Application,
    QuotaLeft,
    Recommendation,
    Scaling,
    Stage,
)
from fleet.models import Endpoint, EndpointGoal, VariantStatus
from fleet.queries import hosting, serverless_fit
from fleet.queries.advice_evidence import caches, measured, priced, scaled
from fleet.queries.advice_evidence.around import Around
from fleet.queries.advice_evidence.hours import WINDOW, Hours
from fleet.queries.advice_evidence.measured import Known
from fleet.queries.advice_evidence.mirror import Mirror, ModelRow
from fleet.queries.serverless_fit import Use
from fleet.types import Kind

KB = 1024
NOTHING = Hours()
"""A variant without a stored hour."""


def evidence(
    endpoint: Endpoint,
    rows: Mirror,
    by_variant: Mapping[int, Hours],
    full: Mapping[int, float],
    around: Around,
    start: datetime,
    end: datetime,
) -> Evidence:
    """Everything that is known of one endpoint over [start, end); what is not stays unknown."""
    variants, kind = tuple(rows.variants.get(endpoint.pk, ())), Kind(endpoint.kind)
    found = [by_variant.get(each.pk, NOTHING) for each in variants]
    known = [Known.of(endpoint, row, start) for row in variants]
    hourly = measured.added(
        [measured.hourly_calls(each, since, kind) for each, since in zip(found, known, strict=True)]
    )
    models = [rows.models.get((endpoint.shard_id, each.model_name)) for each in variants]
    subject = Subject(endpoint, kind, variants, found, models, rows, around, start, end)
    calls = measured.calls_of(found, hourly, endpoint, variants[0], end) if variants else Calls()
    exclusions = _exclusions(endpoint, models)
    return Evidence(
        calls=calls,
        shape=measured.traffic_shape(hourly, start) if hourly else None,
        exclusions=exclusions,
        **_identity(subject),
        **_surroundings(subject),
        **_said(rows.goals.get(endpoint.pk), rows.request_kb.get(endpoint.pk)),
        **_of_main(subject, calls, exclusions, full),
    )


@dataclass(frozen=True)
class Subject:
    """One endpoint with its live variants, and for each of them what it did and its model; and all that is around."""

    endpoint: Endpoint
    kind: Kind
    variants: Sequence[VariantStatus]
    hours: Sequence[Hours]
    models: Sequence[ModelRow | None]
    rows: Mirror
    around: Around
    start: datetime
    end: datetime

    @property
    def main(self) -> VariantStatus | None:
        """Its variant, where it has one: its figures belong to one machine."""
        return self.variants[0] if len(self.variants) == 1 else None


def _identity(of: Subject) -> dict[str, Any]:
    endpoint = of.endpoint
    return {
        "endpoint": endpoint.name,
        "kind": of.kind,
        "region": endpoint.shard.region,
        "account_id": endpoint.shard.account.account_id,
        "status": endpoint.status,
        "window_days": WINDOW / timedelta(days=1),
        "age_days": (of.end - endpoint.created_at) / timedelta(days=1),
        "hosting": tuple(_hosting(of, *each) for each in zip(of.variants, of.models, strict=True)),
        "ownership": scaled.ownership(endpoint, of.end.date()),
    }


def _surroundings(of: Subject) -> dict[str, Any]:
    """What scales, updates and limits it, and what it belongs to."""
    pk, rows = of.endpoint.pk, of.rows
    return {
        "scaling": _scaling(of.endpoint, rows, of.end),
        "quota": _quota(of.endpoint, of.main, of.around),
        "deployment": scaled.deployment(
            of.endpoint.document, rows.updates.get(pk, 0), rows.failed.get(pk, 0)
        ),
        "application": _application(of.endpoint, rows, of.around),
        "recommendation": _recommendation(of.models),
    }


def _said(goal: EndpointGoal | None, request_kb: Decimal | None) -> dict[str, Any]:
    """What people said: sizes of requests, and what callers need."""
    largest = goal.largest_kb if goal else None
    payload = Payload(
        mean_bytes=None if request_kb is None else float(request_kb * KB),
        largest_bytes=None if largest is None else float(largest * KB),
        source="" if request_kb is None and largest is None else "told by a person",
    )
    if goal is None:
        return {"payload": payload}
    return {
        "payload": payload,
        "latency_goal_ms": None if goal.latency_ms is None else float(goal.latency_ms),
        "is_queueable": goal.is_queueable,
        "is_offline": goal.is_offline,
    }


def _of_main(
    of: Subject, calls: Calls, exclusions: tuple[str, ...] | None, full: Mapping[int, float]
) -> dict[str, Any]:
    """What is only known of an endpoint with one variant: its figures belong to one machine."""
    main, rows = of.main, of.rows
    if main is None:
        return {}
    hours = of.hours[0]
    known: dict[str, Any] = {"use": measured.use_of(hours, main), "stages": _stages(rows, main, of.models[0])}
    known |= _money(of, main, hours, exclusions)
    if of.kind is Kind.SERVERLESS:
        publishes = rows.publishes.get(of.endpoint.pk, False)
        known["plan"] = rows.plans.get(main.pk)
        known["cold"] = measured.cold_of(
            hours, main, calls, publishes=publishes, full_minutes=full.get(main.pk)
        )
    if of.kind is Kind.ASYNCHRONOUS:
        config = of.endpoint.config
        known["queue"] = measured.queue_of(hours, config.document if config else {})
    if of.kind is Kind.MULTI_MODEL:
        known["cache"] = caches.cache(
            rows.caches.get(main.pk),
            rows.judged.get(main.pk),
            hours,
            of.models[0],
            main.current_instance_count,
        )
    return known


def _money(
    of: Subject, main: VariantStatus, hours: Hours, exclusions: tuple[str, ...] | None
) -> dict[str, Any]:
    """Its month, the ways to host it, and what a commitment or a shared endpoint would do to it."""
    traffic = measured.priced_traffic(hours, of.kind, main, of.start, of.end)
    image, memory = _only_image(of.models[0]), measured.highest_memory(hours)
    money = priced.of(of.endpoint, main, traffic, memory, image, exclusions, of.around)
    if money is None:
        return {}
    return {
        "month": money.month,
        "ways": money.ways,
        "commitment": priced.commitment(of.endpoint, main, hours, money, of.around),
        "cohosts": priced.cohosts(of.endpoint, money.month.total, of.around),
    }


def _hosting(of: Subject, variant: VariantStatus, model: ModelRow | None) -> Hosting:
    shard = of.endpoint.shard
    containers = model.containers if model else ()
    sizes = [of.rows.sizes.get((shard.pk, each.image)) for each in containers]
    return Hosting(
        variant=variant.name,
        instance_type=variant.instance_type,
        instance_count=variant.current_instance_count,
        memory_mb=variant.memory_mb,
        max_concurrency=variant.max_concurrency,
        provisioned_concurrency=variant.provisioned_concurrency or 0,
        volume_gb=variant.volume_gb,
        machine=of.around.machine(shard.region, variant.instance_type) if variant.instance_type else None,
        model=variant.model_name,
        images=tuple(each.image for each in containers),
        image_bytes=max((size for size in sizes if size is not None), default=None),
        model_bytes=of.rows.sizes.get((shard.pk, containers[0].artefact)) if len(containers) == 1 else None,
    )


def _scaling(endpoint: Endpoint, rows: Mirror, end: datetime) -> Scaling:
    return scaled.scaling(
        rows.targets.get(endpoint.pk, ()),
        rows.moves.get(endpoint.pk, ()),
        rows.moves_since.get(endpoint.pk),
        end,
        rows.lint.get(endpoint.pk, ()),
        is_read=bool((endpoint.shard.sections.get("scaling") or {}).get("ok_at")),
    )


def _exclusions(endpoint: Endpoint, models: Sequence[ModelRow | None]) -> tuple[str, ...] | None:
    """What it uses that serverless excludes; None while its config is unread."""
    if endpoint.kind == Kind.SERVERLESS:
        return ()
    if endpoint.config is None:
        return None
    documents = [model.document for model in models if model]
    found = serverless_fit.exclusions(
        endpoint.config.document, documents, is_complete=len(documents) == len(models)
    )
    return tuple(row.feature for row in found if row.use is Use.USED)


def _only_image(model: ModelRow | None) -> str:
    """The image of a model with one container, else ""."""
    return model.containers[0].image if model and len(model.containers) == 1 else ""


def _quota(endpoint: Endpoint, main: VariantStatus | None, around: Around) -> QuotaLeft:
    def line(subject: str) -> tuple[int | None, int | None]:
        found = around.quotas.get((endpoint.shard_id, subject))
        return (found.held, found.limit) if found else (None, None)

    concurrency, endpoints = line(subjects.CONCURRENCY), line(subjects.ALL_ENDPOINTS)
    if endpoint.kind == Kind.SERVERLESS:
        endpoints = line(subjects.SERVERLESS_ENDPOINTS)
    instances = (
        line(f"{subjects.INSTANCES}{main.instance_type}") if main and main.instance_type else (None, None)
    )
    return QuotaLeft(*concurrency, *endpoints, *instances)


def _application(endpoint: Endpoint, rows: Mirror, around: Around) -> Application | None:
    if not endpoint.application:
        return None
    members = around.applications.get(endpoint.application, ())
    others = tuple(name for name in members if name != endpoint.name)
    return Application(endpoint.application, others, rows.in_step.get(endpoint.pk))


def _recommendation(models: Sequence[ModelRow | None]) -> Recommendation | None:
    """The first instance type that Inference Recommender proposed for the model; it reports no figure there."""
    for model in models:
        found = hosting.recommendation(model.document) if model else None
        for _, instance_type in found.ids if found else ():
            if instance_type:
                return Recommendation(instance_type, source="Inference Recommender (sagemaker:DescribeModel)")
    return None


def _stages(rows: Mirror, main: VariantStatus, model: ModelRow | None) -> tuple[Stage, ...]:
    execution = (model.document.get("InferenceExecutionConfig") if model else None) or {}
    is_direct = execution.get("Mode") == "Direct"
    return tuple(
        Stage(each.name, each.latency_ms, each.calls, each.cpu, each.hours, is_direct)
        for each in rows.stages.get(main.pk, ())
    )
