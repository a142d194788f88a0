"""What a transform job's settings say against it: AWS's documented limits and what AWS advises. Pure.

Sources: API CreateTransformJob, TransformInput and ModelClientConfig; developer guide page "Batch transform for
inference" (batch-transform); all read 2026-11-21.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

API = "API CreateTransformJob"
GUIDE = 'developer guide, "Batch transform for inference"'
MAX_PAYLOAD_MB = 100
DEFAULT_PAYLOAD_MB = 6
LONGEST_CALL_S = 3600
SPLITTING = frozenset({"Line", "RecordIO", "TFRecord"})


class Weight(StrEnum):
    """WASTE: paid for and not used; DOUBT: the setting does not do what its words say; LIMIT: at AWS's bound."""

    WASTE = "waste"
    DOUBT = "doubt"
    LIMIT = "limit"


@dataclass(frozen=True)
class Hint:
    """One thing about one setting: what is so, what to do, and who says it."""

    setting: str
    weight: Weight
    text: str
    advice: str
    source: str


def hints(document: Mapping[str, Any], vcpus: int | None) -> list[Hint]:
    """What stands out in DescribeTransformJob's document. vcpus: of the instance type, None when not known.

    Only settings that AWS reported are judged; an empty document has no hint.
    """
    if not document:
        return []
    found = [
        _payload(document),
        _strategy(document),
        _idle_workers(document, vcpus),
        _idle_instances(document),
        _patience(document),
    ]
    return [hint for hint in found if hint is not None]


def _payload(document: Mapping[str, Any]) -> Hint | None:
    payload = document.get("MaxPayloadInMB")
    concurrent = document.get("MaxConcurrentTransforms") or 1
    if payload is None or payload * concurrent <= MAX_PAYLOAD_MB:
        return None
    return Hint(
        "MaxPayloadInMB",
        Weight.LIMIT,
        f"{concurrent} parallel requests of up to {payload} MB are {payload * concurrent} MB; "
        f"AWS allows {MAX_PAYLOAD_MB} MB together.",
        "Lower MaxPayloadInMB to just above the largest record, or send fewer requests at once.",
        API,
    )


def _strategy(document: Mapping[str, Any]) -> Hint | None:
    split = (document.get("TransformInput") or {}).get("SplitType") or "None"
    if document.get("BatchStrategy") != "MultiRecord" or split in SPLITTING:
        return None
    return Hint(
        "BatchStrategy",
        Weight.DOUBT,
        "MultiRecord has no effect: SplitType is None, so every request carries a whole input object.",
        "Set SplitType to Line, RecordIO or TFRecord to have records put together up to MaxPayloadInMB.",
        API,
    )


def _idle_workers(document: Mapping[str, Any], vcpus: int | None) -> Hint | None:
    concurrent = document.get("MaxConcurrentTransforms")
    if concurrent != 1 or vcpus is None or vcpus <= 1:
        return None
    return Hint(
        "MaxConcurrentTransforms",
        Weight.WASTE,
        f"One request at a time on an instance with {vcpus} vCPUs.",
        "AWS advises as many parallel requests as the container has workers; 0 asks the container itself.",
        GUIDE,
    )


def _idle_instances(document: Mapping[str, Any]) -> Hint | None:
    count = (document.get("TransformResources") or {}).get("InstanceCount") or 1
    source = ((document.get("TransformInput") or {}).get("DataSource") or {}).get("S3DataSource") or {}
    name = str(source.get("S3Uri") or "").rpartition("/")[2]
    if count <= 1 or source.get("S3DataType") != "S3Prefix" or "." not in name:
        return None
    return Hint(
        "InstanceCount",
        Weight.WASTE,
        f"{count} instances, but the input looks like one object ({name}): one instance works and the others idle.",
        "Input is shared out by object: cut it into at least as many objects as there are instances.",
        GUIDE,
    )


def _patience(document: Mapping[str, Any]) -> Hint | None:
    timeout = (document.get("ModelClientConfig") or {}).get("InvocationsTimeoutInSeconds")
    if timeout is None or timeout < LONGEST_CALL_S:
        return None
    return Hint(
        "InvocationsTimeoutInSeconds",
        Weight.LIMIT,
        f"Each request may take {timeout} s, the most AWS allows: a stuck container is paid for that long, per retry.",
        "Send smaller payloads and set the longest time that one really needs.",
        "API ModelClientConfig",
    )
