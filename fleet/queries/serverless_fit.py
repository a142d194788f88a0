"""What serverless hosting excludes, held against an endpoint: what blocks it, and what leaving it would open. Pure.

Source: Amazon SageMaker AI developer guide, "Deploy models with Amazon SageMaker Serverless Inference", feature
exclusions (serverless-endpoints), read November 2026.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fleet.instance_types import has_gpu
from fleet.queries import hosting

Document = Mapping[str, Any]
SOURCE = "SageMaker AI developer guide, Serverless Inference, feature exclusions"


class Use(StrEnum):
    """Whether an endpoint uses a feature; CANNOT_TELL: no call that Flotilla makes reports it."""

    USED = "used"
    NOT_USED = "not used"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Exclusion:
    """One feature serverless has not. evidence: where it shows, or why it cannot be told; call: what reports it."""

    feature: str
    use: Use
    evidence: str
    call: str


def exclusions(config: Document, models: Sequence[Document], *, is_complete: bool = True) -> list[Exclusion]:
    """The ten features in AWS's order. is_complete: every model the config names could be read."""
    variants = list(config.get("ProductionVariants", ()))
    containers = [c for model in models for c in _containers(model)]
    knows = is_complete and bool(models)
    network = hosting.network(config, models)
    return [
        _gpu(variants),
        _told("Marketplace model packages", None, "only DescribeModelPackage tells, which is not read", hosting.MODEL),
        _seen("Private Docker registries", [c["Image"] for c in containers if _is_private(c)], knows, hosting.MODEL),
        _seen("Multi-model endpoints", ["Mode MultiModel" for c in containers if c.get("Mode") == "MultiModel"], knows,
              hosting.MODEL),
        _seen("VPC configuration", list(network.subnets), knows, network.call),
        _seen("Network isolation", ["EnableNetworkIsolation"] if network.is_isolated else [], knows, network.call),
        _capture(config),
        _told("Multiple production variants", len(variants) > 1, f"{len(variants)} in the config", hosting.CONFIG),
        _told("Model Monitor", None, "monitoring schedules are not read", "sagemaker:ListMonitoringSchedules"),
        _seen("Inference pipelines", [f"{len(_containers(m))} containers" for m in models if len(_containers(m)) > 1],
              knows, hosting.MODEL),
    ]  # fmt: skip


def _gpu(variants: Sequence[Document]) -> Exclusion:
    types = [str(v["InstanceType"]) for v in variants if v.get("InstanceType")]
    with_gpu = [name for name in types if has_gpu(name)]
    return _told("GPUs", bool(with_gpu), ", ".join(with_gpu or types) or "no instance type", hosting.CONFIG)


def _capture(config: Document) -> Exclusion:
    found = hosting.capture({}, config)
    words = "DataCaptureConfig, switched off" if found and not found.is_on else "DataCaptureConfig"
    return _told(
        "Data capture", found is not None, words if found else "no DataCaptureConfig", hosting.CONFIG
    )


def _told(feature: str, is_used: bool | None, evidence: str, call: str) -> Exclusion:
    use = Use.CANNOT_TELL if is_used is None else (Use.USED if is_used else Use.NOT_USED)
    return Exclusion(feature, use, evidence, call)


def _seen(feature: str, marks: Sequence[str], knows: bool, call: str) -> Exclusion:
    """USED by any mark; without one NOT_USED only when everything that could carry it was read."""
    if marks:
        return Exclusion(feature, Use.USED, marks[0], call)
    if not knows:
        return Exclusion(feature, Use.CANNOT_TELL, "a model of the config was not read", call)
    return Exclusion(feature, Use.NOT_USED, "no mark of it", call)


def _is_private(container: Document) -> bool:
    image = container.get("ImageConfig") or {}
    return bool(container.get("Image")) and image.get("RepositoryAccessMode") == "Vpc"


def _containers(model: Document) -> list[Document]:
    return list(
        model.get("Containers") or ([model["PrimaryContainer"]] if model.get("PrimaryContainer") else [])
    )
