"""The quick estimate: with reuse of the container used last, the j-th one is needed only while j calls run at once."""

from collections.abc import Iterable, Mapping, Sequence

from fleet.analysis.planner.rows import Bucket


def needs(buckets: Iterable[Bucket], timeout_s: float) -> list[int]:
    """How often each layer begins to be needed after more than timeout_s without: index 0 is the first container.

    buckets oldest first; those whose peak is not known are passed over. Empty when no peak is known.
    """
    begun: list[int] = []
    last: list[float] = []
    for bucket in buckets:
        for layer in range(bucket.peak or 0):
            if layer == len(begun):
                begun.append(1)
                last.append(bucket.at_s)
            else:
                begun[layer] += bucket.at_s - last[layer] > timeout_s
                last[layer] = bucket.at_s
    return begun


def cold_starts(buckets: Iterable[Bucket], timeout_s: float, levels: Sequence[int]) -> Mapping[int, int]:
    """Cold starts at each level: the needs of all layers above it. One pass; an upper bound for short bursts.

    A burst shorter than a set-up, seen cold, shows more calls at once than warm containers would have needed.
    """
    begun = needs(buckets, timeout_s)
    return {level: sum(begun[level:]) for level in levels}
