"""Variants as CloudWatch knows them, and the queries that fill their buckets."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, repeat
from operator import itemgetter, mul
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Combinable

from fleet.aws import cloudwatch
from fleet.aws.cloudwatch import Series
from fleet.catalogue import BY_COLUMN, INVOCATION_NAMESPACE, Dimensions, Metric, metrics_for
from fleet.instance_types import has_gpu
from fleet.models import InferenceComponent, VariantStatus
from fleet.sync.buckets import Block, Row
from fleet.types import AwsScope, Kind

# A serverless minute is stored when one of these moved; the rest say nothing in an idle minute.
TRAFFIC_COLUMNS = (
    "invocations",
    "errors_4xx",
    "errors_5xx",
    "model_latency_count",
    "setup_count",
    "provisioned_invocations",
    "spillover_invocations",
    "processed",
    "backlog_max",
)
FIELDS = (
    "pk",
    "name",
    "endpoint_id",
    "endpoint__name",
    "endpoint__kind",
    "instance_type",
    "provisioned_concurrency",
    "desired_provisioned_concurrency",
    "endpoint__document__MetricsConfig__MetricPublishFrequencyInSeconds",
)
# Of utilisation metrics: one sample per instance and interval, 60 s unless the config says otherwise (Amazon SageMaker
# developer guide, "Enhanced metrics for inference endpoints", read November 2026).
PUBLISHED_EVERY_S = 60
SAMPLED = "instance_minutes"


@dataclass(slots=True)
class Subject:
    """One variant to ask about; components: the inference components that run on it, by name.

    sample_s: seconds between two samples of an instance's utilisation.
    """

    variant_id: int
    endpoint_id: int
    endpoint_name: str
    variant_name: str
    kind: Kind
    metrics: tuple[Metric, ...]
    components: list[str] = field(default_factory=list)
    sample_s: int = PUBLISHED_EVERY_S

    @property
    def probe(self) -> Metric:
        """The one metric that tells traffic from silence at the lowest price."""
        return BY_COLUMN["backlog_max" if self.kind is Kind.ASYNCHRONOUS else "invocations"]


def load(rows: QuerySet[VariantStatus]) -> list[Subject]:
    """The subjects of these variants, by id. One query, two where inference components are among them."""
    return [item for item, _ in load_with(rows)]


def load_with(
    rows: QuerySet[VariantStatus], *expressions: str | Combinable
) -> list[tuple[Subject, list[Any]]]:
    """The same, each with its values of some fields or expressions."""
    found = [
        (_subject(*values[: len(FIELDS)]), list(values[len(FIELDS) :]))
        for values in rows.order_by("pk").values_list(*FIELDS, *expressions)
    ]
    _add_components([item for item, _ in found])
    return found


def _subject(
    pk: int, name: str, endpoint_id: int, endpoint: str, kind_name: str, instance_type: str, current: int | None,
    desired: int | None, every: Any,
) -> Subject:  # fmt: skip
    kind = Kind(kind_name)
    return Subject(
        variant_id=pk,
        endpoint_id=endpoint_id,
        endpoint_name=endpoint,
        variant_name=name,
        kind=kind,
        metrics=metrics_for(
            kind,
            has_provisioned=current is not None or desired is not None,
            has_gpu=has_gpu(instance_type),
        ),
        sample_s=int(every or PUBLISHED_EVERY_S),
    )


def _add_components(found: Sequence[Subject]) -> None:
    hosts = {item.endpoint_id: item for item in found if item.kind is Kind.INFERENCE_COMPONENT}
    on = {(item.endpoint_id, item.variant_name): item for item in hosts.values()}
    rows = InferenceComponent.objects.filter(endpoint__in=hosts).order_by("name") if hosts else []
    for component in rows:
        item = on.get((component.endpoint_id, component.variant_name)) or hosts[component.endpoint_id]
        item.components.append(component.name)


def queries(item: Subject, metric: Metric, period_s: int) -> list[cloudwatch.Query]:
    """The metric under exactly the dimensions it is published with; with others AWS silently returns nothing.

    Calls to inference components are published per component: one query each.
    """
    if metric.dimensions is Dimensions.ENDPOINT:
        names: Sequence[tuple[tuple[str, str], ...]] = [(("EndpointName", item.endpoint_name),)]
    elif item.kind is Kind.INFERENCE_COMPONENT and metric.namespace == INVOCATION_NAMESPACE:
        names = [(("InferenceComponentName", name),) for name in item.components]
    else:
        names = [(("EndpointName", item.endpoint_name), ("VariantName", item.variant_name))]
    return [
        cloudwatch.Query(metric.namespace, metric.name, dimensions, metric.statistic, period_s)
        for dimensions in names
    ]


def price(items: Iterable[Subject]) -> int:
    """How many metrics one reading of these asks for."""
    return sum(
        len(item.metrics)
        if item.kind is not Kind.INFERENCE_COMPONENT
        else sum(1 for metric in item.metrics for _ in queries(item, metric, 60))
        for item in items
    )


def fetch(
    scope: AwsScope,
    items: Sequence[Subject],
    period_s: int,
    window: tuple[datetime, datetime],
    reserve: Callable[[int], object],
) -> list[Block]:
    """Wide rows of these variants over the window, in our units; buckets without any value are absent."""
    flat: list[cloudwatch.Query | cloudwatch.Bundle] = []
    sizes: list[list[int]] = []
    shapes: dict[tuple[int, int], _Shape] = {}
    of_items: list[_Shape] = []
    for item in items:
        # The catalogue gives all variants of a kind the same tuple.
        key = id(item.metrics), item.sample_s
        shape = shapes.get(key) or shapes.setdefault(key, _shape(item.metrics, item.sample_s))
        of_items.append(shape)
        asked, parts = _asked(item, shape, period_s)
        flat += asked
        sizes.append(parts)
    series = cloudwatch.get_metric_data(scope, flat, *window, reserve=reserve)
    first = 0
    for item, shape, parts in zip(items, of_items, sizes, strict=True):
        last = first + (sum(parts) if parts else len(item.metrics))
        columns = _joined(item.metrics, series[first:last], parts) if parts else series[first:last]
        first = last
        shape.rows.extend(_rows(item.variant_id, shape.scales, columns))
    return [Block(period_s, shape.columns, shape.rows) for shape in shapes.values() if shape.rows]


@dataclass(slots=True)
class _Shape:
    """What variants with the same metrics share: how they are asked for, their columns, and the rows they get.

    scales: what CloudWatch's figures are multiplied by.
    """

    asked: tuple[tuple[str, str, str, int], ...]
    columns: tuple[str, ...]
    scales: tuple[float, ...]
    rows: list[Row] = field(default_factory=list)


def _shape(metrics: Sequence[Metric], sample_s: int) -> _Shape:
    """Metrics of an endpoint go by the first of a bundle's names, those of a variant by the second.

    Samples of utilisation become instance-minutes.
    """
    return _Shape(
        tuple(
            (m.namespace, m.name, m.statistic, 0 if m.dimensions is Dimensions.ENDPOINT else 1)
            for m in metrics
        ),
        tuple(m.column for m in metrics),
        tuple(m.scale * sample_s / 60 if m.column == SAMPLED else m.scale for m in metrics),
    )


def _asked(
    item: Subject, shape: _Shape, period_s: int
) -> tuple[Sequence[cloudwatch.Query | cloudwatch.Bundle], list[int]]:
    """What asks for all metrics of a variant, and how many queries each metric has; [] where each has one."""
    if item.kind is Kind.INFERENCE_COMPONENT:
        found = [queries(item, metric, period_s) for metric in item.metrics]
        return [query for each in found for query in each], [len(each) for each in found]
    of_endpoint = (("EndpointName", item.endpoint_name),)
    of_variant = (*of_endpoint, ("VariantName", item.variant_name))
    return [cloudwatch.Bundle(shape.asked, (of_endpoint, of_variant), period_s)], []


def _joined(metrics: Sequence[Metric], found: Sequence[Series], parts: Sequence[int]) -> list[Series]:
    """One series per metric from those of its `parts` queries."""
    series = iter(found)
    return [_one(metric, list(islice(series, n))) for metric, n in zip(metrics, parts, strict=True)]


def _one(metric: Metric, parts: Sequence[Series]) -> Series:
    """What the parts of a variant make together: counts add up, a maximum is the highest, the rest is one part's."""
    if len(parts) == 1:
        return parts[0]
    reported = [part for part in parts if part.stamps]
    if len(reported) == 1:
        return reported[0]
    if not reported or not (metric.is_sum or metric.statistic == "Maximum"):
        return cloudwatch.NOTHING
    at: dict[int, float] = {}
    for part in reported:
        for stamp, value in zip(part.stamps, part.values, strict=True):
            before = at.get(stamp, 0.0)
            at[stamp] = before + value if metric.is_sum else max(before, value)
    stamps = sorted(at)
    return Series(stamps, [at[stamp] for stamp in stamps])


_FIRST: Callable[[Sequence[float]], float] = itemgetter(0)


def _rows(variant_id: int, scales: Sequence[float], found: Sequence[Series]) -> Iterator[Row]:
    """(variant, bucket start, value per metric…) for every bucket in which any of them was reported."""
    if not found:
        return iter(())
    each, reported = zip(*found, strict=True)
    first = each[0]
    if len(first) == 1 and each.count(first) == len(each):
        # One bucket that each metric has: what a tick brings of most variants that are busy.
        return iter([(variant_id, first[0], *map(mul, map(_FIRST, reported), scales))])
    grid: list[int] = []
    for stamps, _ in found:
        if stamps is not grid and stamps and stamps != grid:
            grid = sorted({*grid, *stamps}) if grid else stamps
    if not grid:
        return iter(())
    columns: list[Iterable[float | None]] = []
    for scale, (stamps, figures) in zip(scales, found, strict=True):
        values = figures if scale == 1.0 else [value * scale for value in figures]
        if stamps is grid or stamps == grid:
            columns.append(values)
        elif stamps:
            columns.append(map(dict(zip(stamps, values, strict=True)).get, grid))
        else:
            columns.append(repeat(None))
    return zip(repeat(variant_id), grid, *columns)


def traffic(block: Block) -> list[Row]:
    """Rows of buckets in which something happened."""
    places = [n + 2 for n, column in enumerate(block.columns) if column in TRAFFIC_COLUMNS]
    moved = itemgetter(*places, places[0])
    return [row for row in block.rows if any(moved(row))]
