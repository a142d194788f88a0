"""The metrics section: newest buckets of the variants whose turn it is, as often as their traffic deserves."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings

from fleet.models import Shard, VariantStatus
from fleet.sync import buckets, budget, cadence, partitions, windows
from fleet.sync.buckets import Hour, Merged
from fleet.sync.cadence import Standing
from fleet.sync.subjects import fetch, price, traffic

# A run ends well inside its task's soft limit of 240 s.
MAX_RUN_S = 150
SHORT_WINDOW = timedelta(hours=3)
SHORT_CHUNK = 500
LONG_CHUNK = 25

Why = VariantStatus.Cadence
# Period, window and the variants that share it.
Asked = tuple[int, windows.Window, list[Standing]]


def run(shard: Shard, *, now: datetime, keep_alive: Callable[[], None]) -> int:
    """Read what is due; the number of bucket rows that changed.

    Moving variants are asked each minute, busy ones each five, the others hourly, with one cheap probe in between that
    wakes them; see fleet.sync.cadence.
    """
    rows = cadence.standings(shard)
    due, silent = cadence.due(shard, rows, now=now)
    cadence.schedule(silent, now)
    deadline, done = time.monotonic() + MAX_RUN_S, Merged()
    for why, chunk in _chunks(due, now):
        keep_alive()
        # Fine rows and hours are paid together or not at all: half a reading would be paid again.
        budget.check(shard, 2 * price(row.item for row in chunk), now=now)
        done += _read(shard, chunk, budget.booking(shard, why, now=now), now)
        cadence.schedule(chunk, now)
        if time.monotonic() > deadline:
            # What is left stays due: the next run goes on there, and what was read is not paid twice.
            break
    return done.changed


def _chunks(rows: Sequence[Standing], now: datetime) -> Iterator[tuple[str, list[Standing]]]:
    """The due variants in portions that fit into memory, by why they are asked, those with a short window first."""
    parts: dict[tuple[bool, str], list[Standing]] = {}
    for row in rows:
        is_long = row.until is None or now - row.until >= SHORT_WINDOW
        parts.setdefault((is_long, row.why), []).append(row)
    for (is_long, why), part in sorted(parts.items(), key=lambda item: item[0]):
        size = LONG_CHUNK if is_long else SHORT_CHUNK
        for first in range(0, len(part), size):
            yield why, part[first : first + size]


def _read(shard: Shard, chunk: Sequence[Standing], book: Callable[[int], None], now: datetime) -> Merged:
    """Fine rows first: they say who had traffic, and where they say that nobody had they are the hour as well."""
    done = Merged()
    for period_s, window, rows in _plan(chunk, lambda row: _fine(row, now), _period_s):
        items = [row.item for row in rows]
        found = fetch(shard.scope, items, period_s, window, book)
        newest: dict[int, int] = {}
        for block in found:
            moved = traffic(block)
            newest.update({row[0]: row[1] for row in moved})
            if period_s == windows.MINUTE_S:
                block.rows[:] = moved
        for row in rows:
            row.saw(newest.get(row.item.variant_id))
        done += buckets.merge_blocks(partitions.FINE_TABLE, found)
    asked = {row.item.variant_id: hours for row in chunk if (hours := _hours(shard, row, now)) is not None}
    for _, window, rows in _plan(
        chunk, lambda row: asked.get(row.item.variant_id), lambda row: windows.HOUR_S
    ):
        found = fetch(shard.scope, [row.item for row in rows], windows.HOUR_S, window, book)
        done += buckets.merge_blocks(partitions.HOUR_TABLE, found)
    return done + buckets.add_up(_to_add_up(chunk, asked, done, now))


def _to_add_up(
    chunk: Sequence[Standing], asked: dict[int, windows.Window], done: Merged, now: datetime
) -> list[Hour]:
    """Touched hours whose row comes from the fine ones: those not settled, and those of variants that were silent."""
    open_from = int(windows.settled_hour(now).timestamp())
    since = {
        row.item.variant_id: open_from
        if row.item.variant_id in asked
        else _silent_from(row.until, row.read_from, now)
        for row in chunk
    }
    return [(pk, hour) for pk, hour in done.touched if hour >= since.get(pk, open_from)]


@lru_cache(maxsize=256)
def _silent_from(until: datetime | None, read_from: datetime | None, now: datetime) -> int:
    """The first hour (epoch seconds) of a variant that was not asked by the hour which its fine rows hold as a whole.

    All that were read again are: a row that came late is the only word of it.
    """
    again = until and min(until - windows.REREAD[windows.FINE_S], read_from or until)
    whole = windows.floor(again, windows.HOUR_S) if again else windows.settled_hour(now)
    return int(whole.timestamp())


def _plan(
    rows: Sequence[Standing],
    window_of: Callable[[Standing], windows.Window | None],
    period_of: Callable[[Standing], int],
) -> list[Asked]:
    """What to ask: period, window and the variants that share it."""
    by_period: dict[int, list[tuple[windows.Window, Standing]]] = {}
    for row in rows:
        window = window_of(row)
        if window is not None:
            by_period.setdefault(period_of(row), []).append((window, row))
    return [
        (period_s, window, [asked[i][1] for i in indexes])
        for period_s, asked in by_period.items()
        for window, indexes in windows.merged([window for window, _ in asked])
    ]


def _period_s(row: Standing) -> int:
    return windows.fine_period_s(row.item.kind)


def _fine(row: Standing, now: datetime) -> windows.Window | None:
    return windows.fine(
        _period_s(row), until=row.until, oldest=_oldest_fine(row, now), now=now, read_from=row.read_from
    )


def _oldest_fine(row: Standing, now: datetime) -> datetime:
    """From a whole hour on, so that the hours made of fine rows are whole."""
    if row.until is None:
        oldest = windows.floor(now - timedelta(hours=settings.FINE_HISTORY_HOURS), windows.HOUR_S)
    else:
        oldest = now - partitions.RETENTION[partitions.FINE_TABLE]
    return max(row.created_at, oldest)


def _hours(shard: Shard, row: Standing, now: datetime) -> windows.Window | None:
    """Settled hours to ask for; None when there are none, or when the fine rows show that nothing happened in them."""
    if not windows.has_settled(row.until, now):
        return None
    window = windows.hours(until=row.until, oldest=_oldest_hour(shard, row, now), now=now)
    if window is None:
        return None
    has_fine = row.until is not None and window[0] >= _oldest_fine(row, now)
    is_silent = row.traffic_at is None or row.traffic_at < window[0]
    return None if has_fine and is_silent else window


def _oldest_hour(shard: Shard, row: Standing, now: datetime) -> datetime:
    """How far back hours are read: to the start of history, unless the back-fill is still to bring that."""
    history = now - timedelta(days=settings.BACKFILL_DAYS)
    is_filled = shard.backfill_until is not None and shard.backfill_done_until == shard.backfill_until
    if row.until is None and not is_filled:
        return max(row.created_at, now - timedelta(hours=1))
    return max(row.created_at, history)
