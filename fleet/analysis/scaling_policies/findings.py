"""What the scaling linter says: findings with their source and their way out, and what it could not judge. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Rule(StrEnum):
    """What is looked for; the value is stored and stands in URLs."""

    ZERO_TRAP = "zero-trap"
    PAID_WHILE_EMPTY = "paid-while-empty"
    SHORT_COOLDOWN = "short-cooldown"
    OUTSIDE_BOUNDS = "outside-bounds"
    POLICY_CONFLICT = "policy-conflict"
    LEFT_BEHIND = "left-behind"
    CANNOT_DEREGISTER = "cannot-deregister"
    WARM_UNUSED = "warm-unused"
    ZERO_NOT_ALLOWED = "zero-not-allowed"


LABELS: Mapping[Rule, str] = {
    Rule.ZERO_TRAP: "Nothing wakes it from 0",
    Rule.PAID_WHILE_EMPTY: "Paid while empty",
    Rule.SHORT_COOLDOWN: "Cool-down shorter than the work",
    Rule.OUTSIDE_BOUNDS: "Level outside the bounds",
    Rule.POLICY_CONFLICT: "Policies in conflict",
    Rule.LEFT_BEHIND: "Target left behind",
    Rule.CANNOT_DEREGISTER: "Deleting would fail",
    Rule.WARM_UNUSED: "Kept warm without traffic",
    Rule.ZERO_NOT_ALLOWED: "Minimum of 0 where 1 is lowest",
}


class Severity(StrEnum):
    """How much it matters, the gravest first."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Source:
    """A public page that the rule rests on. read: when, or the page's own date."""

    title: str
    url: str
    read: str


@dataclass(frozen=True)
class Proposal:
    """An operation that would settle it. operation: the slug of its kind; fields: first values of its form."""

    label: str
    operation: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Call:
    """A call to AWS that would settle it and that no operation makes: service, action and its exact request."""

    service: str
    action: str
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One rule that one capacity breaks.

    title and why: plain words built from figures. facts: (label, value) that they rest on. saving: most USD a month of
    730 h that settling it saves, None = nothing, or not known. proposal: None where no operation settles it.
    """

    rule: Rule
    severity: Severity
    title: str
    why: str
    source: Source
    facts: tuple[tuple[str, str], ...] = ()
    saving: Decimal | None = None
    proposal: Proposal | None = None
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Missing:
    """A rule that could not be judged: what is not known, and what it would take."""

    rule: Rule
    text: str


@dataclass(frozen=True)
class Report:
    """Everything that was found of one capacity."""

    findings: tuple[Finding, ...] = ()
    missing: tuple[Missing, ...] = field(default=())


_GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg"
_API = "https://docs.aws.amazon.com/autoscaling/application/APIReference"
ASYNC_SCALING = Source(
    "Amazon SageMaker developer guide, “Autoscale an asynchronous endpoint”",
    f"{_GUIDE}/async-inference-autoscale.html",
    "read November 2026",
)
ZERO_INSTANCES = Source(
    "Amazon SageMaker developer guide, “Scale an endpoint to zero instances”",
    f"{_GUIDE}/endpoint-auto-scaling-zero-instances.html",
    "read November 2026",
)
PREREQUISITES = Source(
    "Amazon SageMaker developer guide, “Auto scaling prerequisites”",
    f"{_GUIDE}/endpoint-auto-scaling-prerequisites.html",
    "read November 2026",
)
SERVERLESS_SCALING = Source(
    "Amazon SageMaker developer guide, “Automatically scale Provisioned Concurrency for a serverless endpoint”",
    f"{_GUIDE}/serverless-endpoints-autoscale.html",
    "read November 2026",
)
DELETING = Source(
    "Amazon SageMaker developer guide, “Delete endpoints configured for auto scaling”",
    f"{_GUIDE}/endpoint-delete-with-scaling.html",
    "read November 2026",
)
PUT_POLICY = Source(
    "Application Auto Scaling API reference, PutScalingPolicy",
    f"{_API}/API_PutScalingPolicy.html",
    "botocore 1.44.5",
)
REGISTER = Source(
    "Application Auto Scaling API reference, RegisterScalableTarget",
    f"{_API}/API_RegisterScalableTarget.html",
    "botocore 1.44.5",
)
DEREGISTER = Source(
    "Application Auto Scaling API reference, DeregisterScalableTarget",
    f"{_API}/API_DeregisterScalableTarget.html",
    "botocore 1.44.5",
)
