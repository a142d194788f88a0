"""The buckets that tell how close together calls come: those of which it is known how many containers they met."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from fleet.analysis.planner.extent import Shape, shapes
from fleet.analysis.planner.rows import Bucket, Observation

EMPTY_AFTER_S, LULL_S = 1200, 180
_SAMPLES, _MOST_CALLS, _CALLS_IN_ALL = 40, 500, 1500
_MOST_STRAYS = 0.35
"""At most so often one call of a burst's bucket is taken to be no part of the burst."""


class Telling(NamedTuple):
    """A bucket that tells how close together calls come, and between which bounds its cold starts lie.

    idle: on-demand containers that it met idle.
    """

    bucket: Bucket
    shape: Shape
    least: int
    most: int
    idle: int = 0


def strays(observation: Observation, period_s: int) -> float:
    """How often a call that is no part of a burst falls into a bucket, by those that come alone."""
    alone = sum(bucket.calls for bucket in observation.buckets if bucket.calls <= 2)
    return min(_MOST_STRAYS, alone * period_s / (observation.end_s - observation.start_s))


def some(buckets: Sequence[Telling], chance: random.Random) -> list[Telling]:
    """Some buckets at random: no more than 40, and of no more than 1,500 calls together once there are eight."""
    chosen: list[Telling] = []
    calls = 0
    for one in chance.sample(buckets, len(buckets)):
        if len(chosen) == _SAMPLES or (len(chosen) >= 8 and calls + one.bucket.calls > _CALLS_IN_ALL):
            break
        chosen.append(one)
        calls += one.bucket.calls
    return chosen


def kinds(observation: Observation, lives_s: float) -> tuple[list[Telling], list[Telling], list[Telling]]:
    """Buckets of several calls that meet an empty pool, those that meet some idle containers, and a warm pool.

    Empty is a pool after 20 minutes of silence, or after 3 where all at work but one were set up or provisioned. Some
    are idle where that is sure, an idle container living for lives_s.
    """
    empty, partly, warm = [], [], []
    buckets = observation.buckets
    for before, bucket, after, shape, known in zip(
        [None, *buckets[:-1]],
        buckets,
        [*buckets[1:], None],
        shapes(buckets),
        _idle(observation, lives_s),
        strict=True,
    ):
        if (
            not 2 <= bucket.calls <= _MOST_CALLS
            or bucket.peak is None
            or bucket.setups is None
            or shape.is_filled
        ):
            continue
        silent_s = 0 if before is None else bucket.at_s - before.until_s
        most = bucket.setups + late_setups(bucket, after)
        least = most if after is None or not after.calls else bucket.setups
        is_anew = most >= 2 and most + bucket.level >= bucket.peak - 1
        if known and known < bucket.calls:
            partly.append(Telling(bucket, shape, least, most, known))
        elif silent_s > EMPTY_AFTER_S or (silent_s >= LULL_S and is_anew):
            empty.append(Telling(bucket, shape, least, most))
        elif not any(near is not None and near.setups for near in (before, bucket, after)):
            warm.append(Telling(bucket, shape, 0, 0))
    return empty, partly, warm


def _idle(observation: Observation, lives_s: float) -> list[int]:
    """How many on-demand containers each bucket met idle where that is sure, else 0.

    Calls after a lull that were all cold found no older container; those set up since live for lives_s, and a minute of
    silence lets them end their work.
    """
    found = []
    first: Bucket | None = None
    setups, work_s = 0, observation.service_s + (observation.setup_s or 0.0)
    buckets = observation.buckets
    for before, bucket, after in zip([None, *buckets[:-1]], buckets, [*buckets[1:], None], strict=True):
        silent_s = EMPTY_AFTER_S if before is None else bucket.at_s - before.until_s
        if first is not None and (bucket.until_s - first.at_s > lives_s or not _goes_on(first, bucket)):
            first = None
        found.append(setups if first is not None and silent_s >= max(bucket.period_s, work_s) else 0)
        if first is None and silent_s >= LULL_S and _were_all_cold(bucket, after):
            first, setups = bucket, 0
        setups += bucket.setups or 0
    return found


def _were_all_cold(bucket: Bucket, after: Bucket | None) -> bool:
    """Whether each call of a bucket was set up for."""
    if not bucket.calls or bucket.level or bucket.setups is None:
        return False
    return bucket.setups + late_setups(bucket, after) == bucket.calls


def _goes_on(first: Bucket, bucket: Bucket) -> bool:
    """Whether a later bucket has the containers of the first: nothing was deployed, every set-up is known."""
    return (first.level, first.limit) == (bucket.level, bucket.limit) and bucket.setups is not None


def late_setups(bucket: Bucket, after: Bucket | None) -> int:
    """Set-ups reported in the bucket right after, which may have begun in this one."""
    return (after.setups or 0) if after is not None and after.at_s == bucket.until_s else 0
