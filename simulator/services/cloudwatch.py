"""CloudWatch: GetMetricData for metric queries and ListMetrics, from closed-form series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulator.call import Action, Call
from simulator.catalogue import Dimensions, MetricSource, find, sources
from simulator.clock import minute_of
from simulator.errors import ServiceError
from simulator.paging import page
from simulator.statistics import check_statistic, points

MAX_QUERIES = 500
MAX_POINTS = 100_800
LIST_PAGE = 500
LISTED_FOR = timedelta(days=14)
RECENT = timedelta(hours=3)
# Data of one minute is kept 15 days, of five minutes 63 days; longer periods reach 455 days back.
KEPT = ((15 * 1440, 60), (63 * 1440, 300), (455 * 1440, 3600))


def get_metric_data(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetMetricData with MetricStat queries; math expressions are not simulated."""
    queries = params.get("MetricDataQueries", [])
    start, end = params["StartTime"], params["EndTime"]
    if len(queries) > MAX_QUERIES:
        raise ServiceError(
            "ValidationError",
            "The collection MetricDataQueries must not have a size greater than 500.",
        )
    if start >= end:
        raise ServiceError(
            "ValidationError", "The parameter StartTime must be less than the parameter EndTime."
        )
    call.meter.metrics_requested += len(queries)
    newest = minute_of(call.now - timedelta(seconds=call.world.durations.metric_lag_s))
    limit = params.get("MaxDatapoints", MAX_POINTS)
    descending = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    window = (start, end, minute_of(call.now), newest)
    found: dict[Dimensions, MetricSource | None] = {}
    asked = [_asked(query) for query in queries if query.get("ReturnData", True)]

    def points_of(item: Asked) -> tuple[list[int], list[float]]:
        if item.dimensions not in found:
            found[item.dimensions] = find(call.region, item.dimensions)
        stamps, values = _points(found[item.dimensions], item, window)
        return (stamps[::-1], values[::-1]) if descending else (stamps, values)

    return _paged(asked, points_of, params.get("NextToken"), limit)


@dataclass(frozen=True)
class Asked:
    """One MetricStat query, checked."""

    identity: str
    label: str
    metric: tuple[str, str]
    dimensions: Dimensions
    period: int
    stat: str
    unit: str


def _asked(query: dict[str, Any]) -> Asked:
    try:
        wanted = query["MetricStat"]
        metric = wanted["Metric"]
        asked = Asked(
            identity=query["Id"],
            label=query.get("Label") or metric["MetricName"],
            metric=(metric["Namespace"], metric["MetricName"]),
            dimensions=tuple(sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions", []))),
            period=wanted["Period"],
            stat=wanted["Stat"],
            unit=wanted.get("Unit", ""),
        )
    except (KeyError, TypeError) as error:
        text = "Each MetricDataQuery needs a MetricStat with Metric, Period and Stat; expressions are not simulated."
        raise ServiceError("ValidationError", text) from error
    if not isinstance(asked.period, int) or asked.period < 60 or asked.period % 60:
        raise ServiceError("ValidationError", f"Period {asked.period} must be a multiple of 60.")
    check_statistic(asked.stat)
    return asked


def _points(
    source: MetricSource | None, asked: Asked, window: tuple[datetime, datetime, int, int]
) -> tuple[list[int], list[float]]:
    # No metric of an endpoint is measured in bytes; a unit that does not fit finds nothing, as in CloudWatch.
    if source is None or asked.unit == "Bytes":
        return [], []
    start, end, now, newest = window
    minutes = asked.period // 60
    low = _oldest_kept(minute_of(start) // minutes * minutes, now, asked.period)
    high = min(-(-int(end.timestamp()) // 60), newest)
    return points(source, asked.metric, asked.stat, minutes, low, high)


def _oldest_kept(low: int, now: int, period: int) -> int:
    """The first bucket still stored at this period's resolution."""
    minutes = period // 60
    for age, resolution in KEPT:
        if period % resolution == 0:
            reach = age
    return max(low, -(-(now - reach) // minutes) * minutes)


def _paged(
    asked: list[Asked],
    points_of: Callable[[Asked], tuple[list[int], list[float]]],
    token: str | None,
    limit: int,
) -> dict[str, Any]:
    """Whole series while they fit; one that does not is cut, marked PartialData and continued by the token."""
    series, offset = _position(token)
    shown: list[dict[str, Any]] = []
    room = limit
    following = None
    for index in range(series, len(asked)):
        stamps, values = points_of(asked[index])
        first = offset if index == series else 0
        part = min(len(stamps) - first, room)
        complete = first + part == len(stamps)
        shown.append(
            {
                "Id": asked[index].identity,
                "Label": asked[index].label,
                "Timestamps": [stamp * 60 for stamp in stamps[first : first + part]],
                "Values": values[first : first + part],
                "StatusCode": "Complete" if complete else "PartialData",
            }
        )
        room -= part
        if not complete or (room == 0 and index + 1 < len(asked)):
            following = f"{index}:{first + part}" if not complete else f"{index + 1}:0"
            break
    return {"MetricDataResults": shown, "Messages": [], "NextToken": following}


def _position(token: str | None) -> tuple[int, int]:
    try:
        series, offset = (token or "0:0").split(":")
        return int(series), int(offset)
    except ValueError as error:
        raise ServiceError("InvalidNextToken", "The next token specified is invalid.") from error


def list_metrics(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListMetrics: what was published in the last two weeks, or three hours with RecentlyActive."""
    newest = minute_of(call.now - timedelta(seconds=call.world.durations.metric_lag_s))
    shape = {key: value for key, value in params.items() if key != "NextToken"}
    key = f"{newest}:{len(call.meter.writes)}:{len(call.region.endpoints)}:{shape}"
    if call.region.listed_metrics[0] != key:
        call.region.listed_metrics = (key, _listed(call, params, newest))
    shown, token = page(
        call.region.listed_metrics[1], params.get("NextToken"), LIST_PAGE, "InvalidParameterValue"
    )
    return {"Metrics": shown, "NextToken": token}


def _listed(call: Call, params: dict[str, Any], newest: int) -> list[dict[str, Any]]:
    span = RECENT if params.get("RecentlyActive") == "PT3H" else LISTED_FOR
    oldest = newest - int(span.total_seconds()) // 60
    rows = []
    for source in sources(call.region):
        first = source.series.first_minute()
        if first is None or first >= newest or source.series.last_minute() <= oldest:
            continue
        if not _dimensions_match(source, params.get("Dimensions", [])):
            continue
        dims = [{"Name": key, "Value": value} for key, value in source.dimensions]
        for namespace, name in source.names():
            wanted = (params.get("Namespace", namespace), params.get("MetricName", name))
            if wanted == (namespace, name) and _published(source, (namespace, name), oldest, newest):
                rows.append({"Namespace": namespace, "MetricName": name, "Dimensions": dims})
    return rows


def _dimensions_match(source: MetricSource, wanted: list[dict[str, str]]) -> bool:
    dims = dict(source.dimensions)
    return all(
        item["Name"] in dims and dims[item["Name"]] == item.get("Value", dims[item["Name"]])
        for item in wanted
    )


def _published(source: MetricSource, metric: tuple[str, str], start: int, end: int) -> bool:
    for day, low, high, _ in source.series.pieces(start, end):
        track = source.track(day, metric)
        if track is not None and track.total(low, high)[1]:
            return True
    return False


def put_metric_alarm(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """PutMetricAlarm: kept and listed, never evaluated."""
    call.region.alarms[params["AlarmName"]] = dict(params)
    return {}


def describe_alarms(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeAlarms by name, metric alarms only."""
    names = params.get("AlarmNames")
    rows = [row for name, row in sorted(call.region.alarms.items()) if names is None or name in names]
    return {"MetricAlarms": rows, "CompositeAlarms": []}


ACTIONS: dict[str, Action] = {
    "GetMetricData": get_metric_data,
    "ListMetrics": list_metrics,
    "PutMetricAlarm": put_metric_alarm,
    "DescribeAlarms": describe_alarms,
}
