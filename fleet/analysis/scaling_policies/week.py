"""A weekly window that holds every hour with work, where there is one worth having. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

DAYS: Mapping[str, frozenset[int]] = {
    "weekdays": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
    "daily": frozenset(range(7)),
}
"""Days that the form of a schedule knows, 0 = Monday; those that leave out most come first."""
MOST_HOURS = 112
"""A window of more hours of a week than this, two thirds, is not worth its risk."""


@dataclass(frozen=True)
class Window:
    """From from_hour to to_hour (1–24) UTC on some days. hours: of a week."""

    days: str
    from_hour: int
    to_hour: int

    @property
    def hours(self) -> int:
        return len(DAYS[self.days]) * (self.to_hour - self.from_hour)


def window(busy: frozenset[int]) -> Window | None:
    """The shortest window that holds all hours of the week in `busy` (0 = Monday 0:00 UTC); None without a good one.

    Nights that end on the day after are left out: work in the first and the last hour of a day makes no window.
    """
    if not busy:
        return None
    days = {hour // 24 for hour in busy}
    hours = [hour % 24 for hour in busy]
    if min(hours) == 0 and max(hours) == 23:
        return None
    fitting = [Window(key, min(hours), max(hours) + 1) for key, known in DAYS.items() if days <= known]
    found = min(fitting, key=lambda each: each.hours)
    return found if found.hours <= MOST_HOURS else None
