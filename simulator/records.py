"""What the simulator remembers about one endpoint, config, model or scaling target."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from simulator.clock import minute_of


@dataclass(frozen=True)
class Capacity:
    """What serves a variant. hosting: serverless | instances; share: permille of the endpoint's requests."""

    hosting: str
    memory_mb: int = 0
    max_concurrency: int = 0
    provisioned: int = 0
    instance_type: str = ""
    instances: int = 0
    volume_gb: int = 0
    share: int = 1000


@dataclass(frozen=True)
class Traffic:
    """Who calls a variant: a model of simulator.traffic and its parameters, as sorted pairs."""

    model: str
    params: tuple[tuple[str, Any], ...] = ()

    def get(self, name: str, default: Any) -> Any:
        """A parameter or its default."""
        return dict(self.params).get(name, default)


@dataclass
class Variant:
    """A production variant as deployed.

    `history` says which capacity served from which minute on, `deployments` in which minutes containers were
    started anew: by a config, not by a change of capacity alone.
    """

    name: str
    model: str
    weight: float
    desired_weight: float
    capacity: Capacity
    desired: Capacity
    traffic: list[tuple[int, Traffic]] = field(default_factory=list)
    history: list[tuple[int, Capacity | None]] = field(default_factory=list)
    deployments: list[int] = field(default_factory=list)
    # The same as `history` to the microsecond, for whoever charges by the second.
    held: list[tuple[datetime, Capacity | None]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    seed: str = ""
    cache: dict[Any, Any] = field(default_factory=dict)

    def deploy(self, capacity: Capacity | None, at: datetime, anew: bool = True) -> None:
        """Record that `capacity` serves from the next full minute (None: nothing serves)."""
        minute = minute_of(at) + (1 if self.history else 0)
        if not self.held or self.held[-1][1] != capacity:
            self.held.append((at, capacity))
        if anew:
            self.deployments.append(minute)
        while self.history and self.history[-1][0] >= minute:
            self.history.pop()
        if anew or self.history[-1][1] != capacity:
            self.history.append((minute, capacity))
        if capacity is not None:
            self.capacity = capacity


@dataclass
class Transition:
    """A change under way. `steps` are (due, status) pairs left; the last one ends it."""

    kind: str
    steps: list[tuple[datetime, str]]
    config_name: str = ""
    capacities: dict[str, Capacity] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    variants: list[Variant] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    fails: bool = False
    reason: str = ""
    started: datetime | None = None


@dataclass
class Endpoint:
    """One endpoint. `pinned` keeps a status for good (demo fleet); `publishes` is False when it never served."""

    name: str
    arn: str
    config_name: str
    status: str
    created: datetime
    modified: datetime
    variants: list[Variant]
    shadows: list[Variant] = field(default_factory=list)
    async_config: dict[str, Any] | None = None
    hosting_kind: str = "real-time"
    failure_reason: str = ""
    reason_until: datetime | None = None
    transition: Transition | None = None
    pinned: bool = False
    deployment_config: dict[str, Any] | None = None
    deleted: datetime | None = None
    story: str = ""
    fail_next: list[str] = field(default_factory=list)
    retired_variants: list[Variant] = field(default_factory=list)


@dataclass
class ScalableTarget:
    """A registered scalable target, its policies and its scheduled actions, as AWS documents."""

    resource_id: str
    dimension: str
    document: dict[str, Any]
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = field(default_factory=dict)


def changed(capacity: Capacity, **changes: Any) -> Capacity:
    """A copy with some fields replaced; None values are ignored."""
    return replace(capacity, **{k: v for k, v in changes.items() if v is not None})
