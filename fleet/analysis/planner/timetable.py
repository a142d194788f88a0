"""A level of provisioned concurrency by the hour of the week (UTC, Monday 00:00 first), and how it is written to AWS.

Scheduled actions: Application Auto Scaling API reference, PutScheduledAction (botocore 1.44.5): cron of six fields.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from fleet.analysis.planner.pool import HOUR_S

HOURS = 168
_EPOCH_HOUR = 72
"""The epoch began on a Thursday."""
_WEEK_S = HOURS * HOUR_S
DAYS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "daily": ("every day", tuple(range(7))),
    "weekdays": ("Monday to Friday", tuple(range(5))),
    "weekend": ("Saturday and Sunday", (5, 6)),
}
"""Days that a weekly schedule of two levels can be on: the form's word, in words, as weekdays (0 = Monday)."""
_CRON_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def hour_of_week(epoch_hour: int) -> int:
    """0 is Monday 00:00 to 01:00 UTC."""
    return (epoch_hour + _EPOCH_HOUR) % HOURS


@dataclass(frozen=True)
class Window:
    """`level` in some hours of some days, `rest` in all others. days: a key of DAYS; hours are UTC.

    The window begins at from_hour (0 to 23) and ends before to_hour (1 to 24), on the day after if that is not later.
    """

    days: str
    from_hour: int
    to_hour: int
    level: int
    rest: int

    @property
    def length(self) -> int:
        """Hours that it is on each of its days."""
        return (self.to_hour - self.from_hour) % 24 or 24

    def hours(self) -> tuple[int, ...]:
        """The level of each hour of the week."""
        found = [self.rest] * HOURS
        for day in DAYS[self.days][1]:
            for hour in range(self.length):
                found[(24 * day + self.from_hour + hour) % HOURS] = self.level
        return tuple(found)

    def fields(self) -> dict[str, str]:
        """The fields of the operation "change schedule", filled in."""
        return {
            "way": "weekly",
            "days": self.days,
            "from_hour": str(self.from_hour),
            "to_hour": str(self.to_hour),
            "level": str(self.level),
            "rest": str(self.rest),
            "timezone": "UTC",
        }

    def words(self) -> str:
        """ "level 4 Monday to Friday 8:00 to 18:00 UTC, else 1"."""
        days = DAYS[self.days][0]
        return f"level {self.level} {days} {self.from_hour}:00 to {self.to_hour}:00 UTC, else {self.rest}"


@dataclass(frozen=True)
class WeekAction:
    """A scheduled action that sets minimum and maximum to one level. schedule: AWS's cron expression, UTC."""

    name: str
    schedule: str
    level: int

    def fields(self) -> dict[str, str]:
        """The fields of the operation "change schedule" for one action, filled in."""
        level = str(self.level)
        return {
            "way": "one",
            "name": self.name,
            "schedule": self.schedule,
            "timezone": "UTC",
            "minimum": level,
            "maximum": level,
        }


def week_fields(found: Sequence[WeekAction]) -> dict[str, str]:
    """The fields of the operation "change schedule" that write all of these actions at once, filled in."""
    lines = "\n".join(f"{one.schedule} {one.level}" for one in found)
    return {"way": "week", "lines": lines, "timezone": "UTC"}


def actions(hours: Sequence[int], early_s: float = 0.0) -> tuple[WeekAction, ...]:
    """The fewest scheduled actions that make these levels, in order of the day; rises come early by whole minutes.

    None where one level holds all week.
    """
    early = ceil(early_s / 60)
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for hour, level in enumerate(hours):
        before = hours[hour - 1]
        if level != before:
            minute = (hour * 60 - (early if level > before else 0)) % (HOURS * 60)
            days[minute % 1440, level].append(minute // 1440)
    return tuple(
        WeekAction(
            name=f"level-{level}-at-{at // 60:02}{at % 60:02}",
            schedule=f"cron({at % 60} {at // 60} ? * {_cron_days(sorted(found))} *)",
            level=level,
        )
        for (at, level), found in sorted(days.items())
    )


def _cron_days(days: Sequence[int]) -> str:
    if len(days) == 7:
        return "*"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{_CRON_DAYS[days[0]]}-{_CRON_DAYS[days[-1]]}"
    return ",".join(_CRON_DAYS[day] for day in days)


class Timetable:
    """The level at any time, for replays. early_s: by how much rises come before their hour, negative = after it."""

    def __init__(self, hours: Sequence[int], early_s: float = 0.0) -> None:
        self.hours, self.early_s = tuple(hours), int(min(HOUR_S, max(-HOUR_S, early_s)))

    def __call__(self, at: float) -> tuple[int, float]:
        """The level then, and until when it holds at least (both as pool.Held)."""
        hour = int(at // HOUR_S)
        starts, ends = hour * HOUR_S, (hour + 1) * HOUR_S
        level, before, after = (self.hours[hour_of_week(hour + step)] for step in (0, -1, 1))
        if self.early_s < 0 and before < level and at < starts - self.early_s:
            return before, starts - self.early_s
        if self.early_s > 0 and level < after:
            if at >= ends - self.early_s:
                return after, ends
            return level, ends - self.early_s
        return level, ends

    @property
    def mean_level(self) -> float:
        """Units kept warm on average over a week; a rise that comes late is paid for from its hour."""
        units = sum(self.hours) * HOUR_S
        if self.early_s > 0:
            pairs = zip(self.hours, (*self.hours[1:], self.hours[0]), strict=True)
            units += self.early_s * sum(max(0, after - level) for level, after in pairs)
        return units / _WEEK_S
