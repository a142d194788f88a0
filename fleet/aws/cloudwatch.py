"""CloudWatch: GetMetricData, 500 metrics a call, several calls in flight."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from operator import itemgetter
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


Dimensions = tuple[tuple[str, str], ...]


class Query(NamedTuple):
    """One metric and statistic under its exact dimensions; period in seconds."""

    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str
    period_s: int


class Bundle(NamedTuple):
    """Metrics of one resource, read as so many queries: (namespace, metric, statistic, which of `dimensions`) each.

    Its text is made at once from a template, where queries of their own cost several times the CPU. At most 100.
    """

    metrics: tuple[tuple[str, str, str, int], ...]
    dimensions: tuple[Dimensions, ...]
    period_s: int


class Series(NamedTuple):
    """Values and their bucket starts (epoch seconds, UTC), oldest first; an absent bucket was not reported.

    Only to be read: series of one answer share their list of stamps.
    """

    stamps: list[int]
    values: list[float]


NOTHING = Series([], [])
_PLACES = 100


class _Piece(NamedTuple):
    """What one call asks of a bundle: the metrics from the place `first` on; `place`: the bundle's own."""

    place: int
    first: int
    bundle: Bundle


@dataclass
class _Call:
    """One GetMetricData request and where it stands: its `size` queries, the token of its next page."""

    pieces: list[_Piece]
    size: int
    token: str = ""
    seen: set[str] = field(default_factory=set)


def get_metric_data(
    scope: AwsScope,
    queries: Sequence[Query | Bundle],
    start: datetime,
    end: datetime,
    *,
    reserve: Callable[[int], object] = lambda metrics: None,
) -> list[Series]:
    """The series of each query over [start, end), in the order of `queries`, each metric of a bundle a query.

    Calls are cut to 500 queries and 100,800 points. reserve: told how many metrics the next round of calls asks for,
    before any is sent; it may raise. It is told a negative number of those that were refused. Raises Unavailable
    when a page lacks its results or a series stays incomplete.
    """
    bundles = [query if isinstance(query, Bundle) else _alone(query) for query in queries]
    series = [NOTHING] * (len(bundles) * _PLACES)
    waiting = _cut(bundles, start, end)

    def send(item: _Call) -> str:
        answer = _ask(scope, item, _body(item, start, end))
        _keep(scope, answer["MetricDataResults"], series)
        return str(answer.get("NextToken") or "")

    while waiting:
        waiting = _round(waiting, send, reserve, scope)
    found: list[Series] = []
    for place, bundle in enumerate(bundles):
        found += series[place * _PLACES : place * _PLACES + len(bundle.metrics)]
    return found


def _round(
    waiting: list[_Call], send: Callable[[_Call], str], reserve: Callable[[int], object], scope: AwsScope
) -> list[_Call]:
    """Send these calls side by side; those of them that have one more page."""
    reserve(sum(item.size for item in waiting))
    answers = list(each(send, waiting, threads=min(IN_FLIGHT, len(waiting))))
    refused = sum(item.size for item, answer in answers if isinstance(answer, UNBILLED))
    if refused:
        reserve(-refused)
    for item, token in answers:
        if isinstance(token, AwsError):
            raise token
        if token in item.seen:
            raise endless(scope, ACTION)
        item.token = token
        item.seen.add(token)
    return [item for item in waiting if item.token]


def _alone(query: Query) -> Bundle:
    namespace, metric, dimensions, statistic, period_s = query
    return Bundle(((namespace, metric, statistic, 0),), (dimensions,), period_s)


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
            meter.add_metrics(item.size)
        raise
    meter.add_metrics(item.size)
    return answer


def _cut(bundles: Sequence[Bundle], start: datetime, end: datetime) -> list[_Call]:
    """The calls that ask for all of it, as full as may be, each of one period; a bundle may stand in two of them."""
    calls: list[_Call] = []
    open_calls: dict[int, tuple[int, _Call]] = {}
    for index, bundle in enumerate(bundles):
        period_s, rest, first = bundle.period_s, len(bundle.metrics), 0
        while rest:
            most, item = open_calls.get(period_s) or (_most(period_s, start, end), _Call([], 0))
            if not item.size:
                calls.append(item)
            taken = min(rest, most - item.size)
            whole = bundle if taken == len(bundle.metrics) else _part(bundle, first, taken)
            item.pieces.append(_Piece(index, first, whole))
            item.size += taken
            first, rest = first + taken, rest - taken
            if item.size < most:
                open_calls[period_s] = most, item
            else:
                open_calls.pop(period_s, None)
    return calls


def _most(period_s: int, start: datetime, end: datetime) -> int:
    """Queries that one call may carry over the window."""
    points = max(1, int((end - start).total_seconds()) // period_s)
    return max(1, min(MAX_QUERIES, MAX_POINTS // points))


def _part(bundle: Bundle, first: int, size: int) -> Bundle:
    return bundle._replace(metrics=bundle.metrics[first : first + size])


def _body(item: _Call, start: datetime, end: datetime) -> str:
    asked = []
    known: tuple[object, int] | None = None
    template = ""
    for index, first, (metrics, dimensions, period_s) in item.pieces:
        if known is None or known[0] is not metrics or known[1] != first:
            known, template = (metrics, first), _template(metrics, period_s, first)
        text = template.replace(_INDEX, str(index))
        for mark, names in zip(_NAMES, dimensions, strict=False):
            text = text.replace(mark, _names(names))
        asked.append(text)
    token = f',"NextToken":{json.dumps(item.token)}' if item.token else ""
    return (
        f'{{"MetricDataQueries":[{",".join(asked)}],"StartTime":{int(start.timestamp())},'
        f'"EndTime":{int(end.timestamp())},"ScanBy":"TimestampAscending"{token}}}'
    )


def _names(dimensions: Dimensions) -> str:
    """The JSON of dimensions: put together, since a call of json.dumps each costs many times the CPU."""
    pairs = [f'{{"Name":{quoted(name)},"Value":{quoted(value)}}}' for name, value in dimensions]
    return f"[{','.join(pairs)}]"


# JSON has no control characters within its texts, so that no name is ever taken for one of these.
_INDEX, *_NAMES = "\x00", "\x01", "\x02"


@lru_cache(maxsize=256)
def _template(metrics: tuple[tuple[str, str, str, int], ...], period_s: int, first: int) -> str:
    """The queries of a bundle's metrics, with marks for its index and its dimensions."""
    return ",".join(
        f'{{"Id":"m{_INDEX}{place:02}","MetricStat":{{"Metric":{{"Namespace":"{namespace}","MetricName":"{metric}",'
        f'"Dimensions":{_NAMES[which]}}},"Period":{period_s},"Stat":"{statistic}"}}}}'
        for place, (namespace, metric, statistic, which) in enumerate(metrics, first)
    )


def _keep(scope: AwsScope, results: Sequence[Mapping[str, Any]], series: list[Series]) -> None:
    """Put each series to its place, behind what an earlier page brought of it."""
    try:
        told = list(map(_TOLD, results))
    except KeyError:
        # A series that is not complete may lack what it has nothing of.
        told = [
            (row["Id"], row.get("StatusCode"), row.get("Timestamps"), row.get("Values")) for row in results
        ]
    if not FAILED.isdisjoint([status for _, status, _, _ in told]):
        raise _failed(scope, next(row for row in results if row.get("StatusCode") in FAILED))
    known: object = None
    seconds: list[int] = []
    # What Series(…) calls itself; there are thousands of them in each answer.
    new = tuple.__new__
    for identity, _, stamps, values in told:
        if not stamps and not values:
            continue
        if not stamps or not values or len(stamps) != len(values):
            raise _unavailable(scope, "Incomplete", "A series has not as many timestamps as values.")
        if stamps != known:
            known, seconds = stamps, _seconds(stamps)
        number = int(identity[1:])
        before = series[number]
        series[number] = (
            new(Series, (seconds, values))
            if before is NOTHING
            else Series(before.stamps + seconds, before.values + values)
        )


_TOLD = itemgetter("Id", "StatusCode", "Timestamps", "Values")


def _seconds(stamps: Sequence[Any]) -> list[int]:
    """Of one kind in one answer: numbers on the JSON protocol, else what the stock parser made of them."""
    return list(map(int if type(stamps[0]) is float or type(stamps[0]) is int else epoch_seconds, stamps))


def _failed(scope: AwsScope, row: Mapping[str, Any]) -> Unavailable:
    messages = "; ".join(str(m.get("Value", "")) for m in row.get("Messages", ()))
    return _unavailable(scope, str(row["StatusCode"]), messages)


def _unavailable(scope: AwsScope, code: str, message: str) -> Unavailable:
    return Unavailable(
        account=scope.account_id, region=scope.region, action=ACTION, code=code, message=message
    )
