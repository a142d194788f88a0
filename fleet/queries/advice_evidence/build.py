"""One endpoint's rows put together as the evidence that rules judge."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fleet import serverless_quotas as subjects
from fleet.advisor.evidence import Calls, Commitment, Evidence, Hosting, Payload
from fleet.advisor.evidence_parts import (
    Application,
    CoHosts,
    QuotaLeft,
    Recommendation,
    Scaling,
    Stage,
)
from fleet.costs.lines import QUANTUM
from fleet.costs.periods import HOURS_PER_MONTH, exact
from fleet.models import Endpoint, VariantStatus
from fleet.queries import hosting, serverless_fit
from fleet.queries.advice_evidence import caches, measured, priced, scaled
from fleet.queries.advice_evidence.around import Around, covers_plans
from fleet.queries.advice_evidence.hours import HOURS, WINDOW, Hours
from fleet.queries.advice_evidence.measured import Known
from fleet.queries.advice_evidence.mirror import Mirror, ModelRow
from fleet.queries.advice_evidence.priced import Priced
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
    variants = list(rows.variants.get(endpoint.pk, ()))
    kind, main = Kind(endpoint.kind), variants[0] if len(variants) == 1 else None
    found = [by_variant.get(each.pk, NOTHING) for each in variants]
    hourly = measured.added(
        [
            measured.hourly_calls(each, Known.of(endpoint, row, start), kind)
            for each, row in zip(found, variants, strict=True)
        ]
    )
    calls = measured.calls_of(found, hourly, endpoint, variants[0], end) if variants else Calls()
    models = [rows.models.get((endpoint.shard_id, each.model_name)) for each in variants]
    exclusions = _exclusions(endpoint, models)
    return Evidence(
        endpoint=endpoint.name,
        kind=kind,
        region=endpoint.shard.region,
        account_id=endpoint.shard.account.account_id,
        status=endpoint.status,
        window_days=WINDOW / timedelta(days=1),
        age_days=(end - endpoint.created_at) / timedelta(days=1),
        hosting=tuple(
            _hosting(each, model, endpoint, around) for each, model in zip(variants, models, strict=True)
        ),
        calls=calls,
        shape=measured.traffic_shape(hourly, start) if hourly else None,
        payload=_payload(rows.request_kb.get(endpoint.pk)),
        scaling=_scaling(endpoint, rows, end),
        quota=_quota(endpoint, main, around),
        ownership=scaled.ownership(endpoint, end.date()),
        deployment=scaled.deployment(endpoint.document, rows.updates.get(endpoint.pk, 0)),
        application=_application(endpoint, around),
        recommendation=_recommendation(models),
        exclusions=exclusions,
        **_of_main(endpoint, main, found, models, calls, exclusions, rows, full, around, start, end),
    )


def _of_main(
    endpoint: Endpoint,
    main: VariantStatus | None,
    found: Sequence[Hours],
    models: Sequence[ModelRow | None],
    calls: Calls,
    exclusions: tuple[str, ...] | None,
    rows: Mirror,
    full: Mapping[int, float],
    around: Around,
    start: datetime,
    end: datetime,
) -> dict[str, Any]:
    """What is only known of an endpoint with one variant: its figures belong to one machine."""
    if main is None:
        return {}
    hours, kind = found[0], Kind(endpoint.kind)
    traffic = measured.priced_traffic(hours, kind, main, start, end)
    image = _only_image(models[0])
    money = priced.of(endpoint, main, traffic, measured.highest_memory(hours), image, exclusions, around)
    known: dict[str, Any] = {"use": measured.use_of(hours, main), "stages": _stages(rows, main)}
    if money is not None:
        known |= {
            "month": money.month,
            "ways": money.ways,
            "commitment": _commitment(endpoint, hours, money, around),
        }
        known["cohosts"] = _cohosts(endpoint, money.month.total, around)
    if kind is Kind.SERVERLESS:
        publishes = rows.publishes.get(endpoint.pk, False)
        known["plan"] = rows.plans.get(main.pk)
        known["cold"] = measured.cold_of(
            hours, main, calls, publishes=publishes, full_minutes=full.get(main.pk)
        )
    if kind is Kind.ASYNCHRONOUS:
        known["queue"] = measured.queue_of(hours, endpoint.config.document if endpoint.config else {})
    if kind is Kind.MULTI_MODEL:
        known["cache"] = caches.cache(
            rows.caches.get(main.pk), rows.judged.get(main.pk), hours, models[0], main.current_instance_count
        )
    return known


def _hosting(variant: VariantStatus, model: ModelRow | None, endpoint: Endpoint, around: Around) -> Hosting:
    region = endpoint.shard.region
    return Hosting(
        variant=variant.name,
        instance_type=variant.instance_type,
        instance_count=variant.current_instance_count,
        memory_mb=variant.memory_mb,
        max_concurrency=variant.max_concurrency,
        provisioned_concurrency=variant.provisioned_concurrency or 0,
        volume_gb=variant.volume_gb,
        machine=around.machine(region, variant.instance_type) if variant.instance_type else None,
        model=variant.model_name,
        images=tuple(image for _, image, _ in model.containers) if model else (),
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
    return model.containers[0][1] if model and len(model.containers) == 1 else ""


def _payload(request_kb: Decimal | None) -> Payload:
    if request_kb is None:
        return Payload()
    return Payload(mean_bytes=float(request_kb * KB), source="told by a person")


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


def _application(endpoint: Endpoint, around: Around) -> Application | None:
    if not endpoint.application:
        return None
    members = around.applications.get(endpoint.application, ())
    return Application(endpoint.application, tuple(name for name in members if name != endpoint.name))


def _recommendation(models: Sequence[ModelRow | None]) -> Recommendation | None:
    """The first instance type that Inference Recommender proposed for the model; it reports no figure there."""
    for model in models:
        found = hosting.recommendation(model.document) if model else None
        for _, instance_type in found.ids if found else ():
            if instance_type:
                return Recommendation(instance_type, source="Inference Recommender (sagemaker:DescribeModel)")
    return None


def _stages(rows: Mirror, main: VariantStatus) -> tuple[Stage, ...]:
    return tuple(
        Stage(each.name, each.latency_ms, each.calls, each.cpu) for each in rows.stages.get(main.pk, ())
    )


def _commitment(endpoint: Endpoint, hours: Hours, money: Priced, around: Around) -> Commitment:
    """What ran in every known hour at its on-demand price; covered: all of it where a rate is held, else nothing.

    Where the account holds a plan but no rate is entered, what it covers is not known.
    """
    minutes = [each for each in hours.minutes if each is not None]
    point = money.instance_price
    if not covers_plans(Kind(endpoint.kind)) or point is None or len(minutes) < HOURS / 2:
        return Commitment()
    steady = (exact(min(minutes)) / 60 * HOURS_PER_MONTH * point.list_usd).quantize(QUANTUM)
    holds = bool(around.with_plans & {None, endpoint.shard.account_id})
    covered = steady if point.has_rate else (None if holds else Decimal(0))
    return Commitment(steady_usd=steady, covered_usd=covered)


def _cohosts(endpoint: Endpoint, month: Decimal | None, around: Around) -> CoHosts | None:
    """The set that the last look found it in; of its money this endpoint's part, by what it costs today."""
    found = around.sets.get(endpoint.pk)
    if found is None or month is None or not found.before:
        return None
    part = month / found.before
    return CoHosts(
        members=found.names,
        is_same_image=True,
        instance_type=found.instance_type,
        instance_count=found.instance_count,
        usd_today=month,
        usd_together=found.after * part,
        saving_low=found.saving_low * part,
        hit_ratio=found.hit_ratio,
        missing=found.checks,
    )
