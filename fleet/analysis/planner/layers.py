"""The quick estimate: with reuse of the container used last, the j-th one is needed only while j calls run at once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from fleet.analysis.planner.rows import Bucket


def begun(buckets: Iterable[Bucket], timeout_s: float) -> list[list[int]]:
    """For each bucket the layers (0 is the first container) that begin to be needed after more than timeout_s without.

    buckets oldest first; one whose peak is not known needs nothing.
    """
    last: list[float] = []
    found = []
    for bucket in buckets:
        anew = []
        for layer in range(bucket.peak or 0):
            if layer == len(last):
                last.append(bucket.at_s)
                anew.append(layer)
            else:
                if bucket.at_s - last[layer] > timeout_s:
                    anew.append(layer)
                last[layer] = bucket.at_s
        found.append(anew)
    return found


def needed(buckets: Sequence[Bucket], first: int, within_s: int) -> tuple[float, ...]:
    """When each container, the first one first, was last needed before a bucket: the ends of earlier buckets.

    None from before a change of level or limit, when compute was started anew, nor from longer ago than within_s.
    """
    found: list[float] = []
    start = buckets[first]
    for bucket in reversed(buckets[:first]):
        if bucket.until_s < start.at_s - within_s or (bucket.level, bucket.limit) != (
            start.level,
            start.limit,
        ):
            break
        found += [float(bucket.until_s)] * max(0, (bucket.peak or 0) - len(found))
    return tuple(found)


def above(layers: Iterable[Sequence[int]], levels: Sequence[int]) -> dict[int, int]:
    """How many of the layers that begin lie above each level: its cold starts."""
    count = Counter(layer for anew in layers for layer in anew)
    return {level: sum(times for layer, times in count.items() if layer >= level) for level in levels}


def cold_starts(buckets: Iterable[Bucket], timeout_s: float, levels: Sequence[int]) -> Mapping[int, int]:
    """Cold starts at each level: the needs of all layers above it. One pass; an upper bound for short bursts.

    A burst shorter than a set-up, seen cold, shows more calls at once than warm containers would have needed.
    """
    return above(begun(buckets, timeout_s), levels)
