"""A wish held against the newest state, before anything is stored: what the forms show while one types."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fleet.errors import Refusal
from fleet.models import Endpoint, Operation, User
from fleet.operations import (
    guards,
    instance_changes,
    observe,
    schedule_guards,
    schedule_plan,
    split_facts,
    splits,
    unsplits,
)
from fleet.operations.cost_change import CostChange, cost_change
from fleet.operations.kinds import (
    NOTHING_SEEN,
    Change,
    ConcurrencyLedger,
    ConcurrencyWish,
    Context,
    Conversion,
    InstanceOption,
    InstancesChange,
    InstancesWish,
    MemoryWish,
    Observed,
    SplitChange,
    SplitWish,
    UnsplitWish,
    Usage,
    Wish,
)
from fleet.operations.schedules import ScheduleChange, ScheduleWish

CANDIDATES = 6
"""Instance types compared by price under the conversion form: the cheapest that fit."""


@dataclass(frozen=True)
class Draft:
    """A wish held against the newest state: why not, or what it would do. change and cost None when refused."""

    seen: Observed
    context: Context
    refusals: tuple[Refusal, ...]
    change: Change | None = None
    cost: CostChange | None = None
    usage: Usage = NOTHING_SEEN

    @property
    def ledger(self) -> ConcurrencyLedger:
        """Concurrency handed out in the account and region."""
        return self.context.ledger

    @property
    def variant(self) -> str:
        """The variant that is changed."""
        if isinstance(self.change, ScheduleChange | InstancesChange | SplitChange):
            return self.change.spot.variant
        return self.seen.variant

    def version(self) -> dict[str, Any]:
        """What must still hold when the plan is confirmed and carried out."""
        if isinstance(self.change, ScheduleChange):
            return self.seen.version() | {"schedule": self.change.version()}
        if isinstance(self.change, InstancesChange | SplitChange):
            spot = self.change.spot
            return self.seen.version() | {"instance_type": spot.instance_type, "instance_count": spot.level}
        return self.seen.version()


def draft(
    endpoint: Endpoint, wish: Wish, *, actor: User, now: datetime, own: Operation | None = None
) -> Draft:
    """Check a wish and price it; writes nothing. own: the operation under confirmation."""
    seen, context = observe.observe(endpoint), observe.context(endpoint, actor, own=own)
    change: Change | None
    if isinstance(wish, ScheduleWish):
        return _schedule(endpoint, wish, seen, context, now)
    if isinstance(wish, InstancesWish):
        return _instances(endpoint, wish, seen, context, now)
    if isinstance(wish, SplitWish):
        return _split(endpoint, wish, seen, context, now)
    if isinstance(wish, UnsplitWish):
        return _unsplit(endpoint, seen, context, now)
    if isinstance(wish, ConcurrencyWish):
        change, refusals = guards.concurrency(wish, seen, context)
    elif isinstance(wish, MemoryWish):
        change, refusals = guards.memory(wish, seen, context)
    else:
        change, refusals = guards.conversion(wish, seen, context)
    if change is None:
        return Draft(seen, context, tuple(refusals))
    book = observe.price_book(seen.region, endpoint.shard.account_id)
    traffic = observe.traffic(endpoint, seen, now)
    cost = cost_change(change, seen, traffic, book, now=now)
    return Draft(seen, context, (), change, cost, observe.usage(endpoint, seen, traffic))


def _schedule(
    endpoint: Endpoint, wish: ScheduleWish, seen: Observed, context: Context, now: datetime
) -> Draft:
    change, refusals = schedule_guards.schedule(wish, seen, context, now)
    if change is None:
        return Draft(seen, context, tuple(refusals))
    book = observe.price_book(seen.region, endpoint.shard.account_id)
    traffic = observe.traffic(endpoint, replace(seen, variant=change.spot.variant), now)
    cost = schedule_plan.cost_change(change, seen, traffic, book, now=now)
    return Draft(seen, context, (), change, cost)


def _instances(
    endpoint: Endpoint, wish: InstancesWish, seen: Observed, context: Context, now: datetime
) -> Draft:
    change, refusals = instance_changes.check(wish, seen, context)
    if change is None:
        return Draft(seen, context, tuple(refusals))
    book = observe.price_book(seen.region, endpoint.shard.account_id)
    traffic = observe.traffic(endpoint, replace(seen, variant=change.spot.variant), now)
    return Draft(
        seen, context, (), change, instance_changes.cost_change(change, seen, traffic, book, now=now)
    )


def _split(endpoint: Endpoint, wish: SplitWish, seen: Observed, context: Context, now: datetime) -> Draft:
    facts = split_facts.of(endpoint, wish.name.strip())
    change, refusals = splits.check(wish, seen, context, is_taken=facts.is_taken, hosted=facts.hosted)
    if change is None:
        return Draft(seen, context, tuple(refusals))
    book = observe.price_book(seen.region, endpoint.shard.account_id)
    traffic = observe.traffic(endpoint, replace(seen, variant=change.spot.variant), now)
    return Draft(seen, context, (), change, splits.cost_change(change, seen, traffic, book, now=now))


def _unsplit(endpoint: Endpoint, seen: Observed, context: Context, now: datetime) -> Draft:
    change, refusals = unsplits.check(seen, context, split_facts.origin(endpoint, now))
    if change is None:
        return Draft(seen, context, tuple(refusals))
    book = observe.price_book(seen.region, endpoint.shard.account_id)
    traffic = observe.traffic(endpoint, seen, now)
    return Draft(seen, context, (), change, unsplits.cost_change(seen, traffic, book, now=now))


def standing(
    endpoint: Endpoint, actor: User, *, of_schedule: bool = False
) -> tuple[Observed, tuple[Refusal, ...]]:
    """The newest state and why no change can be started at all now (empty: one can)."""
    seen = observe.observe(endpoint)
    check = schedule_guards.standing if of_schedule else guards.standing
    return seen, tuple(check(seen, observe.context(endpoint, actor)))


def standing_of_instances(endpoint: Endpoint, actor: User) -> tuple[Observed, tuple[Refusal, ...]]:
    """The same for a change of the instances that an endpoint runs on."""
    seen = observe.observe(endpoint)
    return seen, tuple(instance_changes.standing(seen, observe.context(endpoint, actor)))


def standing_of_split(endpoint: Endpoint, actor: User) -> tuple[Observed, tuple[Refusal, ...]]:
    """The same for a second endpoint that takes some of the models."""
    seen = observe.observe(endpoint)
    return seen, tuple(splits.standing(seen, observe.context(endpoint, actor)))


def standing_of_unsplit(
    endpoint: Endpoint, actor: User, now: datetime
) -> tuple[Observed, tuple[Refusal, ...]]:
    """The same for deleting what a split made."""
    seen, origin = observe.observe(endpoint), split_facts.origin(endpoint, now)
    return seen, tuple(unsplits.check(seen, observe.context(endpoint, actor), origin)[1])


def ledger_only(endpoint: Endpoint, actor: User) -> Draft:
    """The standing figures of a form nobody has typed into yet."""
    return Draft(observe.observe(endpoint), observe.context(endpoint, actor), ())


@dataclass(frozen=True)
class Choices:
    """Instance types to choose from, and the cheapest fitting ones with their monthly cost."""

    options: tuple[InstanceOption, ...]
    candidates: tuple[tuple[InstanceOption, CostChange], ...]


def conversions(endpoint: Endpoint, seen: Observed, count: str, *, now: datetime) -> Choices:
    """What the endpoint could be converted to. count: as typed; anything but a positive number counts as 1."""
    needed = seen.serverless.memory_mb if seen.serverless else 0
    options = [
        option
        for option in observe.instance_options(endpoint).values()
        if option.memory_mb is None or option.memory_mb >= needed
    ]
    instances = int(count) if count.isascii() and count.isdigit() and 0 < len(count) < 4 else 1
    traffic, book = (
        observe.traffic(endpoint, seen, now),
        observe.price_book(seen.region, endpoint.shard.account_id),
    )
    return Choices(
        tuple(options),
        tuple(
            (option, cost_change(Conversion(option, max(instances, 1)), seen, traffic, book, now=now))
            for option in _cheapest(options)
        ),
    )


def _cheapest(options: Iterable[InstanceOption]) -> list[InstanceOption]:
    """A missing size could be too small, so it is not suggested; nor is what the account may not run at all."""
    fit = [o for o in options if o.memory_mb and o.quota != 0]
    priced = [(o.usd_per_hour, o.name, o) for o in fit if o.usd_per_hour is not None]
    return [option for _, _, option in sorted(priced, key=lambda row: row[:2])[:CANDIDATES]]
