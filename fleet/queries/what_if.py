"""What another capacity would cost an endpoint under its own traffic, and what speaks against it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fleet.costs import compare
from fleet.costs.compare import Comparison
from fleet.costs.traffic import Weekly
from fleet.queries.cost_options import Workplace
from fleet.types import Capacity, Kind, ServerlessCapacity


@dataclass(frozen=True)
class Idea:
    """A capacity somebody thinks of: serverless, or instances; schedule None = on all the time."""

    serverless: ServerlessCapacity | None = None
    instance_type: str = ""
    instance_count: int | None = None
    schedule: Weekly | None = None


@dataclass(frozen=True)
class Answer:
    """The month before and after, and notes on what the figures do not show."""

    comparison: Comparison
    notes: Sequence[str]


def answer(place: Workplace, idea: Idea) -> Answer:
    """The same comparison that operations are previewed with. No query."""
    live = place.site.capacity
    wanted = Capacity(
        live.start,
        None,
        idea.instance_type,
        idea.instance_count,
        live.volume_gb if idea.instance_type == live.instance_type else None,
        idea.serverless,
    )
    stays_async = place.site.kind == Kind.ASYNCHRONOUS and not idea.serverless
    book = place.book.without_plans() if stays_async else place.book
    found = compare.compare(place.site.region, live, wanted, place.traffic, book, schedule=idea.schedule)
    return Answer(found, [*_size_notes(place, idea), *_schedule_notes(place, idea), *_way_notes(place, idea)])


def outside(place: Workplace, schedule: Weekly) -> Decimal | None:
    """Part of the execution seconds (0 to 1) that began outside the schedule; None without any."""
    hours = place.traffic.hours
    total = sum((hour.busy_s for hour in hours), Decimal(0))
    if not total:
        return None
    return sum((hour.busy_s for hour in hours if not schedule.covers(hour.at)), Decimal(0)) / total


def _size_notes(place: Workplace, idea: Idea) -> list[str]:
    peak, used = place.traffic.peak, place.need.used_mb
    size = idea.serverless
    if size is None:
        return []
    found = []
    if peak is not None and peak > size.max_concurrency:
        found.append(
            f"The peak of {peak:,} executions at once is above max concurrency: AWS would throttle calls."
        )
    if used is not None and used > size.memory_mb:
        found.append(f"{used:,} MB are in use in the busiest hour: this memory size does not hold the model.")
    live = place.site.capacity.serverless
    if live and size.memory_mb != live.memory_mb:
        found.append("CPU comes with memory: durations may change, and the figures take them as they are.")
    return found


def _schedule_notes(place: Workplace, idea: Idea) -> list[str]:
    if idea.schedule is None:
        return []
    if idea.serverless:
        if not idea.serverless.provisioned_concurrency:
            return ["Serverless on demand costs nothing between calls: a schedule changes nothing."]
        if idea.schedule.rest is None:
            return ["Outside the schedule one unit stays warm: Application Auto Scaling sets no less."]
        return []
    if idea.schedule.rest:
        return []
    found = [
        "A real-time endpoint keeps at least one instance: outside the schedule it would have to be deleted."
    ]
    if place.site.kind == Kind.ASYNCHRONOUS:
        found = ["Outside the schedule calls wait in the queue."]
    part = outside(place, idea.schedule)
    if part:
        found.append(f"{float(part) * 100:.3g} % of the execution time fell outside these hours.")
    return found


def _way_notes(place: Workplace, idea: Idea) -> list[str]:
    was_serverless = place.site.capacity.serverless is not None
    if was_serverless and not idea.serverless:
        return ["AWS converts serverless to real-time once and never back."]
    if idea.serverless and not was_serverless:
        return ["AWS converts no existing endpoint to serverless: it would be a new endpoint."]
    return []
