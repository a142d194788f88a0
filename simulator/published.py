"""Which metrics each kind of endpoint publishes, in which namespace.

Sources: SageMaker developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", "Monitoring a serverless
endpoint", "Monitoring asynchronous endpoint", "Monitor multi-container endpoints" (copies read 2026-11-21).
"""

from __future__ import annotations

from simulator import metrics as samples_of
from simulator.metrics import Builder

SAGEMAKER = "AWS/SageMaker"
HOSTS = "/aws/sagemaker/Endpoints"
TRANSFORM_HOSTS = "/aws/sagemaker/TransformJobs"
Family = dict[tuple[str, str], Builder]

SERVERLESS: Family = {
    (SAGEMAKER, "Invocations"): samples_of.invocations,
    (SAGEMAKER, "Invocation4XXErrors"): samples_of.errors("rejects"),
    (SAGEMAKER, "Invocation5XXErrors"): samples_of.errors("faults"),
    (SAGEMAKER, "ModelLatency"): samples_of.model_latency,
    (SAGEMAKER, "OverheadLatency"): samples_of.overhead_latency,
    (SAGEMAKER, "ModelSetupTime"): samples_of.setup_time,
    (HOSTS, "MemoryUtilization"): samples_of.memory,
    (SAGEMAKER, "ServerlessConcurrentExecutionsUtilization"): samples_of.concurrency_utilization,
}
PROVISIONED: Family = {
    (SAGEMAKER, "ServerlessProvisionedConcurrencyExecutions"): samples_of.provisioned_executions,
    (SAGEMAKER, "ServerlessProvisionedConcurrencyUtilization"): samples_of.provisioned_utilization,
    (SAGEMAKER, "ServerlessProvisionedConcurrencyInvocations"): samples_of.provisioned_invocations,
    (SAGEMAKER, "ServerlessProvisionedConcurrencySpilloverInvocations"): samples_of.spillover_invocations,
}
INSTANCE: Family = {
    (HOSTS, "CPUUtilization"): samples_of.cpu,
    (HOSTS, "MemoryUtilization"): samples_of.memory,
    (HOSTS, "DiskUtilization"): samples_of.disk,
}
GPU: Family = {
    (HOSTS, "GPUUtilization"): samples_of.gpu,
    (HOSTS, "GPUMemoryUtilization"): samples_of.gpu_memory,
}
REQUESTS: Family = {
    (SAGEMAKER, "Invocations"): samples_of.invocations,
    (SAGEMAKER, "InvocationsPerInstance"): samples_of.invocations_per_instance,
    (SAGEMAKER, "Invocation4XXErrors"): samples_of.errors("rejects"),
    (SAGEMAKER, "Invocation5XXErrors"): samples_of.errors("faults"),
    (SAGEMAKER, "InvocationModelErrors"): samples_of.model_errors,
    (SAGEMAKER, "ModelLatency"): samples_of.model_latency,
    (SAGEMAKER, "OverheadLatency"): samples_of.overhead_latency,
}
MULTI_MODEL: Family = {
    (SAGEMAKER, "ModelCacheHit"): samples_of.cache_hit,
    (SAGEMAKER, "ModelLoadingWaitTime"): samples_of.miss_time("wait_ms", 900),
    (SAGEMAKER, "ModelDownloadingTime"): samples_of.miss_time("download_ms", 450),
    (SAGEMAKER, "ModelLoadingTime"): samples_of.miss_time("load_ms", 350),
    (SAGEMAKER, "ModelUnloadingTime"): samples_of.miss_time("unload_ms", 15, "unloads"),
    (HOSTS, "LoadedModelCount"): samples_of.loaded_models,
}
ASYNC: Family = {
    (SAGEMAKER, "Invocation4XXErrors"): samples_of.errors("rejects"),
    (SAGEMAKER, "Invocation5XXErrors"): samples_of.errors("faults"),
    (SAGEMAKER, "ModelLatency"): samples_of.model_latency,
    (SAGEMAKER, "InvocationsProcessed"): samples_of.processed,
    (SAGEMAKER, "InvocationFailures"): samples_of.errors("faults"),
    (SAGEMAKER, "RequestDownloadFailures"): samples_of.no_failures,
    (SAGEMAKER, "ResponseUploadFailures"): samples_of.no_failures,
    (SAGEMAKER, "NotificationFailures"): samples_of.no_failures,
    (SAGEMAKER, "ExpiredRequests"): samples_of.no_failures,
    (SAGEMAKER, "RequestDownloadLatency"): samples_of.transfer_time,
    (SAGEMAKER, "ResponseUploadLatency"): samples_of.transfer_time,
    (SAGEMAKER, "TimeInBacklog"): samples_of.time_in_backlog,
    (SAGEMAKER, "TotalProcessingTime"): samples_of.processing_time,
}
ASYNC_ENDPOINT: Family = {
    (SAGEMAKER, "ApproximateBacklogSize"): samples_of.backlog_size,
    (SAGEMAKER, "ApproximateBacklogSizePerInstance"): samples_of.backlog_per_instance,
    (SAGEMAKER, "ApproximateAgeOfOldestRequest"): samples_of.oldest_age,
    (SAGEMAKER, "HasBacklogWithoutCapacity"): samples_of.backlog_without_capacity,
}
CONTAINER: Family = {
    (SAGEMAKER, "Invocations"): samples_of.invocations,
    (SAGEMAKER, "Invocation4XXErrors"): samples_of.errors("rejects"),
    (SAGEMAKER, "Invocation5XXErrors"): samples_of.errors("faults"),
    (SAGEMAKER, "ContainerLatency"): samples_of.model_latency,
    (SAGEMAKER, "OverheadLatency"): samples_of.overhead_latency,
    (HOSTS, "CPUUtilization"): samples_of.cpu,
    (HOSTS, "MemoryUtilization"): samples_of.memory,
}
COMPONENT_HOSTS = "/aws/sagemaker/InferenceComponents"
COMPONENT_COMPUTE: Family = {
    (COMPONENT_HOSTS, "CPUUtilizationNormalized"): samples_of.normalized(samples_of.cpu, "vcpus"),
    (COMPONENT_HOSTS, "MemoryUtilizationNormalized"): samples_of.memory,
}
COMPONENT_GPU: Family = {
    (COMPONENT_HOSTS, "GPUUtilizationNormalized"): samples_of.normalized(samples_of.gpu, "gpus"),
    (COMPONENT_HOSTS, "GPUMemoryUtilizationNormalized"): samples_of.normalized(samples_of.gpu_memory, "gpus"),
}
COMPONENT: Family = {
    (SAGEMAKER, "Invocations"): samples_of.invocations,
    (SAGEMAKER, "InvocationsPerCopy"): samples_of.invocations_per_instance,
    (SAGEMAKER, "Invocation4XXErrors"): samples_of.errors("rejects"),
    (SAGEMAKER, "Invocation5XXErrors"): samples_of.errors("faults"),
    (SAGEMAKER, "ModelLatency"): samples_of.model_latency,
    (SAGEMAKER, "OverheadLatency"): samples_of.overhead_latency,
}
# No disk metric: DiskUtilization is not supported for transform jobs.
TRANSFORM: Family = {
    (TRANSFORM_HOSTS, "CPUUtilization"): samples_of.cpu,
    (TRANSFORM_HOSTS, "MemoryUtilization"): samples_of.memory,
}
TRANSFORM_GPU: Family = {
    (TRANSFORM_HOSTS, "GPUUtilization"): samples_of.gpu,
    (TRANSFORM_HOSTS, "GPUMemoryUtilization"): samples_of.gpu_memory,
}
