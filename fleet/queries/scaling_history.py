"""What Application Auto Scaling did: for costs the levels of every variant over time, for pages each activity."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery

from fleet.costs.levels import FOREVER, Scaled, Step, over_time
from fleet.costs.periods import Window, uncovered
from fleet.models import CapacityPeriod, Endpoint, ScalingActivity, ScalingHistory, Shard
from fleet.queries.scaling_order import INSTANCES, PROVISIONED
from fleet.queries.scaling_words import UNITS
from fleet.types import Capacity, ServerlessCapacity

LISTED = 50
"""As many activities of an endpoint are listed at most."""

Variant = tuple[int, str]
"""An endpoint's id and the name of one of its variants."""

_LEVELS = ScalingActivity.objects.filter(
    status=ScalingActivity.SUCCESSFUL, to_level__isnull=False, ended_at__isnull=False
)


@dataclass(frozen=True)
class ActivityRow:
    """One activity. before: the level held when it began, after: the level it was to bring; None = not known.

    cause and message are AWS's words.
    """

    begun_at: datetime
    ended_at: datetime | None
    variant_name: str
    resource_id: str
    dimension: str
    before: int | None
    after: int | None
    status: str
    cause: str
    message: str
    description: str

    @property
    def is_done(self) -> bool:
        return self.status == ScalingActivity.SUCCESSFUL

    @property
    def unit(self) -> str:
        """What scaled, in words."""
        return UNITS.get(self.dimension, self.dimension)

    @property
    def took_s(self) -> float | None:
        return (self.ended_at - self.begun_at).total_seconds() if self.ended_at else None


@dataclass(frozen=True)
class Activities:
    """The newest activities of an endpoint, newest first. until: how far they are read, None: never."""

    rows: list[ActivityRow]
    until: datetime | None
    has_more: bool


def of_shard(shard: Shard, *, since: datetime) -> dict[Variant, list[Scaled]]:
    """What scaled each variant of a shard, right from `since` on. One query, another where anything scales."""
    return _scaled(ScalingHistory.objects.filter(endpoint__shard=shard), since)


def levels_of(endpoint: Endpoint, *, since: datetime) -> dict[Variant, list[Scaled]]:
    """What scaled each variant of one endpoint, right from `since` on. One query, another where anything scales."""
    return _scaled(ScalingHistory.objects.filter(endpoint=endpoint), since)


def of_endpoint(endpoint: Endpoint) -> Activities:
    """The newest activities of one endpoint with the levels between which each went. One query, two if it has none."""
    found = ScalingActivity.objects.filter(history__endpoint=endpoint).select_related("history")
    stored = list(found.annotate(**_before()).order_by("-begun_at", "-id")[: LISTED + 1])
    if not stored:
        until = endpoint.scaling_histories.aggregate(until=Max("read_until"))["until"]
        return Activities([], until, False)
    read = [row.history.read_until for row in stored if row.history.read_until is not None]
    rows = [_row(activity, endpoint.first_seen_at) for activity in stored[:LISTED]]
    return Activities(rows, max(read, default=None), len(stored) > LISTED)


def capacity(period: CapacityPeriod) -> Capacity:
    """A stored period as the cost functions take it."""
    serverless = None
    if period.memory_mb is not None:
        serverless = ServerlessCapacity(
            period.memory_mb, period.max_concurrency or 0, period.provisioned_concurrency
        )
    return Capacity(
        start=period.start,
        end=period.end,
        instance_type="" if serverless else period.instance_type,
        instance_count=period.instance_count,
        volume_gb=period.volume_gb,
        serverless=serverless,
        is_inferred=period.is_inferred,
    )


def laid(capacities: Iterable[Capacity], scaled: Iterable[Scaled]) -> tuple[Capacity, ...]:
    """A variant's capacity with the levels of everything that scaled it."""
    found = tuple(capacities)
    for each in scaled:
        found = over_time(found, each)
    return found


def _scaled(histories: QuerySet[ScalingHistory], since: datetime) -> dict[Variant, list[Scaled]]:
    before = _LEVELS.filter(history=OuterRef("pk"), ended_at__lt=since).order_by("-ended_at", "-id")
    rows = list(
        histories.filter(dimension__in=(INSTANCES, PROVISIONED))
        .annotate(
            found_at=F("endpoint__first_seen_at"),
            before_at=Subquery(before.values("ended_at")[:1]),
            before_level=Subquery(before.values("to_level")[:1]),
        )
        .order_by("pk")
    )
    if not rows:
        return {}
    steps: dict[int, list[Step]] = defaultdict(list)
    later = _LEVELS.filter(history__in=rows, ended_at__gte=since).order_by("ended_at", "id")
    for pk, at, level in later.values_list("history_id", "ended_at", "to_level"):
        if at is not None and level is not None:
            steps[pk].append(Step(at, level))
    found: dict[Variant, list[Scaled]] = defaultdict(list)
    for row in rows:
        first = [Step(row.before_at, row.before_level)] if row.before_at else []
        is_provisioned = row.dimension == PROVISIONED
        # Instance time comes from CPU samples: only provisioned concurrency rests on what was read.
        unread = _unread(row) if is_provisioned else ()
        found[row.endpoint_id, row.variant_name].append(
            Scaled(is_provisioned, row.found_at, (*first, *steps[row.pk]), unread)
        )
    return found


def _unread(row: ScalingHistory) -> tuple[Window, ...]:
    if row.target_since is None:
        return ()
    there = Window(row.target_since, max(row.target_since, row.closed_at or FOREVER))
    read = [Window(row.read_from, row.read_until)] if row.read_from and row.read_until else []
    return tuple(uncovered(read, there))


def _before() -> dict[str, Subquery]:
    """What was held when an activity began, as observed, and the level that the last one before it brought about."""
    held = CapacityPeriod.objects.filter(
        Q(end=None) | Q(end__gt=OuterRef("begun_at")),
        variant__endpoint=OuterRef("history__endpoint"),
        variant__name=OuterRef("history__variant_name"),
        start__lte=OuterRef("begun_at"),
    ).order_by("-start")
    past = _LEVELS.filter(history=OuterRef("history"), ended_at__lte=OuterRef("begun_at"))
    step = past.order_by("-ended_at", "-id")
    return {
        "held_from": Subquery(held.values("start")[:1]),
        "held_inferred": Subquery(held.values("is_inferred")[:1]),
        "held_instances": Subquery(held.values("instance_count")[:1]),
        "held_warm": Subquery(held.values("provisioned_concurrency")[:1]),
        "step_at": Subquery(step.values("ended_at")[:1]),
        "step_level": Subquery(step.values("to_level")[:1]),
    }


def _level_before(activity: Any, found_at: datetime) -> int | None:
    """As fleet.costs.levels lays levels over what was observed, at the instant the activity began."""
    dimension = activity.history.dimension
    step: int | None = activity.step_level
    if dimension not in (INSTANCES, PROVISIONED):
        return step
    if activity.held_from is None:
        return None
    held: int | None = activity.held_instances if dimension == INSTANCES else activity.held_warm or 0
    is_found = (
        activity.held_inferred and activity.step_at and activity.step_at <= found_at < activity.begun_at
    )
    has_step = activity.step_at is not None and activity.step_at > activity.held_from and not is_found
    return step if has_step else held


def _row(activity: ScalingActivity, found_at: datetime) -> ActivityRow:
    history = activity.history
    return ActivityRow(
        begun_at=activity.begun_at,
        ended_at=activity.ended_at,
        variant_name=history.variant_name,
        resource_id=history.resource_id,
        dimension=history.dimension,
        before=_level_before(activity, found_at),
        after=activity.to_level,
        status=activity.status,
        cause=activity.cause,
        message=activity.status_message,
        description=activity.description,
    )
