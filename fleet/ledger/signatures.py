"""Digests that tell whether the costs of a day can have changed, so that a tick without news computes nothing."""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import accumulate, islice
from typing import Any

from fleet.costs.levels import FOREVER
from fleet.ledger.reading import Subject, day_window
from fleet.models import Shard

FORMULAS = "5"
"""Raised when a cost function changes, so that every stored day is computed again."""


def epoch(shard: Shard, prices: str) -> str:
    """Digest of what makes every day worth comparing: prices of any day, formulas, how far the back-fill has come."""
    done = shard.backfill_done_until.isoformat() if shard.backfill_done_until else ""
    return _digest([FORMULAS, prices, done])


def days(
    wanted: Sequence[date],
    subjects: Iterable[Subject],
    sums: Mapping[date, tuple[Any, ...]],
    prices: Mapping[date, str],
) -> dict[date, str]:
    """Digest by day of its buckets, of capacity, reading and assumed data of each variant, of its prices and formulas.

    prices: digest of the book in force on each wanted day, so that a price of one day leaves the others as they are.
    """
    parts: dict[date, list[str]] = {day: [FORMULAS, prices[day], repr(sums.get(day))] for day in wanted}
    windows = {day: day_window(day) for day in wanted}
    for subject in subjects:
        ends = list(accumulate((capacity.end or FOREVER for capacity in subject.capacities), max))
        for day, window in windows.items():
            for capacity in islice(subject.capacities, bisect_right(ends, window.start), None):
                if capacity.start >= window.end:
                    break
                start, end = max(capacity.start, window.start), min(capacity.end or window.end, window.end)
                if start < end:
                    held = (
                        capacity.instance_type,
                        capacity.instance_count,
                        capacity.volume_gb,
                        capacity.serverless,
                    )
                    doubts = f"{capacity.is_inferred}{' unread' * capacity.is_scaling_unread}"
                    parts[day].append(f"{subject.variant_id} {start} {end} {held} {doubts}")
            known = [clipped for part in subject.reported if (clipped := window.clip(part))]
            parts[day].append(f"{subject.variant_id} {subject.kind} {min(subject.until, window.end)} {known}")
            if subject.sizes:
                parts[day].append(f"{subject.variant_id} {subject.sizes}")
    return {day: _digest(found) for day, found in parts.items()}


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
