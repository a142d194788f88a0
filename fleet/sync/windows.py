"""Pure: which stretch of time to ask for, aligned to the period, and how often."""

from datetime import UTC, datetime, timedelta

from fleet.types import Kind

MINUTE_S, FINE_S, HOUR_S, DAY_S = 60, 300, 3600, 86400
# CloudWatch fills in late: the last closed windows are read again each time.
REREAD = {MINUTE_S: timedelta(minutes=5), FINE_S: timedelta(minutes=15), HOUR_S: timedelta(hours=1)}
IDLE_CADENCE_S = 3600
PROBE_S = 300

Window = tuple[datetime, datetime]


def fine_period_s(kind: Kind) -> int:
    """One minute for serverless, whose peak concurrency the planner needs by the minute; else five."""
    return MINUTE_S if kind is Kind.SERVERLESS else FINE_S


def floor(moment: datetime, period_s: int) -> datetime:
    """The start of the period that `moment` lies in, on UTC's grid."""
    return datetime.fromtimestamp(int(moment.timestamp()) // period_s * period_s, UTC)


def fine(period_s: int, *, until: datetime | None, oldest: datetime, now: datetime) -> Window | None:
    """Closed buckets to ask for; until: where the last reading ended, None = never. None when nothing is closed."""
    end = floor(now, period_s)
    start = oldest if until is None else max(oldest, until - REREAD[period_s])
    start = floor(start, period_s)
    return (start, end) if start < end else None


def hourly(*, until: datetime | None, oldest: datetime, now: datetime) -> Window:
    """Hours to ask for, the current one included: its row grows until the hour is over."""
    end = floor(now, HOUR_S) + timedelta(hours=1)
    start = oldest if until is None else max(oldest, floor(until, HOUR_S) - REREAD[HOUR_S])
    return min(floor(start, HOUR_S), end - timedelta(hours=1)), end


def is_hourly_turn(until: datetime | None, now: datetime) -> bool:
    """Hour rows are refreshed every five minutes, however often the fine ones are."""
    return until is None or floor(until, FINE_S) < floor(now, FINE_S)


def cadence_s(*, is_hot: bool, interval_s: int, period_s: int) -> int:
    """Seconds between readings: as fine as the buckets while there is traffic, hourly when there is none."""
    return max(interval_s, period_s) if is_hot else IDLE_CADENCE_S


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
