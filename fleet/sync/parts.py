"""Hours of containers and inference components, one by one: what a variant's own figures add up away."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fleet.aws import cloudwatch
from fleet.catalogue import INSTANCE_NAMESPACE, INVOCATION_NAMESPACE
from fleet.models import Container, Endpoint, InferenceComponent, PartHour, Shard, VariantStatus
from fleet.sync import budget
from fleet.types import Kind

COMPONENT_NAMESPACE = "/aws/sagemaker/InferenceComponents"
HOUR = timedelta(hours=1)
SETTLE = timedelta(minutes=10)
"""CloudWatch fills in late: an hour is read once it has been over for this long, and once more the hour after."""
FIRST = timedelta(days=7)
KEPT = timedelta(days=35)
HAVE_PARTS = (Kind.MULTI_CONTAINER, Kind.INFERENCE_COMPONENT)

# column, metric, statistic, namespace, scale. Sources: Amazon SageMaker developer guide, "Use multi-container endpoint
# with direct invocation" (read July 2022) and "Metrics for monitoring with CloudWatch" (read November 2026).
Asked = tuple[str, str, str, str, float]
_COMMON: tuple[Asked, ...] = (
    ("invocations", "Invocations", "Sum", INVOCATION_NAMESPACE, 1.0),
    ("errors_4xx", "Invocation4XXErrors", "Sum", INVOCATION_NAMESPACE, 1.0),
    ("errors_5xx", "Invocation5XXErrors", "Sum", INVOCATION_NAMESPACE, 1.0),
)
_CONTAINER: tuple[Asked, ...] = (
    *_COMMON,
    ("latency_ms_sum", "ContainerLatency", "Sum", INVOCATION_NAMESPACE, 0.001),
    ("latency_count", "ContainerLatency", "SampleCount", INVOCATION_NAMESPACE, 1.0),
    ("latency_ms_max", "ContainerLatency", "Maximum", INVOCATION_NAMESPACE, 0.001),
    ("cpu_pct", "CPUUtilization", "Average", INSTANCE_NAMESPACE, 1.0),
    ("memory_pct", "MemoryUtilization", "Average", INSTANCE_NAMESPACE, 1.0),
)
_COMPONENT: tuple[Asked, ...] = (
    *_COMMON,
    ("latency_ms_sum", "ModelLatency", "Sum", INVOCATION_NAMESPACE, 0.001),
    ("latency_count", "ModelLatency", "SampleCount", INVOCATION_NAMESPACE, 1.0),
    ("latency_ms_max", "ModelLatency", "Maximum", INVOCATION_NAMESPACE, 0.001),
    ("cpu_pct", "CPUUtilizationNormalized", "Average", COMPONENT_NAMESPACE, 1.0),
    ("gpu_pct", "GPUUtilizationNormalized", "Average", COMPONENT_NAMESPACE, 1.0),
    ("memory_pct", "MemoryUtilizationNormalized", "Average", COMPONENT_NAMESPACE, 1.0),
)
_COLUMNS = tuple(dict.fromkeys(column for column, *_ in (*_CONTAINER, *_COMPONENT)))


@dataclass(frozen=True)
class Part:
    """One container or component to ask about, under its exact dimensions."""

    variant_id: int
    of: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    @property
    def metrics(self) -> tuple[Asked, ...]:
        return _CONTAINER if self.of == PartHour.Of.CONTAINER else _COMPONENT


def is_due(shard: Shard, now: datetime) -> bool:
    """Once an hour, when the last one has settled; at once where it never succeeded, or for a new endpoint."""
    ok_at = (shard.sections.get("parts") or {}).get("ok_at")
    if ok_at is None or datetime.fromisoformat(ok_at) - SETTLE < _hour(now - SETTLE):
        return True
    fresh = Endpoint.objects.filter(shard=shard, closed_at=None, kind__in=HAVE_PARTS, first_seen_at__gt=ok_at)
    return fresh.exists()


def run(shard: Shard, *, now: datetime, keep_alive: Callable[[], None]) -> int:
    """Read the hours since the last success, of a new part those of a week; the number of rows written."""
    parts = [*_containers(shard), *_components(shard)]
    if not parts:
        return 0
    end = _hour(now - SETTLE)
    ok_at = (shard.sections.get("parts") or {}).get("ok_at")
    start = (
        end - FIRST
        if ok_at is None
        else max(_hour(datetime.fromisoformat(ok_at) - SETTLE) - HOUR, end - FIRST)
    )
    known = set(
        PartHour.objects.filter(variant__endpoint__shard=shard, at__gte=now - KEPT)
        .order_by()
        .values_list("variant_id", "of", "name")
        .distinct()
    )
    book, rows = budget.booking(shard, budget.PARTS, now=now), []
    for is_known, since in ((True, start), (False, end - FIRST)):
        keep_alive()
        asked = [part for part in parts if ((part.variant_id, part.of, part.name) in known) is is_known]
        rows += _fetch(shard, asked, since, end, book) if asked else []
    PartHour.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["variant", "of", "name", "at"],
        update_fields=_COLUMNS,
        batch_size=500,
    )
    PartHour.objects.filter(variant__endpoint__shard=shard, at__lt=now - KEPT).delete()
    return len(rows)


def _containers(shard: Shard) -> Iterator[Part]:
    """Containers of multi-container endpoints. One without a host name has no dimension to be asked under."""
    variants = list(_live(shard, Kind.MULTI_CONTAINER))
    by_model: dict[str, list[str]] = {}
    found = Container.objects.filter(
        model__shard=shard, model__name__in={v.model_name for v in variants}
    ).exclude(hostname="")
    for model, hostname in found.values_list("model__name", "hostname").order_by(
        "model__created_at", "position"
    ):
        by_model.setdefault(model, []).append(hostname)
    for variant in variants:
        for hostname in dict.fromkeys(by_model.get(variant.model_name, ())):
            dimensions = (
                ("EndpointName", variant.endpoint.name),
                ("VariantName", variant.name),
                ("ContainerName", hostname),
            )
            yield Part(variant.pk, PartHour.Of.CONTAINER, hostname, dimensions)


def _components(shard: Shard) -> Iterator[Part]:
    variants = {(v.endpoint_id, v.name): v.pk for v in _live(shard, Kind.INFERENCE_COMPONENT)}
    rows = InferenceComponent.objects.filter(endpoint__shard=shard, endpoint__closed_at=None, removed_at=None)
    for endpoint_id, name, variant_name in rows.values_list("endpoint_id", "name", "variant_name"):
        pk = variants.get((endpoint_id, variant_name))
        if pk is not None:
            yield Part(pk, PartHour.Of.COMPONENT, name, (("InferenceComponentName", name),))


def _live(shard: Shard, kind: Kind) -> Any:
    return VariantStatus.objects.filter(
        endpoint__shard=shard, endpoint__kind=kind, endpoint__closed_at=None, removed_at=None
    ).select_related("endpoint")


def _fetch(
    shard: Shard, parts: Sequence[Part], start: datetime, end: datetime, book: Callable[[int], None]
) -> list[PartHour]:
    asked = [(part, metric) for part in parts for metric in part.metrics]
    queries = [
        cloudwatch.Query(namespace, name, part.dimensions, statistic, int(HOUR.total_seconds()))
        for part, (_, name, statistic, namespace, _) in asked
    ]
    rows: dict[tuple[Part, int], dict[str, float]] = {}
    found = cloudwatch.get_metric_data(shard.scope, queries, start, end, reserve=book)
    for (part, (column, *_, scale)), series in zip(asked, found, strict=True):
        for stamp, value in zip(series.stamps, series.values, strict=True):
            rows.setdefault((part, stamp), {})[column] = value * scale
    return [
        PartHour(
            variant_id=part.variant_id,
            of=part.of,
            name=part.name,
            at=datetime.fromtimestamp(stamp, UTC),
            **values,
        )
        for (part, stamp), values in rows.items()
    ]


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
