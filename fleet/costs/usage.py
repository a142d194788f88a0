"""What the cost functions look at: the capacity history and the metric buckets of one variant over one window."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from fleet.costs.periods import Window, covered, rows_in, seconds, total_hours
from fleet.types import Capacity, MetricRow


@dataclass(frozen=True)
class Observed:
    """One variant over `window`.

    rows: buckets of the columns in fleet.catalogue, None = not reported. reported: the stretches for which CloudWatch
    was read, so that a bucket missing there means "nothing was published" and a bucket missing elsewhere "not known".
    """

    window: Window
    capacities: tuple[Capacity, ...] = ()
    rows: tuple[MetricRow, ...] = ()
    reported: tuple[Window, ...] = ()

    def read(self, window: Window) -> list[Window]:
        """The stretches of `window` that are known: read from CloudWatch, or holding a bucket."""
        buckets = tuple(Window(row.at, row.until) for row in self.rows)
        return covered(self.reported + buckets, window)

    def use(self, window: Window) -> Iterator[tuple[MetricRow, Decimal]]:
        """Buckets that overlap `window`, a stretch with capacity, each with the share (0 to 1] of its use in there.

        A bucket is shared out by time over the capacity held in it, not over its whole length: what came into being
        or was deleted within an hour made all of that hour's use while it was there.
        """
        forever = datetime.max.replace(tzinfo=UTC)
        held = [Window(each.start, max(each.start, each.end or forever)) for each in self.capacities]
        for row, part in rows_in(self.rows, window):
            if part < 1:
                bucket = Window(row.at, row.until)
                part = part * row.period_s / sum(map(seconds, covered(held, bucket)), Decimal(0))
            yield row, part


def share_note(observed: Observed, window: Window) -> str:
    """ "18 of 24 h read from CloudWatch" while some hours of `window` are not known yet, else ""."""
    known = total_hours(observed.read(window))
    return (
        ""
        if known == window.hours
        else f"{float(known):.3g} of {float(window.hours):.3g} h read from CloudWatch so far"
    )
