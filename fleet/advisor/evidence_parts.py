"""Parts of an endpoint's evidence that other calculations hand over: cache, planner, linter, co-hosting. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from fleet.analysis.cache import Verdict


@dataclass(frozen=True)
class Machine:
    """An instance type. gpus 0 = none, None = not known how many; usd_hour: its on-demand price.

    newer: a later generation of the same family and size that the region sells, "" = none; newer_usd_hour its price.
    """

    name: str
    memory_mb: int | None = None
    vcpus: int | None = None
    gpus: int | None = None
    has_local_disk: bool = False
    usd_hour: Decimal | None = None
    newer: str = ""
    newer_usd_hour: Decimal | None = None
    smaller: str = ""
    smaller_memory_mb: int | None = None
    smaller_usd_hour: Decimal | None = None


@dataclass(frozen=True)
class CacheChange:
    """One change of a multi-model endpoint as the cache forecast prices it. what: "larger instance"…, to: the type.

    usd_change: USD a month more (negative: less); hit_ratio 0 to 1, forecast; None = not known.
    """

    what: str
    to: str
    hit_ratio: float | None = None
    hit_ratio_low: float | None = None
    usd_change: Decimal | None = None


@dataclass(frozen=True)
class CacheUse:
    """Model cache of a multi-model variant. hosted_models: None while nobody said or listed how many there are.

    wait_share: part of all latency spent waiting for loads; download_share: part of loading spent downloading, 0 to 1.
    """

    verdict: Verdict
    hit_ratio: float | None = None
    unloads_per_hour: float | None = None
    loaded_models: float | None = None
    hosted_models: int | None = None
    never_called: int | None = None
    wait_share: float | None = None
    download_share: float | None = None
    is_caching_off: bool | None = None
    changes: tuple[CacheChange, ...] = ()


@dataclass(frozen=True)
class LevelPlan:
    """What the cold-start planner suggests. avoided: cold starts a month fewer; usd_change: USD a month more.

    form: "level", "target" or "schedule"; level: units kept warm, None = by the schedule. cold_today, cold_then: cold
    starts a month, as ranges. operation, fields: the form that applies it, "" = a level's own, or its page.
    is_worth_it False = the planner says that nothing pays.
    """

    form: str
    level: int | None
    usd_change: Decimal | None
    avoided: float | None = None
    cold_today: tuple[float, float] | None = None
    cold_then: tuple[float, float] | None = None
    sentence: str = ""
    is_worth_it: bool = True
    operation: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Lint:
    """One finding of the scaling linter, in its words. rule: its slug; severity "critical", "warning" or "note"."""

    rule: str
    severity: str
    sentence: str
    remedy: str = ""
    operation: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    usd_saving: Decimal | None = None


@dataclass(frozen=True)
class Policy:
    """A scaling policy. metric: its metric's name; wakes: whether it starts the first instance for a backlog."""

    name: str
    policy_type: str
    metric: str = ""
    target: float | None = None
    wakes: bool = False


@dataclass(frozen=True)
class Target:
    """A registered scalable target with its range, policies, and how many scheduled actions it has."""

    dimension: str
    minimum: int
    maximum: int
    policies: tuple[Policy, ...] = ()
    scheduled: int = 0


@dataclass(frozen=True)
class Scaling:
    """How it is scaled. targets None = not read from Application Auto Scaling; () = read, and there is none.

    changes_per_day: how often scaling changed the capacity; reversals_per_day: out and back within an hour. lint: what
    the scaling linter found.
    """

    targets: tuple[Target, ...] | None = None
    changes_per_day: float | None = None
    reversals_per_day: float | None = None
    lint: tuple[Lint, ...] = ()

    @property
    def provisioned(self) -> Target | None:
        """The target of the provisioned concurrency; None also while targets were not read."""
        return self._of("DesiredProvisionedConcurrency")

    @property
    def instances(self) -> Target | None:
        """The target of the instance count; None also while targets were not read."""
        return self._of("DesiredInstanceCount")

    def _of(self, ending: str) -> Target | None:
        return next((each for each in self.targets or () if each.dimension.endswith(ending)), None)


@dataclass(frozen=True)
class CoHosts:
    """Endpoints that could share one with this one. is_same_image: one multi-model endpoint; else several containers.

    usd_today and usd_together: this endpoint's part of a month, so that members' savings add up; saving_low: the least
    of it, None = as the two say. instance_type and count: of the shared endpoint; missing: what a person has to check.
    """

    members: tuple[str, ...]
    is_same_image: bool
    instance_type: str = ""
    instance_count: int | None = None
    usd_today: Decimal | None = None
    usd_together: Decimal | None = None
    saving_low: Decimal | None = None
    hit_ratio: float | None = None
    memory_mb: int | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuotaLeft:
    """What the account may still use in the region. concurrency_*: over all serverless endpoints, as configured."""

    concurrency_used: int | None = None
    concurrency_limit: int | None = None
    endpoints_used: int | None = None
    endpoints_limit: int | None = None
    instances_used: int | None = None
    instances_limit: int | None = None


@dataclass(frozen=True)
class Queue:
    """The queue of an asynchronous endpoint over the window. *_topic: whether it tells SNS of each result."""

    backlog_max: float | None = None
    age_max_s: float | None = None
    expired: float | None = None
    processing_s_p95: float | None = None
    has_success_topic: bool | None = None
    has_error_topic: bool | None = None


@dataclass(frozen=True)
class Deployment:
    """How updates reach it. traffic: "ALL_AT_ONCE", "CANARY", "LINEAR", "ROLLING"; alarms: of the automatic rollback.

    updates: in the window, failed: of them those that failed or were rolled back.
    """

    traffic: str = ""
    alarms: int | None = None
    updates: int | None = None
    failed: int | None = None


@dataclass(frozen=True)
class Recommendation:
    """A measured result for the same model on an instance type. source: who measured, as "Inference Recommender"."""

    instance_type: str
    latency_ms: float | None = None
    max_calls_per_minute: float | None = None
    usd_hour: Decimal | None = None
    usd_per_1000: Decimal | None = None
    source: str = ""


@dataclass(frozen=True)
class Stage:
    """One container of a pipeline or a multi-container endpoint. latency_ms and cpu: means over the window.

    hours: of the window, in which its calls are known. is_direct: callers name it, it is no step of a pipeline.
    """

    name: str
    latency_ms: float | None = None
    calls: float | None = None
    cpu: float | None = None
    hours: int = 0
    is_direct: bool = False


@dataclass(frozen=True)
class Application:
    """Endpoints that one application uses together. others: their names.

    calls_together: correlation of the hourly calls, -1 to 1, None = not worked out.
    """

    name: str
    others: tuple[str, ...] = ()
    calls_together: float | None = None
