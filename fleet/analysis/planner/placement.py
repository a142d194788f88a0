"""Where within their buckets calls may have come: placements that make the pool show the peaks and set-ups seen."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import NamedTuple

from fleet.analysis.planner import extent, layers
from fleet.analysis.planner.extent import Edge, Shape
from fleet.analysis.planner.pool import Habit, PlacedCall, Pool, Stretch, begun, serve
from fleet.analysis.planner.rows import Bucket, Observation
from fleet.analysis.planner.sampling import RUN_IN_S, Span
from fleet.analysis.planner.telling import late_setups

TRIES = 24
_NARROWEST_S = 0.1
_JITTER = 0.1
_MOSTLY_COLD = 0.6
_TOLERATED = 4
"""A miss of one per so many at work at once is left to chance, and any miss of set-ups, before other widths than the
believed one are tried: an exact match by a narrower burst explains no better, and makes deep levels look needed. Where
calls come evenly and are warm nothing is left to chance: rare peaks left out would make deep levels look idle."""
_KEPT_S = 4 * 3600
"""So far back peaks tell what containers a look begins with."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What one draw takes for true: seconds in which a bucket's calls come together, and the containers' habit.

    width_s None: burst widths are anyone's guess. matches_setups False: placements match the peak alone.
    """

    width_s: float | None
    habit: Habit
    matches_setups: bool = True


class _Debt:
    """Set-ups begun but not yet reported: AWS may stamp one when it ends, a bucket later."""

    def __init__(self) -> None:
        self.carried = 0

    def miss(self, begun: int, seen: int, crossing: int) -> int:
        """By how many set-ups a placement differs from what was reported; carried and crossing ones are allowed for."""
        owed = self.carried + begun - seen
        if owed < 0:
            return -owed
        return max(0, owed - crossing)

    def settle(self, begun: int, seen: int, crossing: int) -> None:
        self.carried = min(max(0, self.carried + begun - seen), crossing)


def place(observation: Observation, span: Span, belief: Belief, chance: random.Random) -> Stretch:
    """One possible set of calls for the buckets of a span, carried from bucket to bucket by the pool they leave.

    Up to 24 placements are tried per bucket, half of them only if none of the believed width comes near its peak; the
    one nearest to its peak and set-ups is kept. What is not reported is not matched.
    """
    needed = _needed(observation, span)
    pool, debt = begun(needed, observation.buckets[span.first].level, belief.habit), _Debt()
    placed: list[PlacedCall] = []
    buckets = observation.buckets[span.first : span.last]
    shapes = extent.shapes(buckets)
    before: Bucket | None = None
    for index, bucket in enumerate(buckets):
        if before is None or bucket.at_s > before.until_s:
            debt.carried = 0
        if bucket.calls:
            after = buckets[index + 1] if index + 1 < len(buckets) else None
            lengths = _lengths(observation, bucket, after, chance)
            guess = _Guess(
                shapes[index],
                _begins(observation, bucket, after, shapes[index].edge, debt.carried, belief),
                _is_calm(bucket, after, shapes[index], belief),
            )
            calls, pool = _best(bucket, guess, lengths, pool, belief, debt, chance)
            placed += calls
        elif bucket.setups:
            debt.settle(0, bucket.setups, 0)
        before = bucket
    counted = observation.buckets[span.counted]
    return Stretch(placed, float(counted.at_s), counted.level, counted.limit, needed)


def _needed(observation: Observation, span: Span) -> tuple[float, ...]:
    """When each container was last needed before a span (see Stretch); nothing is left after a run-in without calls.

    Containers taken at random keep each other warm for hours, longer than the run-in, which lets those die that its
    traffic does not keep.
    """
    if span.first == span.counted:
        return layers.needed(observation.buckets, span.first, RUN_IN_S)
    if not any(bucket.calls for bucket in observation.buckets[span.first : span.counted]):
        return ()
    return layers.needed(observation.buckets, span.first, _KEPT_S)


def _lengths(
    observation: Observation, bucket: Bucket, after: Bucket | None, chance: random.Random
) -> list[tuple[float, float]]:
    """Seconds of execution and of set-up for each call; the bucket's mean kept, that of the next if it has none."""
    mean = bucket.latency_s
    if mean is None and after is not None and not after.calls and after.at_s <= bucket.until_s:
        mean = after.latency_s
    mean = observation.service_s if mean is None else mean
    setup = observation.setup_s or 0.0
    gauss, spread, setup_spread = chance.gauss, observation.service_spread, observation.setup_spread
    drawn = [exp(spread * gauss(0, 1)) for _ in range(bucket.calls)]
    scale = mean * len(drawn) / sum(drawn)
    return [(scale * one, setup * exp(setup_spread * gauss(0, 1))) for one in drawn]


def _best(
    bucket: Bucket,
    guess: "_Guess",
    lengths: Sequence[tuple[float, float]],
    pool: Pool,
    belief: Belief,
    debt: _Debt,
    chance: random.Random,
) -> tuple[list[PlacedCall], Pool]:
    seen = bucket.setups if belief.matches_setups else None
    until = bucket.until_s
    kept: tuple[int, int, int, list[PlacedCall], Pool] | None = None
    nearest, tolerated = bucket.limit, _tolerated(bucket, guess, belief)
    for attempt in range(TRIES):
        if attempt == TRIES // 2 and nearest <= tolerated:
            break
        times = _times(bucket, guess, belief, attempt, chance)
        calls = [(at, service, setup) for at, (service, setup) in zip(times, lengths, strict=True)]
        after = pool.copy()
        tally = serve(after, calls, bucket.level, bucket.limit, belief.habit, chance, bucket.at_s)
        begun = len(tally.cold)
        crossing = sum(at + setup >= until for at, _, setup in tally.cold)
        miss = 0 if bucket.peak is None else abs(tally.peak - bucket.peak)
        nearest = min(nearest, miss)
        is_enough = attempt >= TRIES // 2 and miss <= tolerated
        if seen is not None:
            miss += debt.miss(begun, seen, crossing)
        if kept is None or miss < kept[0]:
            kept = (miss, begun, crossing, calls, after)
        if not miss or is_enough:
            break
    assert kept is not None
    if seen is not None:
        debt.settle(kept[1], seen, kept[2])
    return kept[3], kept[4]


def _tolerated(bucket: Bucket, guess: "_Guess", belief: Belief) -> int:
    return 0 if belief.width_s is None or guess.is_calm else (bucket.peak or 0) // _TOLERATED


class _Guess(NamedTuple):
    """Where in its bucket a burst may lie: by its neighbours; by its set-ups between which offsets (s) it begins.

    is_calm: there is no burst, calls come evenly and are warm.
    """

    shape: Shape
    begins: tuple[float, float] | None
    is_calm: bool


def _begins(
    observation: Observation, bucket: Bucket, after: Bucket | None, edge: Edge, carried: int, belief: Belief
) -> tuple[float, float] | None:
    """When a burst that met an empty pool began, told by how many of its set-ups ended before the bucket did.

    Calls of the first set-up's length are cold; the share of them that came before the last such length of the bucket
    is done. None where most at work were warm, or set-ups are not known.
    """
    setup = observation.setup_s
    if bucket.setups is None or setup is None or not bucket.peak or not belief.matches_setups:
        return None
    late = late_setups(bucket, after)
    done = max(0, bucket.setups - carried)
    begun = min(done + late, bucket.calls)
    if begun < _MOSTLY_COLD * bucket.peak:
        return None
    is_whole = edge is Edge.NONE and belief.width_s is not None
    cold_s = min(setup, belief.width_s or setup) if is_whole else setup
    share = min(1.0, done / begun)
    middle = bucket.period_s - setup - share * cold_s
    slack = cold_s / (2 * begun) + setup * observation.setup_spread / sqrt(begun)
    first = 0.0 if share == 1 else middle - slack
    last = float(bucket.period_s) if share == 0 else middle + slack
    return max(0.0, first), min(float(bucket.period_s), max(0.0, last))


def _times(bucket: Bucket, guess: _Guess, belief: Belief, attempt: int, chance: random.Random) -> list[float]:
    """Arrival times in order: some calls in a window of the believed width, then of any width, the rest anywhere.

    Widths beyond the belief are tried from wide to narrow: the least bursty explanation is taken.
    """
    calls, period_s, start, uniform = bucket.calls, bucket.period_s, bucket.at_s, chance.random
    shape = guess.shape
    if calls == 1:
        low, high = shape.window(period_s, float(period_s))
        return [start + low + (high - low) * uniform()]
    half, together = TRIES // 2, calls
    if belief.width_s is not None and attempt < half:
        width = period_s if shape.is_filled else belief.width_s * exp(_JITTER * chance.gauss(0, 1))
        if attempt % 4 == 1:
            together = max(2, calls - 1)
        elif attempt % 4 == 3:
            together = min(calls, max(2, int(calls * uniform()) + 1))
    else:
        step = uniform() if belief.width_s is None else (attempt - half + uniform()) / half
        width = period_s * exp(step * log(_NARROWEST_S / period_s))
        # A peak in the middle of even traffic is some calls that chanced to come together, not all of them.
        if belief.width_s is None or attempt % 2 or shape.is_filled or guess.is_calm:
            together = min(calls, max(2, (bucket.peak or 2) + int(3 * uniform()) - 1))
    low, high = shape.window(period_s, width)
    if guess.begins is not None and attempt % 2 == 0:
        low, high = _told(guess.begins, shape, low, high, width, uniform())
    width = min(width, high - low)
    begins = start + low + (high - low - width) * uniform()
    times = [begins + width * uniform() for _ in range(together)]
    times += [start + period_s * uniform() for _ in range(calls - together)]
    times.sort()
    return times


def _is_calm(bucket: Bucket, after: Bucket | None, shape: Shape, belief: Belief) -> bool:
    """Whether calls come evenly and most at work were warm, so that the peak is made of calls and not of set-ups."""
    setups = (bucket.setups or 0) + late_setups(bucket, after)
    is_even = shape.is_filled or (belief.width_s or 0) >= bucket.period_s / 2
    return is_even and setups < _MOSTLY_COLD * (bucket.peak or 0)


def _told(
    begins: tuple[float, float], shape: Shape, low: float, high: float, width: float, place: float
) -> tuple[float, float]:
    """The window that a burst fills when it begins where its set-ups say; place, 0 to 1, picks one of the offsets."""
    at = begins[0] + (begins[1] - begins[0]) * place
    if shape.edge is Edge.END and (shape.is_filled or begins[1] < high):
        return min(at, high - 1.0), high
    if shape.edge is Edge.NONE and not shape.is_filled:
        at = max(low, min(at, high - width))
        return at, min(high, at + width)
    return low, high
