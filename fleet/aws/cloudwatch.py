"""CloudWatch: GetMetricData, 500 metrics a call, several calls in flight."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from fleet.aws import meter, metric_wire
from fleet.aws.clients import epoch_seconds
from fleet.aws.errors import endless
from fleet.aws.sessions import call, each
from fleet.errors import AccessDenied, AwsError, CredentialsInvalid, Invalid, Throttled, Unavailable
from fleet.types import AwsScope

SERVICE = "cloudwatch"
ACTION = "cloudwatch:GetMetricData"
# GetMetricData, Amazon CloudWatch API reference (botocore 1.44.5): both limits are per call.
MAX_QUERIES = 500
MAX_POINTS = 100_800
IN_FLIGHT = 4
"""Calls at once per account region: far below its quota of 50 a second, enough to wait for the network once."""
FAILED = frozenset({"InternalError", "Forbidden"})
"""Status codes of a series that was not read."""
UNBILLED = (AccessDenied, CredentialsInvalid, Invalid, Throttled)
"""What CloudWatch refuses it does not answer; any other failure may have been billed and is counted."""


class Query(NamedTuple):
    """One metric and statistic under its exact dimensions; period in seconds."""

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: int


@dataclass(slots=True)
class Series:
    """Values and their bucket starts (epoch seconds, UTC), oldest first; an absent bucket was not reported."""

    stamps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass
class _Call:
    """One GetMetricData request and where it stands: its queries' indexes, the token of its next page."""

    indexes: Sequence[int]
    token: str = ""
    seen: set[str] = field(default_factory=set)


def get_metric_data(
    scope: AwsScope,
    queries: Sequence[Query],
    start: datetime,
    end: datetime,
    *,
    reserve: Callable[[int], object] = lambda metrics: None,
) -> list[Series]:
    """The series of each query over [start, end), in the order of `queries`; any number of them.

    Calls are cut to 500 queries and 100,800 points. reserve: told how many metrics the next round of calls asks for,
    before any is sent; it may raise. It is told a negative number of those that were refused. Raises Unavailable
    when a page lacks its results or a series stays incomplete.
    """
    series = [Series() for _ in queries]
    waiting = [_Call(indexes) for indexes in _cut(queries, start, end)]

    def send(item: _Call) -> str:
        answer = _ask(scope, item, _body(item, queries, start, end))
        _keep(scope, answer["MetricDataResults"], series)
        return str(answer.get("NextToken") or "")

    while waiting:
        reserve(sum(len(item.indexes) for item in waiting))
        answers = list(each(send, waiting, threads=min(IN_FLIGHT, len(waiting))))
        refused = sum(len(item.indexes) for item, answer in answers if isinstance(answer, UNBILLED))
        if refused:
            reserve(-refused)
        for item, token in answers:
            if isinstance(token, AwsError):
                raise token
            if token in item.seen:
                raise endless(scope, ACTION)
            item.token = token
            item.seen.add(token)
        waiting = [item for item in waiting if item.token]
    return series


def _ask(scope: AwsScope, item: _Call, body: str) -> dict[str, Any]:
    try:
        answer = call(
            scope,
            SERVICE,
            "get_metric_data",
            expect="MetricDataResults",
            MetricDataQueries=[],
            **{metric_wire.BODY: body},
        )
    except AwsError as error:
        if not isinstance(error, UNBILLED):
            meter.add_metrics(len(item.indexes))
        raise
    meter.add_metrics(len(item.indexes))
    return answer


def _cut(queries: Sequence[Query], start: datetime, end: datetime) -> list[list[int]]:
    """Indexes of the queries by call, those of one period together."""
    by_period: dict[int, list[int]] = {}
    for index, query in enumerate(queries):
        by_period.setdefault(query.period_s, []).append(index)
    calls = []
    for period_s, indexes in by_period.items():
        points = max(1, int((end - start).total_seconds()) // period_s)
        size = max(1, min(MAX_QUERIES, MAX_POINTS // points))
        calls += [indexes[first : first + size] for first in range(0, len(indexes), size)]
    return calls


def _body(item: _Call, queries: Sequence[Query], start: datetime, end: datetime) -> str:
    asked = []
    known, text = None, ""
    for i in item.indexes:
        namespace, metric, dimensions, stat, period_s = queries[i]
        if dimensions is not known:
            # The metrics of a variant follow one another and share their dimensions.
            known, text = (
                dimensions,
                json.dumps([{"Name": name, "Value": value} for name, value in dimensions]),
            )
        before, after = _around(namespace, metric, stat, period_s)
        asked.append(f'{{"Id":"m{i}",{before}{text}{after}')
    token = f',"NextToken":{json.dumps(item.token)}' if item.token else ""
    return (
        f'{{"MetricDataQueries":[{",".join(asked)}],"StartTime":{int(start.timestamp())},'
        f'"EndTime":{int(end.timestamp())},"ScanBy":"TimestampAscending"{token}}}'
    )


@lru_cache(maxsize=1024)
def _around(namespace: str, metric: str, stat: str, period_s: int) -> tuple[str, str]:
    """What stands in a query between its id and its dimensions, and after these."""
    return (
        f'"MetricStat":{{"Metric":{{"Namespace":"{namespace}","MetricName":"{metric}","Dimensions":',
        f'}},"Period":{period_s},"Stat":"{stat}"}}}}',
    )


def _keep(scope: AwsScope, results: Sequence[Mapping[str, Any]], series: Sequence[Series]) -> None:
    for row in results:
        if row.get("StatusCode") in FAILED:
            raise _failed(scope, row)
        one = series[int(row["Id"][1:])]
        stamps, values = row.get("Timestamps"), row.get("Values")
        if not stamps and not values:
            continue
        if not stamps or not values or len(stamps) != len(values):
            raise _unavailable(scope, "Incomplete", "A series has not as many timestamps as values.")
        # Of one kind in one answer: numbers on the JSON protocol, else what the stock parser made of them.
        one.stamps += map(
            int if type(stamps[0]) is float or type(stamps[0]) is int else epoch_seconds, stamps
        )
        one.values += values


def _failed(scope: AwsScope, row: Mapping[str, Any]) -> Unavailable:
    messages = "; ".join(str(m.get("Value", "")) for m in row.get("Messages", ()))
    return _unavailable(scope, str(row["StatusCode"]), messages)


def _unavailable(scope: AwsScope, code: str, message: str) -> Unavailable:
    return Unavailable(
        account=scope.account_id, region=scope.region, action=ACTION, code=code, message=message
    )
