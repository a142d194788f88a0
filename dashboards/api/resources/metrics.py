"""Metrics: what is kept, and the values of one metric of one endpoint over time."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field, WithJsonSchema

from dashboards import status
from dashboards.api.parameters import Id, Window
from dashboards.api.problems import Problem
from dashboards.api.resources.endpoints import endpoint_for
from dashboards.api.schemas import WindowOut, window_out
from fleet.catalogue import CATALOGUE, Metric
from fleet.models import Endpoint
from fleet.queries import series
from fleet.queries.series import VariantSeries

router = Router(tags=["metrics"])
MOST_POINTS = 3000


class MetricOut(Schema):
    """A metric and statistic that Flotilla keeps. unit is that of the values here: latencies come in ms."""

    metric: str
    statistic: str
    unit: str
    label: str
    namespace: str
    kinds: list[str]
    needs_provisioned_concurrency: bool


class Catalogue(Schema):
    """Every metric kept."""

    items: list[MetricOut]


class SeriesQuery(Window):
    """Which metric, how fine."""

    metric: str = Field(max_length=128, examples=["Invocations"], description="CloudWatch's name.")
    statistic: str = Field(max_length=32, examples=["Sum"], description="As the catalogue has it.")
    period: Annotated[
        Literal["60", "300", "3600"] | None,
        WithJsonSchema({"type": "integer", "enum": [60, 300, 3600]}),
    ] = Field(
        None,
        description="Seconds. Serverless endpoints keep 60 and 3600, others 300 and 3600; without it the finest up "
        "to a day of window, else 3600.",
    )


class Values(Schema):
    """One variant's values, aligned with `at`; null where CloudWatch reported nothing."""

    variant: str
    is_shadow: bool
    as_of: datetime | None
    values: list[float | None]


class Series(Schema):
    """One metric over time. at: start of each bucket. why: why every value is null."""

    metric: str
    statistic: str
    unit: str
    period_s: int
    window: WindowOut
    at: list[datetime]
    variants: list[Values]
    why: str | None


@router.get("/metrics", response=Catalogue, summary="Metrics that are kept")
def metrics(request: HttpRequest) -> dict[str, Any]:
    """Name, statistic and unit of each, and the kinds of endpoint it is published for."""
    return {
        "items": [
            {
                "metric": metric.name,
                "statistic": metric.statistic,
                "unit": metric.unit,
                "label": metric.label,
                "namespace": metric.namespace,
                "kinds": sorted(metric.kinds),
                "needs_provisioned_concurrency": metric.needs_provisioned,
            }
            for metric in CATALOGUE
        ]
    }


@router.get("/endpoints/{id}/metrics", response=Series, summary="One metric of an endpoint over time")
def endpoint_metric(request: HttpRequest, id: Path[Id], query: Query[SeriesQuery]) -> dict[str, Any]:
    """A value per variant and bucket. Percentiles are CloudWatch's own at that period, never averaged."""
    endpoint = endpoint_for(request, id)
    metric, window = _metric(query), query.window()
    fine_s = series.fine_period_s(endpoint)
    period_s = int(query.period or 0) or (fine_s if window.has_fine_buckets else series.HOUR_S)
    if window.length.total_seconds() / period_s > MOST_POINTS:
        message = f"gives more than {MOST_POINTS} values; ask for a longer period or a shorter window"
        raise Problem("invalid-parameters", errors=[("period", message)])
    found = series.series(endpoint, metric.column, window, period_s)
    return {
        "metric": metric.name,
        "statistic": metric.statistic,
        "unit": metric.unit,
        "period_s": period_s,
        "window": window_out(window),
        "at": series.grid(window, period_s),
        "variants": [
            {"variant": s.variant, "is_shadow": s.is_shadow, "as_of": s.data_until, "values": s.values}
            for s in found
        ],
        "why": _why(endpoint, metric, period_s, found),
    }


def _metric(query: SeriesQuery) -> Metric:
    named = [metric for metric in CATALOGUE if metric.name == query.metric]
    if not named:
        raise Problem("invalid-parameters", errors=[("metric", "is not kept; see /api/v1/metrics")])
    chosen = next((metric for metric in named if metric.statistic == query.statistic), None)
    if chosen is None:
        kept = ", ".join(metric.statistic for metric in named)
        raise Problem(
            "invalid-parameters", errors=[("statistic", f"is not kept for this metric; kept: {kept}")]
        )
    return chosen


def _why(endpoint: Endpoint, metric: Metric, period_s: int, found: list[VariantSeries]) -> str | None:
    if any(value is not None for each in found for value in each.values):
        return None
    if endpoint.kind not in metric.kinds:
        return f"Not published for {status.KIND_LABELS.get(endpoint.kind, endpoint.kind)}"
    fine_s = series.fine_period_s(endpoint)
    if period_s not in {fine_s, series.HOUR_S}:
        return f"Kept every {fine_s} and {series.HOUR_S} s for this kind, not every {period_s} s"
    return "CloudWatch reported nothing in this window"
