"""One endpoint: what it is, what it did in a window, what it is made of and what happened to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from fleet.models import (
    ChangeEvent,
    Container,
    Endpoint,
    FineBucket,
    HostedModel,
    Incident,
    InferenceComponent,
    Operation,
    ProductionVariant,
    VariantStatus,
)
from fleet.queries import usage
from fleet.queries.cold_starts import publishing
from fleet.queries.scope import TimeRange
from fleet.types import TRANSITIONAL_STATUSES, Kind, MetricRow

BASELINE = timedelta(days=7)


@dataclass(frozen=True)
class SectionError:
    """A sync section of a shard that last failed, in AWS's own words; kind names our class of the error."""

    section: str
    kind: str
    code: str
    message: str
    action: str
    request_id: str
    since: str
    skew_s: float | None = None
    """Clock errors only: how far this machine's clock was ahead of AWS's, seconds."""


@dataclass(frozen=True)
class Head:
    """What stands above every tab. data_until: the oldest variant's newest metric bucket, None before the first."""

    endpoint: Endpoint
    variants: list[VariantStatus]
    incidents: list[Incident]
    operation: Operation | None
    errors: list[SectionError]
    data_until: datetime | None

    @property
    def is_transitional(self) -> bool:
        """True while AWS or an operation of ours is still changing the endpoint."""
        is_moving = self.endpoint.status in TRANSITIONAL_STATUSES and self.endpoint.closed_at is None
        return is_moving or self.operation is not None

    @property
    def variant_ids(self) -> list[int]:
        """The variants that answer callers: a shadow variant only gets copies, and nobody sees its answers."""
        return [variant.pk for variant in self.variants if not variant.is_shadow]

    @property
    def shadows(self) -> list[VariantStatus]:
        return [variant for variant in self.variants if variant.is_shadow]

    @property
    def stale_after(self) -> timedelta:
        """From this age on its figures are old: three turns of the slowest variant, and a quarter of an hour."""
        slowest = max((variant.metrics_cadence_s for variant in self.variants), default=300)
        return 3 * timedelta(seconds=slowest) + timedelta(minutes=15)

    @property
    def main(self) -> VariantStatus | None:
        """The variant that words about capacity describe: the first that is no shadow."""
        return next((v for v in self.variants if not v.is_shadow), None)


@dataclass(frozen=True)
class Activity:
    """Stored buckets of the endpoint's live variants in a window, merged over variants, and counts before it.

    rows are on the period of usage.bucket_model(window); before holds sums of the window of equal length just
    before, None for a column that nothing reported there; it is empty when that window's history is not stored.
    publishes_setup: a serverless variant had a set-up sample in the window or the 30 days before its end.
    baseline: minutes of the seven days before the window's end, overhead latency only, read only where cold starts have
    to be told from it: a serverless endpoint that publishes no set-up sample, in a window of minutes.
    """

    kind: str
    window: TimeRange
    rows: list[MetricRow]
    before: Mapping[str, float | None] = field(default_factory=dict)
    publishes_setup: bool = False
    baseline: Sequence[MetricRow] = ()

    @property
    def calls_column(self) -> str:
        """Asynchronous endpoints publish no Invocations: what they processed stands for calls."""
        return "processed" if self.kind == Kind.ASYNCHRONOUS else "invocations"

    @property
    def calls(self) -> float | None:
        return usage.total(self.rows, self.calls_column)

    @property
    def knows_before(self) -> bool:
        """Whether the window before may be compared with."""
        return bool(self.before)

    @property
    def calls_before(self) -> float | None:
        return self.before.get(self.calls_column)

    def total(self, column: str) -> float | None:
        """Sum of a count over the window."""
        return usage.total(self.rows, column)

    def share(self, column: str) -> float | None:
        """A count per call: no call, no share; a count nobody reported beside reported calls is zero of them."""
        calls = self.calls
        return usage.ratio(self.total(column) or 0.0, calls) if calls else None

    @property
    def latency_avg_ms(self) -> float | None:
        """Σ latency / Σ samples, exact over the window."""
        return usage.ratio(self.total("model_latency_ms_sum"), self.total("model_latency_count"))

    @property
    def wasted_s(self) -> float | None:
        """Seconds callers waited for set-up: Σ samples × average."""
        found = usage.product(self.rows, "setup_ms_avg", "setup_count")
        return found / 1000 if found is not None else None


def head(endpoint: Endpoint) -> Head:
    """Three queries beside the endpoint itself, which comes with its shard and account."""
    variants = list(endpoint.variants.filter(removed_at=None))
    incidents = list(
        endpoint.incidents.filter(resolved_at=None).select_related("rule").order_by("severity", "opened_at")
    )
    operation = endpoint.operations.filter(state__in=Operation.ACTIVE).select_related("requested_by").first()
    return Head(
        endpoint=endpoint,
        variants=variants,
        incidents=incidents,
        operation=operation,
        errors=section_errors(endpoint.shard.sections),
        data_until=min((v.metrics_until for v in variants if v.metrics_until), default=None),
    )


def section_errors(sections: Mapping[str, Any]) -> list[SectionError]:
    """The sections of a shard whose last attempt failed, by name."""
    found = []
    for name, section in sorted(sections.items()):
        error = section.get("error") or {}
        if error:
            found.append(section_error(name, error))
    return found


def section_error(section: str, error: Mapping[str, Any]) -> SectionError:
    """A stored error document, whatever of it is there."""
    keys = ("kind", "code", "message", "action", "request_id", "since")
    texts = {key: str(error.get(key) or "") for key in keys}
    return SectionError(section, **texts, skew_s=error.get("skew_s"))


def activity(head: Head, window: TimeRange) -> Activity:
    """The buckets of the window, sums of the window before, and whether set-up samples are published at all."""
    rows = usage.merged(usage.rows(head.variant_ids, window))
    earlier = window.previous
    before: dict[str, float | None] = {}
    if usage.knows_before([head.endpoint.shard], window):
        before = (
            usage.bucket_model_before(window)
            .objects.filter(variant_id__in=head.variant_ids, at__gte=earlier.start, at__lt=earlier.end)
            .order_by()
            .aggregate(**{column: Sum(column) for column in sorted(usage.COUNTS)})
        )
    publishes = usage.total(rows, "setup_count") is not None
    if not publishes and head.endpoint.kind == Kind.SERVERLESS:
        publishes = bool(publishing(head.variant_ids, window))
    needs_baseline = (
        head.endpoint.kind == Kind.SERVERLESS and not publishes and window.has_fine_buckets and bool(rows)
    )
    baseline = overhead_minutes(head, window.end) if needs_baseline else ()
    return Activity(head.endpoint.kind, window, rows, before, publishes, baseline)


def overhead_minutes(head: Head, end: datetime) -> list[MetricRow]:
    """Minutes of the BASELINE before `end` with their highest overhead latency, the only column. One query."""
    found = FineBucket.objects.filter(
        variant_id__in=head.variant_ids, at__gte=end - BASELINE, at__lt=end, overhead_ms_max__isnull=False
    ).values_list("variant_id", "at", "period_s", "overhead_ms_max")
    return [MetricRow(v, at, period_s, {"overhead_ms_max": value}) for v, at, period_s, value in found]


def changes(endpoint: Endpoint, window: TimeRange) -> list[ChangeEvent]:
    """Changes inside the window, oldest first, for marks on charts; tags leave no mark."""
    found = endpoint.changes.filter(at__gte=window.start, at__lt=window.end).exclude(
        category=ChangeEvent.Category.TAGS
    )
    return list(found.order_by("at"))


@dataclass(frozen=True)
class ModelParts:
    """A model of the config with its containers; model None when its name is known but it could not be read."""

    name: str
    model: HostedModel | None
    containers: list[Container]


@dataclass(frozen=True)
class Configuration:
    """What the endpoint is made of: the live config's wishes, its models, and components."""

    wanted: dict[str, ProductionVariant]
    models: list[ModelParts]
    components: list[InferenceComponent]


def configuration(head: Head) -> Configuration:
    """Three queries: variants of the config, models, their containers; a fourth where the kind is not known.

    Inference components of endpoints known to hold them stand on a tab of their own.
    """
    endpoint = head.endpoint
    wanted = list(endpoint.config.variants.all()) if endpoint.config else []
    models = [v.model_name for v in head.variants] + [v.model_name for v in wanted]
    names = list(dict.fromkeys(name for name in models if name))
    newest: dict[str, HostedModel] = {}
    stored = HostedModel.objects.filter(shard_id=endpoint.shard_id, name__in=names).order_by("created_at")
    for model in stored.prefetch_related("containers"):
        newest[model.name] = model
    return Configuration(
        wanted={variant.name: variant for variant in wanted},
        models=[_parts(name, newest.get(name)) for name in names],
        components=list(endpoint.inference_components.filter(removed_at=None))
        if endpoint.kind == Kind.UNKNOWN
        else [],
    )


def _parts(name: str, model: HostedModel | None) -> ModelParts:
    return ModelParts(name, model, list(model.containers.all()) if model else [])
