"""A variant's life as segments of constant traffic and capacity, and sums over any minutes of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from simulator.clock import minute_of
from simulator.records import Capacity, Endpoint, Traffic, Variant
from simulator.serving import Serving, ServingKey, canonical, serving
from simulator.traffic import DAY, seed_class

FOREVER = 1 << 40


@dataclass(frozen=True)
class Segment:
    """Minutes [start, end) under one capacity and one traffic phase.

    begun: when its containers were started; for a queue, when this capacity began to work it off.
    """

    start: int
    end: int
    shape: str
    capacity: Capacity
    traffic: Traffic
    since: int
    begun: int
    seed: int

    def day(self, day: int) -> Serving:
        """The serving arrays of one UTC day of this segment."""
        born = self.begun - day * DAY if day * DAY <= self.begun < (day + 1) * DAY else None
        key = ServingKey(
            shape=self.shape,
            traffic=self.traffic,
            seed=self.seed,
            capacity=self.capacity,
            day=day,
            since_day=self.since // DAY,
            share=self.capacity.share,
            born=born,
        )
        return serving(canonical(key))


@dataclass(frozen=True)
class View:
    """How a series differs from its variant's: one container's or component's part of the requests."""

    share: int = 1000
    latency_share: float = 1.0
    shape: str = ""


def shape_of(endpoint: Endpoint, capacity: Capacity) -> str:
    """The metric family of an endpoint while it has a capacity."""
    if capacity.hosting == "serverless":
        return "serverless"
    return "async" if endpoint.async_config else endpoint.hosting_kind


class Series:
    """All segments of one variant, in time order; idle gaps are left out."""

    def __init__(self, segments: list[Segment]):
        self.segments = segments
        self._starts = [segment.start for segment in segments]
        # Building and hashing a day's key costs more than reading its arrays; windows ask for few days often.
        self._days: dict[tuple[int, int], Serving] = {}

    def _day(self, index: int, day: int) -> Serving:
        found = self._days.get((index, day))
        if found is None:
            found = self._days[(index, day)] = self.segments[index].day(day)
        return found

    def at(self, minute: int) -> Segment | None:
        """The segment a minute falls in."""
        index = bisect_right(self._starts, minute) - 1
        if index < 0 or minute >= self.segments[index].end:
            return None
        return self.segments[index]

    def pieces(self, start: int, end: int) -> Iterator[tuple[Serving, int, int, int]]:
        """Day arrays, minute bounds within the day and the day's number, together covering [start, end)."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while index < len(self.segments) and self.segments[index].start < end:
            segment = self.segments[index]
            low, high = max(start, segment.start), min(end, segment.end)
            while low < high:
                day = low // DAY
                stop = min(high, (day + 1) * DAY)
                yield self._day(index, day), low - day * DAY, stop - day * DAY, day
                low = stop
            index += 1

    def total(self, name: str, start: int, end: int) -> int:
        """Sum of one serving array over [start, end)."""
        amount = 0
        for day, low, high, _ in self.pieces(start, end):
            prefix = day.prefix(name)
            amount += prefix[high] - prefix[low]
        return amount

    def first_minute(self) -> int | None:
        """The first minute that ever served, None when nothing did."""
        return self._starts[0] if self._starts else None

    def last_minute(self) -> int:
        """The minute after the last one that serves; far in the future while it lives."""
        return self.segments[-1].end if self.segments else 0


def series_of(endpoint: Endpoint, variant: Variant, view: View | None = None) -> Series:
    """The series of a variant (cached until its history grows), or of a part of it."""
    stamp = (
        len(variant.history),
        variant.history[-1] if variant.history else None,
        endpoint.hosting_kind,
        view,
    )
    cached = variant.cache.get(view)
    if cached is not None and cached[0] == stamp:
        series: Series = cached[1]
        return series
    series = Series(list(_segments(endpoint, variant, view)))
    variant.cache[view] = (stamp, series)
    return series


def _segments(endpoint: Endpoint, variant: Variant, view: View | None) -> Iterator[Segment]:
    seed = seed_class(variant.seed)
    changes = [*variant.history, (FOREVER, None)]
    for (start, capacity), (end, _) in pairwise(changes):
        if capacity is None:
            continue
        shape, shown = shape_of(endpoint, capacity), capacity
        if view is not None:
            shape = view.shape or shape
            shown = replace(capacity, share=capacity.share * view.share // 1000)
        for low, high, since, traffic in _phases(endpoint, variant, start, end):
            part = traffic if view is None else _scaled(traffic, view.latency_share)
            begun = start if shape == "async" else _deployed_before(variant, start)
            yield Segment(low, high, shape, shown, part, since, begun, seed)


def _deployed_before(variant: Variant, minute: int) -> int:
    """The last deployment at or before a minute; long ago for variants without any on record."""
    return max((m for m in variant.deployments if m <= minute), default=0)


def _phases(
    endpoint: Endpoint, variant: Variant, start: int, end: int
) -> Iterator[tuple[int, int, int, Traffic]]:
    phases = variant.traffic or [(minute_of(endpoint.created), Traffic("idle"))]
    for index, (since, traffic) in enumerate(phases):
        low = start if index == 0 else max(start, since)
        high = min(end, phases[index + 1][0] if index + 1 < len(phases) else FOREVER)
        if low < high:
            yield low, high, since, traffic


def _scaled(traffic: Traffic, factor: float) -> Traffic:
    if factor == 1.0:
        return traffic
    params = dict(traffic.params)
    params["latency_ms"] = params.get("latency_ms", 100) * factor
    return Traffic(traffic.model, tuple(sorted(params.items())))
