"""Tiles of one endpoint: each figure with its formula, its metric and statistic, its window and its confidence."""

from collections.abc import Callable, Sequence

from dashboards import measured, wording
from dashboards.cold_starts.tables import WHY_ESTIMATED, WHY_OUTLIERS
from dashboards.tiles import Explain, Tile
from fleet.analysis.cold_starts import ColdStarts, Method
from fleet.queries import usage
from fleet.queries.endpoint import Activity, Head
from fleet.queries.endpoint_cost import MonthCost
from fleet.types import Kind

SPARK_POINTS = 28
Builder = Callable[[Head, Activity], Tile]


def calls(head: Head, activity: Activity) -> Tile:
    """Invocations, or what an asynchronous endpoint processed."""
    is_async = activity.kind == Kind.ASYNCHRONOUS
    metric = "InvocationsProcessed" if is_async else "Invocations"
    dimensions = (
        "per inference component, added up" if activity.kind == Kind.INFERENCE_COMPONENT else "per variant"
    )
    return Tile(
        "Processed" if is_async else "Calls",
        _count(activity.calls),
        title=_exact(activity.calls),
        reason="CloudWatch reported none",
        spark=spark(activity, activity.calls_column) if activity.calls is not None else (),
        spark_label="Calls over the window",
        explain=measured.explain(
            "Every request the endpoint took." if not is_async else "Every request taken from the queue and answered.",
            activity.window, formula=f"Σ Sum({metric})", source=f"CloudWatch {metric} (Sum), {dimensions}",
            inputs=[("Buckets with figures", str(len(usage.reported(activity.rows, activity.calls_column))))],
            as_of=head.data_until,
        ),
        **measured.compared(activity.calls, activity.calls_before, activity.window, is_known=activity.knows_before),
    )  # fmt: skip


def errors(head: Head, activity: Activity) -> Tile:
    """Share of calls answered 5xx."""
    share = activity.share("errors_5xx")
    before = usage.ratio(activity.before.get("errors_5xx") or 0.0, activity.calls_before)
    return Tile(
        "Server errors (5xx)",
        None if share is None else wording.percent(share, unit=False),
        unit="%",
        title=_exact(activity.total("errors_5xx")),
        reason="No calls to compare with",
        explain=measured.explain(
            "Calls that AWS or the container answered with a 5xx status.", activity.window,
            formula=f"{wording.count(activity.total('errors_5xx') or 0)} ÷ {wording.count(activity.calls)} calls",
            source="CloudWatch Invocation5XXErrors (Sum)", as_of=head.data_until,
        ),
        **measured.compared_points(share, before, activity.window, bad="up"),
    )  # fmt: skip


def latency(head: Head, activity: Activity) -> Tile:
    """Model latency p99 of the middle bucket, with the worst one beside it."""
    middle, worst = (
        usage.middle(activity.rows, "model_latency_ms_p99"),
        usage.peak(activity.rows, "model_latency_ms_p99"),
    )
    note = f"worst {wording.millis(worst.value)}, {worst.at:%a %H:%M}" if worst else ""
    average = activity.latency_avg_ms
    return Tile(
        "Model latency p99",
        None if middle is None else _value(wording.millis(middle)),
        unit="" if middle is None else _unit(wording.millis(middle)),
        note=note,
        title="" if middle is None else f"{middle:,.3f} ms",
        reason="No latency was reported",
        explain=measured.explain(
            "Half of the buckets have a higher p99, half a lower one; percentiles of buckets are never averaged.",
            activity.window, formula="median of p99(ModelLatency)",
            inputs=[("Average over all calls", wording.millis(average))],
            source="CloudWatch ModelLatency (p99; Sum and SampleCount for the average)", as_of=head.data_until,
        ),
    )  # fmt: skip


def cold_starts(head: Head, activity: Activity, found: ColdStarts) -> Tile:
    """Count and share of cold starts."""
    is_fallback = found.method is Method.OVERHEAD_OUTLIERS
    formula, source = "Σ SampleCount(ModelSetupTime)", "CloudWatch ModelSetupTime (SampleCount)"
    inputs = [("Calls", wording.count(found.calls))]
    if is_fallback:
        formula, source = (
            "minutes with Max(OverheadLatency) > threshold",
            "CloudWatch OverheadLatency (Maximum)",
        )
        inputs.append(("Threshold", wording.millis(found.threshold_ms)))
    return Tile(
        "Cold starts",
        _count(found.count),
        unit="" if found.rate is None else wording.percent(found.rate),
        title=_exact(found.count),
        reason="No call, or no set-up sample in 30 days",
        explain=measured.explain(
            WHY_OUTLIERS if is_fallback else WHY_ESTIMATED, activity.window, formula=formula, inputs=inputs,
            source=source, basis="estimated", as_of=head.data_until,
        ),
        **_trend(activity, found),
    )  # fmt: skip


def _trend(activity: Activity, found: ColdStarts) -> measured.Comparison:
    """Against the share of the window before, where its samples are known; else what the count rests on."""
    compared: measured.Comparison = {}
    if activity.knows_before and found.method is Method.SETUP_SAMPLES:
        before = usage.ratio(activity.before.get("setup_count"), activity.before.get("invocations"))
        compared = measured.compared_points(found.rate, before, activity.window, bad="up")
    if compared or found.count is None:
        return compared
    return {"note": f"estimated from {_METHODS[found.method]}"}


_METHODS = {
    Method.SETUP_SAMPLES: "ModelSetupTime samples",
    Method.OVERHEAD_OUTLIERS: "OverheadLatency peaks",
    Method.NOT_REPORTED: "nothing",
}


def time_lost(head: Head, activity: Activity, found: ColdStarts) -> Tile:
    """Seconds callers waited for compute to start."""
    waited = found.waited_s
    return Tile(
        "Time callers lost",
        None if waited is None else wording.count(round(waited)),
        unit="s",
        title="" if waited is None else f"{waited:,.3f} s",
        note=f"{wording.millis(found.added_ms)} each on average" if found.added_ms else "",
        reason="No set-up time was reported",
        explain=measured.explain(
            "Each sample waited its set-up time.", activity.window,
            formula="Σ SampleCount × Average(ModelSetupTime)", source="CloudWatch ModelSetupTime",
            inputs=[("Highest p99 of a bucket", wording.millis(found.worst_p99_ms))],
            basis="estimated", as_of=head.data_until,
        ),
    )  # fmt: skip


def concurrency(head: Head, activity: Activity) -> Tile:
    """The highest use of max concurrency; 100 % means that calls above it were refused."""
    peak = usage.peak(activity.rows, "concurrency_utilization_max")
    limit = head.main.max_concurrency if head.main else None
    is_full, number, note = peak is not None and peak.value >= 1, None, ""
    if peak is not None:
        number = f"{peak.value * limit:.0f}" if limit else wording.percent(peak.value, unit=False)
        refused = ": calls above it are refused" if is_full else ""
        note = f"{wording.percent(peak.value)}, {peak.at:%a %H:%M} UTC{refused}"
    return Tile(
        "Peak concurrency",
        number,
        unit=f"of {limit}" if limit else "% of max",
        title="" if peak is None else f"{peak.value * 100:.6g} % of max concurrency",
        note=note,
        tone="failed" if is_full else ("attention" if peak and peak.value > 0.8 else ""),
        reason="No utilisation was reported",
        explain=measured.explain(
            "Highest share of max concurrency in use at once. Refused calls have no metric of their own on serverless, "
            "so use at 100 % is the sign of them.", activity.window,
            formula="max Maximum(ServerlessConcurrentExecutionsUtilization)",
            source="CloudWatch ServerlessConcurrentExecutionsUtilization (Maximum)", as_of=head.data_until,
        ),
    )  # fmt: skip


def spillover(head: Head, activity: Activity) -> Tile:
    """Calls that provisioned concurrency could not take."""
    spilled, warm = activity.total("spillover_invocations"), activity.total("provisioned_invocations")
    has_warm = bool(head.main and head.main.provisioned_concurrency)
    share = usage.ratio(spilled, (spilled or 0.0) + (warm or 0.0)) if spilled is not None else None
    return Tile(
        "Spilled over",
        _count(spilled),
        unit="calls" if spilled is not None else "",
        note=f"{wording.percent(share)} of calls beyond the warm slots" if share is not None else "",
        reason="Reported nothing in this window" if has_warm else "No provisioned concurrency is configured",
        explain=measured.explain(
            "Calls served on demand because every warm slot was busy.", activity.window,
            formula="Σ Sum(ServerlessProvisionedConcurrencySpilloverInvocations)",
            inputs=[("Served warm", wording.count(warm))],
            source="CloudWatch; AWS lists Average, Maximum and Minimum for this metric, not Sum", basis="estimated",
            as_of=head.data_until,
        ),
    )  # fmt: skip


def gauge(label: str, column: str, metric: str, text: str) -> Builder:
    """A tile of a utilisation: the mean over buckets, with the highest one beside it."""

    def build(head: Head, activity: Activity) -> Tile:
        mean, worst = usage.mean(activity.rows, column), usage.peak(activity.rows, column)
        return Tile(
            label,
            None if mean is None else f"{mean:.0f}",
            unit="%",
            note=f"highest {worst.value:.0f} %, {worst.at:%a %H:%M}" if worst else "",
            title="" if mean is None else f"{mean:.4f} %",
            reason="Not reported in this window",
            explain=measured.explain(
                text, activity.window, formula=f"mean of Average({metric})",
                source=f"CloudWatch {metric} (Average), /aws/sagemaker/Endpoints", as_of=head.data_until,
            ),
        )  # fmt: skip

    return build


cpu = gauge(
    "CPU", "cpu_pct", "CPUUtilization", "CPU summed over cores: 400 % are four busy cores. Mean over buckets."
)
gpu = gauge("GPU", "gpu_pct", "GPUUtilization", "GPUs added up: 400 % are four busy GPUs. Mean over buckets.")
memory = gauge("Memory", "memory_pct", "MemoryUtilization", "Memory in use, mean over buckets.")


def cost(found: MonthCost, calls_note: str = "", lines_url: str = "") -> Tile:
    """Cost of the month so far, from the stored daily lines; lines_url: where they stand."""
    unpriced = f"{wording.plural(found.unpriced, 'line')} unpriced, not in the sum"
    return Tile(
        "Cost, month to date",
        None if found.usd is None else wording.usd(found.usd),
        title=wording.usd_exact(found.usd),
        note=unpriced if found.unpriced else calls_note,
        tone="attention" if found.unpriced else "",
        reason="Unpriced" if found.unpriced else "No cost was computed yet",
        explain=Explain(
            "Sum of the daily cost lines of every variant since the first of the month, UTC.",
            formula="Σ quantity × list price − discount",
            source="The Cost tab has every line with its price's source", lines_url=lines_url,
            basis="estimated", as_of=found.data_until, window="since the first of the month, UTC",
            call="cloudwatch:GetMetricData, sagemaker:DescribeEndpoint, pricing:GetProducts",
        ),
    )  # fmt: skip


def spark(activity: Activity, column: str) -> Sequence[float | None]:
    """At most 28 points of a count, oldest first; a point without any bucket is a gap."""
    length = activity.window.length / SPARK_POINTS
    sums: list[float | None] = [None] * SPARK_POINTS
    for row in activity.rows:
        value = row.get(column)
        if value is not None:
            n = min(int((row.at - activity.window.start) / length), SPARK_POINTS - 1)
            sums[n] = (sums[n] or 0.0) + value
    return sums


def _count(value: float | None) -> str | None:
    return None if value is None else wording.count(value)


def _exact(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _value(worded: str) -> str:
    return worded.rpartition(" ")[0] if worded.count(" ") == 1 else worded


def _unit(worded: str) -> str:
    return worded.rpartition(" ")[2] if worded.count(" ") == 1 else ""
