"""The charts of one endpoint with their captions and tables, ready for components/chart.html."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from dashboards import measured, truth
from dashboards.endpoint import charts
from dashboards.tiles import Explain
from fleet.catalogue import BY_COLUMN
from fleet.queries import usage
from fleet.queries.endpoint import Activity, Head
from fleet.types import Kind

TRAFFIC_COLUMNS = [
    ("invocations", "Calls"),
    ("errors_4xx", "4xx"),
    ("errors_5xx", "5xx"),
    ("model_latency_ms_p50", "p50, highest"),
    ("model_latency_ms_p90", "p90, highest"),
    ("model_latency_ms_p99", "p99, highest"),
]

_TITLES = {
    "summary": "Calls and latency",
    "traffic": "Calls, errors and latency",
    "cold-starts": "Calls, cold starts and set-up time",
    "cache": "Hit ratio and unloads",
    "async": "Queue",
    "resources": "Use of capacity",
}
_COLUMNS: dict[str, list[tuple[str, str]]] = {
    "cold-starts": [
        ("invocations", "Calls"), ("setup_count", "Cold starts"), ("setup_ms_p50", "Set-up p50, highest"),
        ("setup_ms_p99", "Set-up p99, highest"), ("spillover_invocations", "Spilled over"),
    ],
    "cache": [
        ("cache_hit_sum", "Hits"), ("cache_hit_count", "Look-ups"), ("unload_count", "Unloads"),
        ("load_count", "Loads"),
    ],
    "async": [
        ("processed", "Processed"), ("invocation_failures", "Failed"), ("expired", "Expired"),
        ("backlog_max", "Waiting, highest"), ("oldest_age_s_max", "Oldest, highest"),
    ],
}  # fmt: skip


def _columns(activity: Activity, name: str) -> list[tuple[str, str]]:
    if name == "resources":
        if activity.kind == Kind.SERVERLESS:
            return [
                ("concurrency_utilization_max", "Concurrency, highest"),
                ("memory_pct", "Memory %, highest"),
            ]
        return [("cpu_pct", "CPU %, highest"), ("memory_pct", "Memory %, highest")]
    columns = _COLUMNS.get(name, TRAFFIC_COLUMNS)
    return [
        (activity.calls_column if column == "invocations" else column, label) for column, label in columns
    ]


def explain(chart: Mapping[str, Any], activity: Activity, head: Head) -> Explain:
    """Where the points of a chart come from: every metric it draws, with its statistic."""
    metrics = [BY_COLUMN[column] for column in chart.get("columns", ()) if column in BY_COLUMN]
    names = dict.fromkeys(f"{metric.name} ({metric.statistic})" for metric in metrics)
    dimensions = " · ".join(dict.fromkeys(str(metric.dimensions) for metric in metrics))
    found = measured.explain(
        "Every point is one stored bucket; a gap is a time CloudWatch reported nothing for, not a zero.",
        activity.window, source=f"CloudWatch {', '.join(names)}" if names else "CloudWatch",
        inputs=[("Dimensions", dimensions)] if dimensions else [], as_of=head.data_until,
    )  # fmt: skip
    return truth.aged(found, timezone.now(), head.stale_after)


def figure(activity: Activity, name: str, size: str = "tall") -> dict[str, Any]:
    """One chart with its table; has_any False: nothing was reported that it could draw."""
    columns, title = _columns(activity, name), _TITLES[name]
    return {
        "name": name,
        "columns": [column for column, _ in columns],
        "has_any": any(usage.reported(activity.rows, column) for column, _ in columns),
        "id": f"chart-{name}",
        "title": title,
        "caption": charts.caption(activity),
        "size": size,
        "table": charts.table(activity, columns, title),
    }
