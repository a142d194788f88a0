"""Quotas on endpoints: which row of Service Quotas limits what, and AWS's documented defaults. Pure.

Source: Amazon SageMaker AI developer guide, "Serverless Inference: feature exclusions and quotas", read November 2026.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

TOTAL_CONCURRENCY = "Maximum total concurrency that can be allocated across all serverless endpoints"
"""The quota's name in Service Quotas."""
ENDPOINTS = "Maximum number of serverless endpoints"
DOCUMENTED = "Documented default: SageMaker AI developer guide, Serverless Inference quotas (read 2026-11-21)"
MAX_ENDPOINTS = 50

_LARGE_REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "eu-central-1",
    "eu-west-1",
)
_SMALL_REGIONS = (
    "us-west-1",
    "af-south-1",
    "ap-east-1",
    "ap-south-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ca-central-1",
    "eu-west-2",
    "eu-west-3",
    "eu-south-1",
    "eu-north-1",
    "me-south-1",
    "sa-east-1",
)
_CONCURRENCY = dict.fromkeys(_LARGE_REGIONS, 1000) | dict.fromkeys(_SMALL_REGIONS, 500)


CONCURRENCY = "serverless-concurrency"
PROVISIONED = "provisioned-concurrency"
SERVERLESS_ENDPOINTS = "serverless-endpoints"
ALL_ENDPOINTS = "endpoints"
INSTANCES = "instances:"
"""Subjects: what a quota limits. An instance type follows the last one: "instances:ml.m5.large"."""
INSTANCES_ENDING = " for endpoint usage"
"""Service Quotas names the quota of a type "ml.m5.large for endpoint usage"."""


class _Row(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def value(self) -> float: ...


Row = TypeVar("Row", bound=_Row)


def documented_concurrency(region: str) -> int | None:
    """Concurrency that all serverless endpoints of an account may hold in a region; None outside AWS's table."""
    return _CONCURRENCY.get(region)


def documented(region: str) -> dict[str, int]:
    """Subject to the default AWS documents for a region; empty outside AWS's table."""
    concurrency = documented_concurrency(region)
    return {} if concurrency is None else {CONCURRENCY: concurrency, SERVERLESS_ENDPOINTS: MAX_ENDPOINTS}


def documented_regions() -> tuple[str, ...]:
    """The regions of AWS's table."""
    return tuple(_CONCURRENCY)


def subject_of(name: str) -> str:
    """What a quota's name in Service Quotas limits, "" when the mirror counts nothing against it."""
    text = name.lower()
    if name.endswith(INSTANCES_ENDING):
        return INSTANCES + name.removesuffix(INSTANCES_ENDING)
    if is_total_concurrency(name):
        return CONCURRENCY
    if all(word in text for word in ("total", "provisioned", "concurrency")) and "per " not in text:
        return PROVISIONED
    if is_endpoint_count(name):
        return SERVERLESS_ENDPOINTS
    return ALL_ENDPOINTS if text == "number of endpoints" else ""


def is_total_concurrency(name: str) -> bool:
    """Whether a quota's name means the concurrency all serverless endpoints of a region hold together.

    There are namesakes: the concurrency per endpoint, and the provisioned concurrency of all endpoints.
    """
    text = name.lower()
    return (
        all(word in text for word in ("total", "concurrency", "serverless"))
        and "provisioned" not in text
        and "per " not in text
    )


def is_endpoint_count(name: str) -> bool:
    """Whether a quota's name means the number of serverless endpoints in a region."""
    text = name.lower()
    return all(word in text for word in ("number", "serverless", "endpoints")) and "provisioned" not in text


def total_concurrency(rows: Iterable[Row]) -> Row | None:
    """The row of the total concurrency among a region's quotas: the lowest, should two match; None without one."""
    found = [row for row in rows if is_total_concurrency(row.name)]
    return min(found, key=lambda row: (row.value, row.name), default=None)
