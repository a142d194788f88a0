"""What AWS's documents say about how an endpoint is hosted, topic by topic. Pure readers: no query, no clock.

None and "" mean that the document does not say; every value type names the call whose answer it was read from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

ENDPOINT, CONFIG, MODEL = (
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeModel",
)
COMPONENT = "sagemaker:DescribeInferenceComponent"
MAX_CONTAINERS = 15
"""Containers of one model (Amazon SageMaker API reference, CreateModel)."""


@dataclass(frozen=True)
class AsyncSettings:
    """Queue settings. max_concurrent: requests at a time per instance, None = chosen by SageMaker."""

    output_path: str
    failure_path: str
    success_topic: str
    error_topic: str
    includes_response: tuple[str, ...]
    max_concurrent: int | None
    kms_key: str

    @property
    def announces_failures(self) -> bool:
        """Whether anybody is told when a request fails."""
        return bool(self.error_topic)


@dataclass(frozen=True)
class Capture:
    """Data capture; status is AWS's word (Started, Stopped), "" while only the config is known."""

    is_on: bool
    status: str
    sampling_percent: int | None
    destination: str
    modes: tuple[str, ...]
    kms_key: str
    call: str


@dataclass(frozen=True)
class Network:
    """Where containers run. is_isolated None: no document says."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    is_isolated: bool | None
    call: str


@dataclass(frozen=True)
class Observability:
    """Metric settings; None: neither the config nor the endpoint says."""

    is_enhanced: bool | None
    is_detailed: bool | None
    frequency_s: int | None


@dataclass(frozen=True)
class InstanceScaling:
    """Managed instance scaling and routing of one variant, as live where AWS reports it, else as configured."""

    status: str
    minimum: int | None
    maximum: int | None
    routing: str


@dataclass(frozen=True)
class Share:
    """What one copy of an inference component holds of its instance; None: no requirement is set."""

    cpu_cores: float | None
    accelerators: float | None
    memory_min_mb: int | None
    memory_max_mb: int | None
    partition: str
    base: str
    image: str
    failure: str


@dataclass(frozen=True)
class Recommendation:
    """Where a model came from, as far as DescribeModel tells: package, specification, recommender jobs."""

    package: str
    specification: str
    status: str
    ids: tuple[tuple[str, str], ...]
    """(recommendation id, instance type) of the recommender's proposals."""


def asynchronous(config: Document) -> AsyncSettings | None:
    """AsyncInferenceConfig of a config document; None when it has none."""
    found = config.get("AsyncInferenceConfig")
    if found is None:
        return None
    output, client = found.get("OutputConfig") or {}, found.get("ClientConfig") or {}
    topics = output.get("NotificationConfig") or {}
    return AsyncSettings(
        output_path=str(output.get("S3OutputPath") or ""),
        failure_path=str(output.get("S3FailurePath") or ""),
        success_topic=str(topics.get("SuccessTopic") or ""),
        error_topic=str(topics.get("ErrorTopic") or ""),
        includes_response=tuple(topics.get("IncludeInferenceResponseIn") or ()),
        max_concurrent=client.get("MaxConcurrentInvocationsPerInstance"),
        kms_key=str(output.get("KmsKeyId") or ""),
    )


def capture(endpoint: Document, config: Document) -> Capture | None:
    """Data capture as it runs where the endpoint reports it, else as configured; None: no capture is configured."""
    wanted, live = config.get("DataCaptureConfig") or {}, endpoint.get("DataCaptureConfig") or {}
    if not wanted and not live:
        return None
    either = {**wanted, **live}
    return Capture(
        is_on=bool(either.get("EnableCapture")),
        status=str(live.get("CaptureStatus") or ""),
        sampling_percent=live.get("CurrentSamplingPercentage", wanted.get("InitialSamplingPercentage")),
        destination=str(either.get("DestinationS3Uri") or ""),
        modes=tuple(str(option.get("CaptureMode")) for option in wanted.get("CaptureOptions") or ()),
        kms_key=str(either.get("KmsKeyId") or ""),
        call=ENDPOINT if live else CONFIG,
    )


def network(config: Document, models: Sequence[Document]) -> Network:
    """VPC and isolation: of the config for endpoints of inference components, else of the models."""
    sources = [(config, CONFIG)] if "VpcConfig" in config or "EnableNetworkIsolation" in config else []
    sources += [(model, MODEL) for model in models]
    vpc: Document = next((s["VpcConfig"] for s, _ in sources if s.get("VpcConfig")), {})
    told = [
        bool(s["EnableNetworkIsolation"]) for s, _ in sources if s.get("EnableNetworkIsolation") is not None
    ]
    return Network(
        subnets=tuple(vpc.get("Subnets") or ()),
        security_groups=tuple(vpc.get("SecurityGroupIds") or ()),
        is_isolated=any(told) if told else None,
        call=sources[0][1] if sources else MODEL,
    )


def observability(endpoint: Document, config: Document) -> Observability:
    """MetricsConfig of the endpoint, else of its config."""
    found = endpoint.get("MetricsConfig") or config.get("MetricsConfig") or {}
    return Observability(
        found.get("EnableEnhancedMetrics"),
        found.get("EnableDetailedObservability"),
        found.get("MetricPublishFrequencyInSeconds"),
    )


def instance_scaling(endpoint: Document, config: Document, variant: str) -> InstanceScaling:
    """Managed instance scaling and routing of a variant."""
    live, wanted = _variant(endpoint, variant), _variant(config, variant)
    scaling = live.get("ManagedInstanceScaling") or wanted.get("ManagedInstanceScaling") or {}
    routing = live.get("RoutingConfig") or wanted.get("RoutingConfig") or {}
    return InstanceScaling(
        status=str(scaling.get("Status") or ""),
        minimum=scaling.get("MinInstanceCount"),
        maximum=scaling.get("MaxInstanceCount"),
        routing=str(routing.get("RoutingStrategy") or ""),
    )


def share(component: Document) -> Share:
    """What each copy of an inference component asks for."""
    specification = component.get("Specification") or {}
    needs = specification.get("ComputeResourceRequirements") or {}
    container = specification.get("Container") or {}
    deployed = container.get("DeployedImage") or {}
    return Share(
        cpu_cores=needs.get("NumberOfCpuCoresRequired"),
        accelerators=needs.get("NumberOfAcceleratorDevicesRequired"),
        memory_min_mb=needs.get("MinMemoryRequiredInMb"),
        memory_max_mb=needs.get("MaxMemoryRequiredInMb"),
        partition=str(needs.get("AcceleratorPartitionType") or ""),
        base=str(specification.get("BaseInferenceComponentName") or ""),
        image=str(deployed.get("SpecifiedImage") or ""),
        failure=str(component.get("FailureReason") or ""),
    )


def recommendation(model: Document) -> Recommendation | None:
    """Model package and Inference Recommender's proposals as DescribeModel reports them; None: neither is there."""
    containers = model.get("Containers") or [model.get("PrimaryContainer") or {}]
    package = next((str(c["ModelPackageName"]) for c in containers if c.get("ModelPackageName")), "")
    specification = next(
        (str(c["InferenceSpecificationName"]) for c in containers if c.get("InferenceSpecificationName")), ""
    )
    found = model.get("DeploymentRecommendation") or {}
    proposals = found.get("RealTimeInferenceRecommendations") or ()
    if not (package or specification or found):
        return None
    return Recommendation(
        package,
        specification,
        str(found.get("RecommendationStatus") or ""),
        tuple((str(p.get("RecommendationId")), str(p.get("InstanceType") or "")) for p in proposals),
    )


def is_for_neo(image: str) -> bool:
    """Whether an image is named as one for compiled models. AWS reports no compilation target on a model.

    Source: Amazon SageMaker AI developer guide, "Inference Container Images" of Neo (sagemaker-neo-…, xgboost-neo),
    read November 2026.
    """
    repository = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    return "neo" in repository.split("-")


def _variant(document: Document, name: str) -> Document:
    rows = [*document.get("ProductionVariants", ()), *document.get("ShadowProductionVariants", ())]
    return next((row for row in rows if row.get("VariantName") == name), {})
