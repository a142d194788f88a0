"""Variants as CloudWatch knows them, and the queries that fill their buckets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fleet.aws import cloudwatch
from fleet.catalogue import BY_COLUMN, Dimensions, Metric, metrics_for
from fleet.models import VariantStatus
from fleet.types import AwsScope, Kind, MetricRow

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


@dataclass(frozen=True)
class Subject:
    """One variant to ask about."""

    variant_id: int
    endpoint_name: str
    variant_name: str
    kind: Kind
    has_provisioned: bool

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What AWS publishes for it."""
        return metrics_for(self.kind, has_provisioned=self.has_provisioned)

    @property
    def probe(self) -> Metric:
        """The one metric that tells traffic from silence at the lowest price."""
        if self.kind is Kind.ASYNCHRONOUS:
            return BY_COLUMN["backlog_max"]
        column = "model_latency_count" if self.kind is Kind.INFERENCE_COMPONENT else "invocations"
        return BY_COLUMN[column]


def subject(row: VariantStatus) -> Subject:
    """The subject of a VariantStatus row with its endpoint at hand."""
    return Subject(
        variant_id=row.pk,
        endpoint_name=row.endpoint.name,
        variant_name=row.name,
        kind=Kind(row.endpoint.kind),
        has_provisioned=row.provisioned_concurrency is not None
        or row.desired_provisioned_concurrency is not None,
    )


def query(item: Subject, metric: Metric, period_s: int) -> cloudwatch.Query:
    """The metric under exactly the dimensions it is published with; with others AWS silently returns nothing."""
    dimensions: tuple[tuple[str, str], ...] = (("EndpointName", item.endpoint_name),)
    if metric.dimensions is Dimensions.VARIANT:
        dimensions += (("VariantName", item.variant_name),)
    return cloudwatch.Query(metric.namespace, metric.name, dimensions, metric.statistic, period_s)


def fetch(
    scope: AwsScope, items: Sequence[Subject], period_s: int, start: datetime, end: datetime
) -> list[MetricRow]:
    """Wide rows of these variants over [start, end), in our units; buckets without any value are absent."""
    asked = [(item, metric) for item in items for metric in item.metrics]
    series = cloudwatch.get_metric_data(scope, [query(i, m, period_s) for i, m in asked], start, end)
    rows: dict[tuple[int, int], dict[str, float | None]] = {}
    for (item, metric), found in zip(asked, series, strict=True):
        for at, value in found.values.items():
            rows.setdefault((item.variant_id, at), {})[metric.column] = value * metric.scale
    return [
        MetricRow(variant_id, datetime.fromtimestamp(at, UTC), period_s, values)
        for (variant_id, at), values in rows.items()
    ]


def with_traffic(rows: Iterable[MetricRow]) -> list[MetricRow]:
    """Rows of minutes in which something happened."""
    return [row for row in rows if _moved(row.values)]


def _moved(values: Mapping[str, Any]) -> bool:
    return any(values.get(column) for column in TRAFFIC_COLUMNS)
