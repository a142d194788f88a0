"""The metric catalogue: which CloudWatch metric and statistic fills which bucket column, for which kinds.

It drives collection, charts, alert forms and the words "not published for this kind". Standard library only.
Sources: Amazon SageMaker AI developer guide, pages "Metrics for monitoring with CloudWatch" (monitoring-cloudwatch),
"Alarms and logs for tracking metrics from serverless endpoints" (serverless-endpoints-monitoring) and
"Monitor asynchronous endpoint" (async-inference-monitor), read November 2026.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache

from fleet.types import Kind

# 200 points a series: as long as 500 queries still fit one call (100,800 points, CloudWatch API reference).
HISTORY_SLICE = timedelta(hours=200)
MINUTE_SLICE = timedelta(days=3)
"""4,320 points a series of one minute: as long as all metrics of a serverless variant still fit one call."""
INVOCATION_NAMESPACE = "AWS/SageMaker"
INSTANCE_NAMESPACE = "/aws/sagemaker/Endpoints"

_INSTANCES = frozenset(
    {Kind.REAL_TIME, Kind.ASYNCHRONOUS, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER, Kind.INFERENCE_COMPONENT}
)
_ONLINE = frozenset({Kind.SERVERLESS, Kind.REAL_TIME, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER})
_ALL = _INSTANCES | {Kind.SERVERLESS}
_CALLED = _ONLINE | {Kind.INFERENCE_COMPONENT}
_SERVERLESS = frozenset({Kind.SERVERLESS})
_ASYNC = frozenset({Kind.ASYNCHRONOUS})
_MULTI_MODEL = frozenset({Kind.MULTI_MODEL})


class Dimensions(StrEnum):
    """The exact dimension set a metric is published under; asking with another one returns nothing, silently.

    Endpoints of inference components publish what VARIANT holds of AWS/SageMaker per InferenceComponentName.
    """

    VARIANT = "EndpointName,VariantName"
    ENDPOINT = "EndpointName"


@dataclass(frozen=True)
class Metric:
    """One (metric, statistic) pair and the bucket column that keeps it.

    scale multiplies CloudWatch's figure once, at ingestion (0.001 turns microseconds into milliseconds).
    needs_provisioned: published only while provisioned concurrency is configured; needs_gpu: only by instances with
    GPUs. weight: the column that counts the samples of an average, where one does.
    """

    column: str
    name: str
    statistic: str
    kinds: frozenset[Kind]
    unit: str
    label: str
    namespace: str = INVOCATION_NAMESPACE
    dimensions: Dimensions = Dimensions.VARIANT
    scale: float = 1.0
    needs_provisioned: bool = False
    needs_gpu: bool = False
    weight: str = ""

    @property
    def is_sum(self) -> bool:
        """Whether several of its values add up: those of parts of an hour, or of an endpoint's components."""
        return self.statistic in {"Sum", "SampleCount"}


_US = 0.001

CATALOGUE: tuple[Metric, ...] = (
    Metric("invocations", "Invocations", "Sum", _CALLED, "calls", "Invocations"),
    Metric("errors_4xx", "Invocation4XXErrors", "Sum", _ALL, "calls", "4xx responses"),
    Metric("errors_5xx", "Invocation5XXErrors", "Sum", _ALL, "calls", "5xx responses"),
    Metric("model_latency_ms_sum", "ModelLatency", "Sum", _ALL, "ms", "Model latency, sum", scale=_US),
    Metric("model_latency_count", "ModelLatency", "SampleCount", _ALL, "samples", "Model latency, samples"),
    Metric("model_latency_ms_p50", "ModelLatency", "p50", _ALL, "ms", "Model latency p50", scale=_US),
    Metric("model_latency_ms_p90", "ModelLatency", "p90", _ALL, "ms", "Model latency p90", scale=_US),
    Metric("model_latency_ms_p99", "ModelLatency", "p99", _ALL, "ms", "Model latency p99", scale=_US),
    Metric(
        "overhead_ms_avg",
        "OverheadLatency",
        "Average",
        _CALLED,
        "ms",
        "Overhead latency, average",
        scale=_US,
        weight="invocations",
    ),
    Metric(
        "overhead_ms_max", "OverheadLatency", "Maximum", _CALLED, "ms", "Overhead latency, maximum", scale=_US
    ),
    Metric("setup_count", "ModelSetupTime", "SampleCount", _SERVERLESS, "samples", "Compute launches"),
    Metric(
        "setup_ms_avg",
        "ModelSetupTime",
        "Average",
        _SERVERLESS,
        "ms",
        "Model set-up time, average",
        scale=_US,
        weight="setup_count",
    ),
    Metric("setup_ms_p50", "ModelSetupTime", "p50", _SERVERLESS, "ms", "Model set-up time p50", scale=_US),
    Metric("setup_ms_p99", "ModelSetupTime", "p99", _SERVERLESS, "ms", "Model set-up time p99", scale=_US),
    Metric(
        "concurrency_utilization_max",
        "ServerlessConcurrentExecutionsUtilization",
        "Maximum",
        _SERVERLESS,
        "ratio",
        "Concurrency used of max concurrency",
    ),
    Metric(
        "memory_pct",
        "MemoryUtilization",
        "Average",
        _ALL,
        "%",
        "Memory used",
        namespace=INSTANCE_NAMESPACE,
        weight="instance_minutes",
    ),
    Metric(
        "provisioned_utilization_max",
        "ServerlessProvisionedConcurrencyUtilization",
        "Maximum",
        _SERVERLESS,
        "ratio",
        "Provisioned concurrency used",
        needs_provisioned=True,
    ),
    Metric(
        "provisioned_executions_max",
        "ServerlessProvisionedConcurrencyExecutions",
        "Maximum",
        _SERVERLESS,
        "executions",
        "Executions on provisioned concurrency",
        needs_provisioned=True,
    ),
    Metric(
        "provisioned_invocations",
        "ServerlessProvisionedConcurrencyInvocations",
        "Sum",
        _SERVERLESS,
        "calls",
        "Calls served warm",
        needs_provisioned=True,
    ),
    Metric(
        "spillover_invocations",
        "ServerlessProvisionedConcurrencySpilloverInvocations",
        "Sum",
        _SERVERLESS,
        "calls",
        "Calls spilled over to on-demand",
        needs_provisioned=True,
    ),
    Metric(
        "instance_minutes",
        "CPUUtilization",
        "SampleCount",
        _INSTANCES,
        "instance-minutes",
        "Instance minutes (one CPU sample per instance and minute)",
        namespace=INSTANCE_NAMESPACE,
    ),
    Metric(
        "cpu_pct",
        "CPUUtilization",
        "Average",
        _INSTANCES,
        "%",
        "CPU, sum over cores",
        namespace=INSTANCE_NAMESPACE,
        weight="instance_minutes",
    ),
    Metric(
        "gpu_pct",
        "GPUUtilization",
        "Average",
        _INSTANCES,
        "%",
        "GPU, sum over GPUs",
        namespace=INSTANCE_NAMESPACE,
        needs_gpu=True,
        weight="instance_minutes",
    ),
    Metric(
        "gpu_memory_pct",
        "GPUMemoryUtilization",
        "Average",
        _INSTANCES,
        "%",
        "GPU memory, sum over GPUs",
        namespace=INSTANCE_NAMESPACE,
        needs_gpu=True,
        weight="instance_minutes",
    ),
    Metric(
        "disk_pct",
        "DiskUtilization",
        "Average",
        _INSTANCES,
        "%",
        "Disk used",
        namespace=INSTANCE_NAMESPACE,
        weight="instance_minutes",
    ),
    Metric(
        "loaded_models",
        "LoadedModelCount",
        "Average",
        _MULTI_MODEL,
        "models",
        "Models loaded per instance",
        namespace=INSTANCE_NAMESPACE,
        weight="instance_minutes",
    ),
    Metric("cache_hit_sum", "ModelCacheHit", "Sum", _MULTI_MODEL, "calls", "Cache hits"),
    Metric("cache_hit_count", "ModelCacheHit", "SampleCount", _MULTI_MODEL, "calls", "Cache look-ups"),
    Metric("unload_count", "ModelUnloadingTime", "SampleCount", _MULTI_MODEL, "models", "Model unloads"),
    Metric("load_count", "ModelLoadingTime", "SampleCount", _MULTI_MODEL, "models", "Model loads"),
    Metric(
        "load_ms_avg",
        "ModelLoadingTime",
        "Average",
        _MULTI_MODEL,
        "ms",
        "Model load time",
        scale=_US,
        weight="load_count",
    ),
    Metric(
        "download_ms_avg",
        "ModelDownloadingTime",
        "Average",
        _MULTI_MODEL,
        "ms",
        "Model download time",
        scale=_US,
    ),
    Metric(
        "loading_wait_ms_sum",
        "ModelLoadingWaitTime",
        "Sum",
        _MULTI_MODEL,
        "ms",
        "Time calls waited for a model",
        scale=_US,
    ),
    Metric("processed", "InvocationsProcessed", "Sum", _ASYNC, "calls", "Asynchronous requests processed"),
    Metric(
        "invocation_failures", "InvocationFailures", "Sum", _ASYNC, "calls", "Asynchronous requests failed"
    ),
    Metric("expired", "ExpiredRequests", "Sum", _ASYNC, "calls", "Requests expired in the queue"),
    Metric(
        "backlog_max",
        "ApproximateBacklogSize",
        "Maximum",
        _ASYNC,
        "requests",
        "Requests waiting",
        dimensions=Dimensions.ENDPOINT,
    ),
    Metric(
        "oldest_age_s_max",
        "ApproximateAgeOfOldestRequest",
        "Maximum",
        _ASYNC,
        "s",
        "Age of oldest request",
        dimensions=Dimensions.ENDPOINT,
    ),
    Metric("backlog_without_capacity", "HasBacklogWithoutCapacity", "Average", _ASYNC, "0 or 1",
           "Requests wait while no instance runs", dimensions=Dimensions.ENDPOINT),
)  # fmt: skip

COLUMNS = tuple(metric.column for metric in CATALOGUE)
BY_COLUMN: dict[str, Metric] = {metric.column: metric for metric in CATALOGUE}


@cache
def metrics_for(kind: Kind, *, has_provisioned: bool = False, has_gpu: bool = True) -> tuple[Metric, ...]:
    """Metrics that AWS publishes for this kind of endpoint; the rest are "not published for this kind"."""
    return tuple(
        m
        for m in CATALOGUE
        if kind in m.kinds and (has_provisioned or not m.needs_provisioned) and (has_gpu or not m.needs_gpu)
    )
