"""Pure: which stretch of time to ask for, aligned to the period, and how often."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from fleet.types import Kind

MINUTE_S, FINE_S, HOUR_S, DAY_S = 60, 300, 3600, 86400
# CloudWatch fills in late: the last closed windows are read again each time.
REREAD = {MINUTE_S: timedelta(minutes=5), FINE_S: timedelta(minutes=15), HOUR_S: timedelta(hours=1)}
SETTLING = timedelta(minutes=10)
"""How long after its end an hour is asked for as a whole; until then its row is added up from the fine ones."""
MOVING_S, BUSY_S, IDLE_S = 60, 300, 3600
PROBE_S, SILENT_PROBE_S = 300, 900
HOT_FOR = timedelta(hours=1)
SILENT_AFTER = timedelta(days=1)

Window = tuple[datetime, datetime]


def fine_period_s(kind: Kind) -> int:
    """One minute for serverless, whose peak concurrency the planner needs by the minute; else five."""
    return MINUTE_S if kind is Kind.SERVERLESS else FINE_S


@lru_cache(maxsize=1024)
def floor(moment: datetime, period_s: int) -> datetime:
    """The start of the period that `moment` lies in, on UTC's grid."""
    return datetime.fromtimestamp(int(moment.timestamp()) // period_s * period_s, UTC)


def fine(
    period_s: int,
    *,
    until: datetime | None,
    oldest: datetime,
    now: datetime,
    read_from: datetime | None = None,
) -> Window | None:
    """Closed buckets to ask for; until: where the last reading ended, None = never. None when nothing is closed.

    read_from: from there on anyway, where a probe found that something had come later than is read again.
    """
    end = floor(now, period_s)
    start = oldest if until is None else max(oldest, min(until - REREAD[period_s], read_from or until))
    start = floor(start, period_s)
    return (start, end) if start < end else None


def settled_hour(moment: datetime) -> datetime:
    """The end of the last hour that is over and settled at `moment`."""
    return floor(moment - SETTLING, HOUR_S)


def has_settled(until: datetime | None, now: datetime) -> bool:
    """Whether an hour has settled since `until`; None: never read."""
    return until is None or settled_hour(until) < settled_hour(now)


def hours(*, until: datetime | None, oldest: datetime, now: datetime) -> Window | None:
    """Settled hours to ask for, the one before them again; None while no hour has settled since `until`."""
    if not has_settled(until, now):
        return None
    end = settled_hour(now)
    start = oldest if until is None else max(oldest, settled_hour(until) - REREAD[HOUR_S])
    start = floor(start, HOUR_S)
    return (start, end) if start < end else None


def is_turn(last: datetime | None, now: datetime, period_s: int) -> bool:
    """Whether a new period of the grid began since `last`."""
    return last is None or floor(last, period_s) < floor(now, period_s)


def cadence_s(*, is_moving: bool, is_busy: bool, interval_s: int, period_s: int) -> int:
    """Seconds between readings; never below the bucket nor the installation's own interval.

    The price is per metric asked, not per point: five minutes bring the same minutes as one at a fifth of it.
    """
    if is_moving:
        return max(interval_s, period_s, MOVING_S)
    return max(interval_s, BUSY_S) if is_busy else IDLE_S


def merged(windows: list[Window]) -> list[tuple[Window, list[int]]]:
    """Windows that can share calls, with the indexes of those they cover.

    Points cost nothing, calls do: recent windows share the longest of them; older ones share equal starts.
    """
    groups: dict[datetime, list[int]] = {}
    for index, (start, end) in enumerate(windows):
        key = end if end - start <= timedelta(hours=3) else start
        groups.setdefault(key, []).append(index)
    return [
        ((min(windows[i][0] for i in group), max(windows[i][1] for i in group)), group)
        for group in groups.values()
    ]
