"""CloudWatch: GetMetricData in batches with paging, and which metrics were recently active."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fleet.aws import meter
from fleet.aws.errors import endless
from fleet.aws.sessions import call
from fleet.errors import Unavailable
from fleet.types import AwsScope

SERVICE = "cloudwatch"
ACTION = "cloudwatch:GetMetricData"
# GetMetricData, Amazon CloudWatch API reference (botocore 1.44.5): both limits are per call.
MAX_QUERIES = 500
MAX_POINTS = 100_800


@dataclass(frozen=True)
class Query:
    """One metric and statistic under its exact dimensions; period in seconds."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: int


@dataclass
class Series:
    """Values by bucket start (epoch seconds, UTC); an absent bucket was not reported."""

    values: dict[int, float] = field(default_factory=dict)


def get_metric_data(
    scope: AwsScope, queries: Sequence[Query], start: datetime, end: datetime
) -> list[Series]:
    """The series of each query over [start, end), in the order of `queries`; any number of them.

    Calls are cut to 500 queries and 100,800 points. Raises Unavailable when a page lacks its results or a
    series stays incomplete.
    """
    series = [Series() for _ in queries]
    by_period: dict[int, list[int]] = {}
    for index, query in enumerate(queries):
        by_period.setdefault(query.period_s, []).append(index)
    for period_s, indexes in by_period.items():
        points = max(1, int((end - start).total_seconds()) // period_s)
        size = max(1, min(MAX_QUERIES, MAX_POINTS // points))
        for first in range(0, len(indexes), size):
            _read(scope, queries, series, indexes[first : first + size], start, end)
    return series


def _read(
    scope: AwsScope,
    queries: Sequence[Query],
    series: list[Series],
    indexes: Sequence[int],
    start: datetime,
    end: datetime,
) -> None:
    documents = [_document(f"m{index}", queries[index]) for index in indexes]
    token, seen = "", set()
    while True:
        parameters: dict[str, Any] = {"MetricDataQueries": documents, "StartTime": start, "EndTime": end}
        if token:
            parameters["NextToken"] = token
        answer = call(
            scope,
            SERVICE,
            "get_metric_data",
            expect="MetricDataResults",
            ScanBy="TimestampAscending",
            **parameters,
        )
        meter.add_metrics(len(documents))
        for row in answer["MetricDataResults"]:
            _check(scope, row)
            series[int(row["Id"][1:])].values.update(zip(row["Timestamps"], row["Values"], strict=True))
        token = str(answer.get("NextToken") or "")
        if not token:
            return
        if token in seen:
            raise endless(scope, ACTION)
        seen.add(token)


def _document(query_id: str, query: Query) -> dict[str, Any]:
    return {
        "Id": query_id,
        "ReturnData": True,
        "MetricStat": {
            "Metric": {
                "Namespace": query.namespace,
                "MetricName": query.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions],
            },
            "Period": query.period_s,
            "Stat": query.statistic,
        },
    }


def _check(scope: AwsScope, row: Mapping[str, Any]) -> None:
    status = row.get("StatusCode", "Complete")
    if status in {"InternalError", "Forbidden"}:
        messages = "; ".join(str(m.get("Value", "")) for m in row.get("Messages", ()))
        raise Unavailable(
            account=scope.account_id, region=scope.region, action=ACTION, code=str(status), message=messages
        )
