"""Asking for the forecast of a variant, and working it out: the row is the wish, Celery only the doorbell."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from fleet.analysis.planner import options, schedule, sizes, tracking
from fleet.analysis.planner.draws import Effort
from fleet.analysis.planner.levels import forecast
from fleet.analysis.planner.rates import Tariff
from fleet.analysis.planner.rows import Observation, observe
from fleet.doorbell import ring_after_commit
from fleet.models import MinuteFetch, PlannedForecast, VariantStatus
from fleet.planning import documents, minutes, plans
from fleet.planning.missing import Missing, missing
from fleet.planning.plans import Plan
from fleet.queries import planning as queries
from fleet.queries import prices
from fleet.queries.planning import Inputs
from fleet.types import ServerlessCapacity

TASK = "fleet.plan_variant"
FRESH_FOR = timedelta(hours=6)
"""Two weeks of traffic do not change their shape sooner."""
RING_AGAIN = timedelta(minutes=1)
"""A ring may be lost: whoever still waits after this long rings again."""
TRY_AGAIN = timedelta(hours=1)
"""After an attempt that gave nothing: it would hardly do better at once."""
CLAIM = timedelta(minutes=5)
"""Longer than a task may take."""
TURN_S = 3
"""So soon a forecast tries again that found another one under way."""
TOO_LONG = "Working it out took longer than the four minutes a worker may spend on it."


@dataclass(frozen=True)
class Answer:
    """Where the forecast of a variant stands.

    plan: the newest there is, None where none could be made; is_fresh False: what the variant holds has changed since,
    or it is old, and a new one is on its way (is_waiting). missing: why none can be made. failure: why the last attempt
    gave none. minutes: the fetch of those from before the first reading, None where none was needed.
    """

    plan: Plan | None
    row: PlannedForecast
    is_fresh: bool
    missing: tuple[Missing, ...] = ()
    failure: str = ""
    minutes: MinuteFetch | None = None

    @property
    def is_fetching(self) -> bool:
        """Whether older minutes are on their way, after which a forecast of all of them is worked out."""
        return self.minutes is not None and self.minutes.is_waited_for

    @property
    def is_waiting(self) -> bool:
        return self.is_fetching or self.row.is_waited_for


def ask(variant: VariantStatus, *, now: datetime) -> Answer:
    """The newest answer about a variant. One that is not fresh is asked for anew, once, however many look.

    Minutes that were never read are fetched first: the forecast follows when that has ended, however it ended.
    """
    row, fetch = queries.stored(variant), minutes.stored(variant)
    is_new = row is None
    if row is None:
        row, is_new = PlannedForecast.objects.get_or_create(variant=variant, defaults={"asked_at": now})
    is_lost = row.is_waited_for and not _is_claimed(row, now) and now - row.asked_at >= RING_AGAIN
    is_wanted = is_new or is_lost or (not row.is_waited_for and not _holds(row, variant, fetch, now))
    if is_wanted or (fetch is not None and (fetch.is_waited_for or minutes.is_due(fetch, now))):
        fetch = minutes.ask(variant, fetch, now=now)
    if is_wanted:
        # Of two who look at once, one moves the row on and rings.
        moved = is_new or PlannedForecast.objects.filter(pk=row.pk, asked_at=row.asked_at).update(
            asked_at=now
        )
        row.asked_at = now
        if moved and not (fetch is not None and fetch.is_waited_for):
            ring_after_commit(TASK, row.pk)
    return _answer(row, variant, fetch, now)


def work_out(pk: int, *, clock: Callable[[], datetime], effort: Effort | None = None) -> bool:
    """Answer one wish; False when another worker is at it or nobody waits any more."""
    begun = clock()
    free = Q(claimed_until=None) | Q(claimed_until__lte=begun)
    if not PlannedForecast.objects.filter(free, pk=pk).update(claimed_until=begun + CLAIM):
        return False
    row = PlannedForecast.objects.select_related("variant__endpoint__shard").get(pk=pk)
    found = _worked_out(row, begun, effort) if row.is_waited_for else {}
    PlannedForecast.objects.filter(pk=pk).update(claimed_until=None, **found)
    return bool(found)


def is_another_under_way(pk: int, *, now: datetime) -> bool:
    """Whether a worker is at another forecast: seconds of pure computing, which others need not wait behind."""
    return PlannedForecast.objects.filter(claimed_until__gt=now).exclude(pk=pk).exists()


def give_up(pk: int, why: str, *, now: datetime) -> None:
    """Note that an attempt ended without an answer; the next wish tries again."""
    PlannedForecast.objects.filter(pk=pk).update(claimed_until=None, answered_at=now, failure=why)


def plan_of(row: PlannedForecast) -> Plan | None:
    """The forecast a row holds, None where it holds none."""
    return documents.from_json(row.document)


def _answer(row: PlannedForecast, variant: VariantStatus, fetch: MinuteFetch | None, now: datetime) -> Answer:
    lacks = tuple(Missing(what, takes) for what, takes in row.missing)
    held, live = plan_of(row), queries.capacity_now(variant)
    if held is not None and live is not None:
        held = held.under(live)
    return Answer(held, row, _holds(row, variant, fetch, now), lacks, row.failure, fetch)


def _is_claimed(row: PlannedForecast, now: datetime) -> bool:
    return row.claimed_until is not None and row.claimed_until > now


def _holds(row: PlannedForecast, variant: VariantStatus, fetch: MinuteFetch | None, now: datetime) -> bool:
    """Whether the row's answer still is the answer."""
    if row.answered_at is None or now - row.answered_at >= FRESH_FOR:
        return False
    if fetch is not None and fetch.ended_at is not None and fetch.ended_at > row.answered_at:
        return False
    if row.failure:
        return now - row.answered_at < TRY_AGAIN
    held = plan_of(row)
    if held is None:
        # What is missing may have come with the next hour.
        return bool(row.missing) and now - row.answered_at < timedelta(hours=1)
    live = queries.capacity_now(variant)
    return (
        live is not None and held.is_of(live) and held.of_level(live.provisioned_concurrency or 0) is not None
    )


def _worked_out(row: PlannedForecast, now: datetime, effort: Effort | None) -> dict[str, Any]:
    """The fields of the row that hold the answer."""
    variant = row.variant
    found, live = queries.inputs(variant, now), queries.capacity_now(variant)
    seen = _observed(found) if found is not None and found.hours > 0 else None
    lacks = missing(found, seen)
    if found is None or seen is None or live is None or lacks:
        told = [[one.what, one.takes] for one in lacks]
        return {"answered_at": now, "missing": told, "failure": "", "digest": "", **_kept(None)}
    shard = variant.endpoint.shard
    book = prices.book(shard.region, account=shard.account_id)
    digest = _digest(found, live, prices.book_digest(book))
    answered: dict[str, Any] = {"answered_at": now, "computed_at": now, "missing": [], "failure": ""}
    if digest == row.digest and plan_of(row) is not None:
        return answered
    tariff = Tariff(book, shard.region, live.memory_mb)
    held = _plan(seen, live, tariff, digest, effort, _sizes(variant, found, tariff))
    window = {"window_start": found.start, "window_end": found.end}
    return answered | window | {"digest": digest} | _kept(held)


def _kept(held: Plan | None) -> dict[str, Any]:
    """A plan with its first step beside it, which lists read without the plan."""
    step, today = (held.first_step, held.today) if held is not None else (None, None)
    found = options.avoided(step, today) if step is not None and today is not None else None
    return {
        "document": documents.to_json(held) if held is not None else {},
        "step_level": step.level if step is not None else None,
        "step_usd": found.usd if found is not None else None,
        "step_avoided": found.cold if found is not None else None,
    }


def _observed(found: Inputs) -> Observation:
    return observe(
        found.rows, found.capacities, found.start, found.end, publishes_setups=found.publishes_setups
    )


def _plan(
    seen: Observation,
    live: ServerlessCapacity,
    tariff: Tariff,
    digest: str,
    effort: Effort | None,
    compared: sizes.Comparison,
) -> Plan | None:
    """The forecast of what was seen; the digest of its inputs is the seed, so that it can be worked out again."""
    found = forecast(seen, tariff, int(digest[:8], 16), effort=effort)
    if found is None:
        return None
    curve = options.frontier(options.of_levels(found, live.provisioned_concurrency or 0))
    weekly = schedule.find(seen, found, tariff, schedule.values(curve), most=live.max_concurrency)
    followed = tracking.find(seen, found, tariff, most=live.max_concurrency)
    return plans.plan(seen, live, found, plans.Found(weekly, followed, compared))


def _sizes(variant: VariantStatus, found: Inputs, tariff: Tariff) -> sizes.Comparison:
    """The memory sizes of the variant's longer history, told by hours."""
    history = queries.history(variant, found.end)
    return sizes.compare(
        history.rows,
        history.capacities,
        history.start,
        history.end,
        lambda size: replace(tariff, memory_mb=size),
    )


def _digest(found: Inputs, live: ServerlessCapacity, book: str) -> str:
    told = hashlib.sha256(f"{documents.VERSION} {found.start} {found.end} {live} {book}".encode())
    told.update(repr((found.capacities, found.publishes_setups)).encode())
    for row in found.rows:
        told.update(repr((row.at, row.period_s, *row.values.values())).encode())
    return told.hexdigest()
