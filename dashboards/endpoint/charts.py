"""Charts of one endpoint: stacked panels on one time axis, changes as dotted marks, gaps as gaps."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from dashboards import measured, wording
from dashboards.cache import charts as cache_charts
from dashboards.charts import Mark, Panel, Payload, Series, panels
from dashboards.tables import Column, PlainTable
from fleet.models import ChangeEvent
from fleet.queries import usage
from fleet.queries.endpoint import Activity
from fleet.texts import shortened
from fleet.types import Kind, MetricRow

LATENCY_TITLE = "Model latency: p50 grey, p90 dotted, p99 blue"
LATENCIES = ("model_latency_ms_p50", "model_latency_ms_p90", "model_latency_ms_p99")
HIGHEST = (
    *LATENCIES, "overhead_ms_max", "setup_ms_p50", "setup_ms_p99", "concurrency_utilization_max", "cpu_pct",
    "memory_pct", "gpu_pct", "backlog_max", "oldest_age_s_max", "loaded_models",
)  # fmt: skip
MOST_MARKS = 8
MANY_BARS = 60
SECONDS_FROM_MS = 2_000.0
"""From this latency on an axis is in seconds."""
Changes = Sequence[ChangeEvent]


def points(activity: Activity) -> list[MetricRow]:
    """The buckets to draw: as stored up to an hour and beyond a day, five minutes in between; gaps are empty rows."""
    rows = activity.rows
    if activity.window.has_fine_buckets and activity.window.length > timedelta(hours=1):
        rows = usage.grouped(rows, timedelta(minutes=5), HIGHEST)
    return usage.with_gaps(rows, activity.window)


def step(activity: Activity) -> timedelta:
    """How much time one drawn point stands for."""
    rows = points(activity)
    return timedelta(seconds=rows[0].period_s if rows else 3600)


def marks(changes: Changes) -> list[Mark]:
    """The newest changes as dotted lines; a status that only passed by leaves no mark."""
    told = [change for change in changes if change.category != ChangeEvent.Category.STATUS]
    return [Mark(change.at, shortened(change.summary, 34)) for change in told[-MOST_MARKS:]]


def summary(activity: Activity, changes: Changes) -> Payload:
    """Calls above latency."""
    rows = points(activity)
    stack = [_calls_panel(activity, rows), _latency_panel(rows)]
    return _drawn(activity, rows, stack, changes, [_per(activity, "Calls"), LATENCY_TITLE])


def traffic(activity: Activity, changes: Changes) -> Payload:
    """Calls, errors and latency."""
    rows = points(activity)
    errors = Panel(
        bars=[
            Series("4xx", "attention-mark", _values(rows, "errors_4xx")),
            Series("5xx", "failed", _values(rows, "errors_5xx")),
        ],
        weight=0.7,
    )
    stack = [_calls_panel(activity, rows), errors, _latency_panel(rows)]
    return _drawn(activity, rows, stack, changes, [_per(activity, "Calls"), "4xx and 5xx", LATENCY_TITLE])


def cold_starts(activity: Activity, changes: Changes) -> Payload:
    """Calls, cold starts and what a set-up took."""
    rows = points(activity)
    starts = Panel(bars=[Series("Cold starts", "accent", _values(rows, "setup_count"))], weight=0.7)
    (p50, p99), unit = _timed(rows, ("setup_ms_p50", "setup_ms_p99"))
    setup = Panel(unit=unit, lines=[Series("Set-up p50", "ink-3", p50), Series("Set-up p99", "accent", p99)])
    stack = [_calls_panel(activity, rows), starts, setup]
    titles = [_per(activity, "Calls"), _per(activity, "Cold starts"), "Set-up time: p50 grey, p99 blue"]
    return _drawn(activity, rows, stack, changes, titles)


def cache(activity: Activity, changes: Changes) -> Payload:
    """Hit ratio and unloads."""
    payload = cache_charts.hit_ratio(points(activity), activity.window, marks(changes))
    return _ranged(payload, activity)


def queue(activity: Activity, changes: Changes) -> Payload:
    """Processed requests, backlog and the age of the oldest."""
    rows = points(activity)
    minutes = [None if age is None else age / 60 for age in _values(rows, "oldest_age_s_max")]
    stack = [
        _calls_panel(activity, rows),
        Panel(lines=[Series("Waiting", "accent", _values(rows, "backlog_max"))]),
        Panel(unit="min", lines=[Series("Oldest", "ink-3", minutes)]),
    ]
    titles = [_per(activity, "Processed"), "Waiting", "Age of the oldest"]
    return _drawn(activity, rows, stack, changes, titles)


def resources(activity: Activity, changes: Changes) -> Payload:
    """Concurrency and memory of serverless, CPU and memory of instances."""
    rows = points(activity)
    memory = Panel(unit="%", lines=[Series("Memory", "ink-3", _values(rows, "memory_pct"))])
    if activity.kind == Kind.SERVERLESS:
        used = [None if v is None else v * 100 for v in _values(rows, "concurrency_utilization_max")]
        first = Panel(unit="%", lines=[Series("Concurrency", "accent", used)])
        return _drawn(
            activity, rows, [first, memory], changes, ["Concurrency used of max, highest", "Memory"]
        )
    first = Panel(unit="%", lines=[Series("CPU", "accent", _values(rows, "cpu_pct"))])
    return _drawn(activity, rows, [first, memory], changes, ["CPU, sum over cores", "Memory"])


CHARTS: dict[str, Callable[[Activity, Changes], Payload]] = {
    "summary": summary,
    "traffic": traffic,
    "cold-starts": cold_starts,
    "cache": cache,
    "async": queue,
    "resources": resources,
}


def caption(activity: Activity) -> str:
    """Window and what one point stands for."""
    words = measured.step_words(step(activity))
    is_grouped = activity.window.has_fine_buckets and activity.window.length > timedelta(hours=1)
    worst = "; all but counts: highest bucket of each" if is_grouped else ""
    return f"{measured.window_words(activity.window)} · {words}{worst}"


def table(activity: Activity, columns: Sequence[tuple[str, str]], name: str) -> PlainTable:
    """The same figures as rows people can read; columns are (bucket column, head). Percentiles: the highest."""
    width = measured.table_step(activity.window)
    rows = [
        (measured.when(row.at, width), *(_cell(row.get(column), column) for column, _ in columns))
        for row in usage.grouped(activity.rows, width, HIGHEST)
    ]
    heads = [Column("From (UTC)"), *(Column(label, is_number=True) for _, label in columns)]
    return PlainTable(f"{name}, {measured.step_words(width)}", heads, rows)


def _cell(value: float | None, column: str) -> str:
    if "_ms_" in column:
        return wording.millis(value)
    if column == "oldest_age_s_max":
        return wording.span(value)
    if column == "concurrency_utilization_max":
        return wording.percent(value)
    return wording.amount(value, 0) if column.endswith("_pct") else wording.count(value)


def _calls_panel(activity: Activity, rows: Sequence[MetricRow]) -> Panel:
    name = "Processed" if activity.kind == Kind.ASYNCHRONOUS else "Calls"
    return Panel(
        bars=[Series(name, f"kind-{activity.kind}", _values(rows, activity.calls_column))], weight=0.8
    )


def _latency_panel(rows: Sequence[MetricRow]) -> Panel:
    (p50, p90, p99), unit = _timed(rows, LATENCIES)
    return Panel(
        unit=unit,
        lines=[
            Series("Latency p50", "ink-3", p50, label="p50"),
            Series("Latency p90", "ink-2", p90, dash="dot"),
            Series("Latency p99", "accent", p99, label="p99"),
        ],
    )


def _timed(rows: Sequence[MetricRow], columns: Sequence[str]) -> tuple[list[list[float | None]], str]:
    """Columns in milliseconds, or in seconds where that reads better, and the unit."""
    values = [_values(rows, column) for column in columns]
    highest = max((value for column in values for value in column if value is not None), default=0.0)
    if highest < SECONDS_FROM_MS:
        return values, "ms"
    return [[None if v is None else v / 1000 for v in column] for column in values], "s"


def _drawn(
    activity: Activity,
    rows: Sequence[MetricRow],
    stack: Sequence[Panel],
    changes: Changes,
    titles: Sequence[str],
) -> Payload:
    payload = panels([row.at for row in rows], stack, marks=marks(changes), gap=0.14)
    layout = payload.get("layout")
    if layout is not None:
        axes = [layout["yaxis" if n == 0 else f"yaxis{n + 1}"] for n in range(len(stack))]
        for axis, panel in zip(axes, stack, strict=True):
            if panel.bars and _highest(panel) <= 4:
                axis["dtick"] = 1  # Half a call is no call.
        tops = [axis["domain"][1] for axis in axes]
        said = [_title(text, top) for text, top in zip(titles, tops, strict=True)]
        layout["annotations"] = [*layout.get("annotations", []), *said]
    return _ranged(payload, activity)


def _highest(panel: Panel) -> float:
    """The tallest stack of a panel's bars."""
    columns = zip(*(bars.values for bars in panel.bars), strict=True)
    return max((sum(float(v or 0) for v in column) for column in columns), default=0.0)


def _title(text: str, top: float) -> dict[str, object]:
    """A panel's name above its left edge, where neither lines nor their end labels can reach."""
    font = {"size": 11, "color": "var(--ink-3)"}
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": top, "yshift": 3}
    return {**place, "xanchor": "left", "yanchor": "bottom", "showarrow": False, "text": text, "font": font}


def _ranged(payload: Payload, activity: Activity) -> Payload:
    """Fix the axis to the window, so that missing ends show as gaps, and dot points that have no neighbour."""
    if "layout" not in payload:
        return payload
    payload["layout"].setdefault("xaxis", {})["range"] = [activity.window.start, activity.window.end]
    for trace in payload["data"]:
        if trace.get("type") == "bar" and len(trace["x"]) > MANY_BARS:
            trace["marker"]["line"]["width"] = 0  # The seam between bars would be wider than they are.
        if trace.get("type") == "scatter":
            trace["mode"] = "lines+markers"
            trace["marker"] = {"color": trace["line"]["color"], "size": _lonely(trace["y"]), "opacity": 1}
    return payload


def _lonely(values: Sequence[float | None]) -> list[int]:
    """Marker sizes: 6 for a value with a gap on both sides (a line cannot show it), 0 for the others."""
    padded = [None, *values, None]
    return [
        6 if padded[n] is not None and padded[n - 1] is None and padded[n + 1] is None else 0
        for n in range(1, len(padded) - 1)
    ]


def _values(rows: Sequence[MetricRow], column: str) -> list[float | None]:
    return [row.get(column) for row in rows]


def _per(activity: Activity, what: str) -> str:
    return f"{what} {measured.step_words(step(activity))}"
