"""In which part of a bucket its calls came, where traffic begins or ends in it or a burst lies across its edge."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from fleet.analysis.planner.rows import Bucket

_TELLING_CALLS = 6
_MUCH_LESS = 3
_STRAYS = 40
_LONGEST_BURST = 30


class Edge(Enum):
    """Which edge of the bucket its calls lean on."""

    NONE = auto()
    START = auto()
    END = auto()


class Shape(NamedTuple):
    """share: part of the bucket that its calls fill, or with is_burst part of one burst that lies across the edge.

    is_filled: traffic goes on in more buckets than a short burst reaches, so calls lie evenly over that part.
    """

    edge: Edge = Edge.NONE
    share: float = 1.0
    is_burst: bool = False
    is_filled: bool = False

    def window(self, period_s: int, width_s: float) -> tuple[float, float]:
        """Offsets in seconds between which the calls came, if a burst is width_s wide."""
        length = min(float(period_s), (width_s if self.is_burst else period_s) * self.share)
        if self.edge is Edge.END:
            return period_s - length, float(period_s)
        return 0.0, float(period_s) if self.edge is Edge.NONE else length


def shapes(buckets: Sequence[Bucket]) -> list[Shape]:
    """The shape of each bucket, told by the calls of its neighbours: a rate that begins, ends or crosses the edge."""
    runs = _runs(buckets)
    found = []
    for index, bucket in enumerate(buckets):
        came, goes_on = _calls(buckets, index, -1), _calls(buckets, index, 1)
        begins, ends = _is_little(came, bucket.calls), _is_little(goes_on, bucket.calls)
        if max(bucket.calls, came, goes_on) < _TELLING_CALLS or begins == ends:
            found.append(Shape(is_filled=not begins and not ends and 3 <= runs[index] <= _LONGEST_BURST))
        elif begins:
            found.append(_leaning(Edge.END, bucket, goes_on, _calls(buckets, index + 1, 1)))
        else:
            found.append(_leaning(Edge.START, bucket, came, _calls(buckets, index - 1, -1)))
    return found


def _runs(buckets: Sequence[Bucket]) -> list[int]:
    """How many buckets with more than strays lie on end around each one."""
    found: list[int] = []
    start = 0
    for index, bucket in enumerate(buckets):
        goes_on = _calls(buckets, index, 1)
        if not goes_on or _is_little(goes_on, bucket.calls) or _is_little(bucket.calls, goes_on):
            found += [index + 1 - start] * (index + 1 - start)
            start = index + 1
    return found


def _is_little(calls: int, against: int) -> bool:
    """Whether calls are no more than strays beside a burst: a bucket that a burst only just reaches into has more."""
    return calls * _MUCH_LESS < against and calls <= 1 + against // _STRAYS


def _leaning(edge: Edge, bucket: Bucket, beside: int, beyond: int) -> Shape:
    if _is_little(beyond, beside):
        return Shape(edge, bucket.calls / (bucket.calls + beside), is_burst=True)
    return Shape(edge, min(1.0, bucket.calls / beside), is_filled=True)


def _calls(buckets: Sequence[Bucket], index: int, step: int) -> int:
    """Calls of the bucket right before (-1) or after (1) the one at an index, 0 when nothing lies there."""
    beside = index + step
    if not 0 <= beside < len(buckets) or not 0 <= index < len(buckets):
        return 0
    earlier, later = sorted((buckets[index], buckets[beside]), key=lambda one: one.at_s)
    return buckets[beside].calls if earlier.until_s == later.at_s else 0
