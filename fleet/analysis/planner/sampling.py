"""Which hours a draw looks at: all while calls are few, else some at random, with a run-in that warms the pool."""

import random
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from fleet.analysis.planner.rows import Observation

BLOCK_S = 4 * 3600
LEAST_BLOCK_S = 600
RUN_IN_S = 1200
SHORT_LOOKS = 4


class Span(NamedTuple):
    """Buckets [first, last) of an observation of which those from `counted` on are counted."""

    first: int
    counted: int
    last: int


class Hours(NamedTuple):
    """The spans of one draw and the share of the window's calls that they count, 0 to 1."""

    spans: Sequence[Span]
    share: float


def draws(observation: Observation, most_calls: int, times: int, chance: random.Random) -> list[Hours]:
    """The hours of each of some draws, each of about most_calls calls.

    Blocks of four hours, shorter where calls come so thick that one holds them all, dealt round like cards, so that the
    draws together see as much of the window as they can. Where the run-in alone would be more than a draw, the pool
    begins with what the peaks before it needed instead (layers.needed).
    """
    total = observation.calls
    if total <= most_calls:
        return [Hours(_same(observation, Span(0, 0, len(observation.buckets))), 1.0)] * times
    blocks = _blocks(observation, block_s(observation, most_calls), most_calls)
    deck: list[Span] = []
    found = []
    for _ in range(times):
        taken, calls = [], 0
        while calls < most_calls:
            if not deck:
                deck = chance.sample(blocks, len(blocks))
            span = deck.pop()
            if span not in taken:
                taken.append(span)
                calls += sum(bucket.calls for bucket in observation.buckets[span.counted : span.last])
        spans = [part for span in sorted(taken) for part in _same(observation, span)]
        found.append(Hours(spans, calls / total))
    return found


def _same(observation: Observation, span: Span) -> list[Span]:
    """A span cut where the level or the limit changed: a deployment begins with an empty pool."""
    buckets = observation.buckets
    cuts = [
        index
        for index in range(span.first + 1, span.last)
        if (buckets[index].level, buckets[index].limit)
        != (buckets[index - 1].level, buckets[index - 1].limit)
    ]
    edges = [span.first, *cuts, span.last]
    return [
        Span(first, max(first, span.counted), last) for first, last in pairwise(edges) if last > span.counted
    ]


def block_s(observation: Observation, most_calls: int) -> int:
    """Seconds in which about most_calls calls come, in whole ten minutes: at least that, at most four hours.

    Where so many come in less, a quarter of it in whole minutes: several short looks see more than a long one.
    """
    window_s = observation.end_s - observation.start_s
    holds_s = int(window_s * most_calls / max(1, observation.calls))
    if holds_s < LEAST_BLOCK_S:
        return max(60, holds_s // SHORT_LOOKS // 60 * 60)
    return max(LEAST_BLOCK_S, min(BLOCK_S, holds_s // LEAST_BLOCK_S * LEAST_BLOCK_S))


def _blocks(observation: Observation, length_s: int, most_calls: int) -> list[Span]:
    times = [bucket.at_s for bucket in observation.buckets]
    calls = [0, *accumulate(bucket.calls for bucket in observation.buckets)]
    found = []
    for start in range(observation.start_s, observation.end_s, length_s):
        counted, last = bisect_left(times, start), bisect_left(times, start + length_s)
        if counted < last:
            first = bisect_left(times, start - RUN_IN_S)
            is_thick = calls[counted] - calls[first] > most_calls
            found.append(Span(counted if is_thick else first, counted, last))
    return found
