"""What shape a traffic has, from hourly counts of calls, and which classes its payloads and latencies fall in. Pure.

None is an hour of which nothing is known, never an hour without calls. The limits are our choice, docs/advisor.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from statistics import fmean, median

DAY_H, WEEK_H = 24, 168
SATURDAY = 5
_HOUR = [slice(hour, None, DAY_H) for hour in range(DAY_H)]
_WEEKDAY = [slice(at, at + DAY_H) for at in range(0, WEEK_H, DAY_H)]
_WORKDAY_HOUR = [
    *(slice(hour, SATURDAY * DAY_H, DAY_H) for hour in range(DAY_H)),
    *(slice(SATURDAY * DAY_H + hour, None, DAY_H) for hour in range(DAY_H)),
]
_WEEK_HOUR = [slice(at, at + 1) for at in range(WEEK_H)]
"""Hours of the week that are taken for alike, each place of theirs as a slice of the week."""
Week = list[list[float]]
"""Known calls by their hour of the week, 0 = Monday 0:00 UTC."""
LEAST_HOURS = 24
"""Known hours below which no shape is named."""
LEAST_COVERAGE = 0.5
DEAD_HOURS = 7 * DAY_H
FULL_HOURS = 14 * DAY_H
"""Hours from which the length of the history takes nothing off the confidence."""
INTERMITTENT_BUSY = 0.5
DIURNAL_BUSY = 0.15
DIURNAL_EXPLAINED = 0.5
BURSTY_PEAK = 5.0
GROWTH_PER_WEEK = 0.10
GROWTH_AGREEMENT = 0.75
LEAST_DAYS_OF_GROWTH = 10
MB = 1_000_000


class Pattern(StrEnum):
    """The shapes. DEAD: no call at all; GROWING is named before the shape it grows in, which `base` keeps."""

    INTERMITTENT = "intermittent"
    DIURNAL = "diurnal"
    BURSTY = "bursty"
    SUSTAINED = "sustained"
    GROWING = "growing"
    DEAD = "dead"


class PayloadClass(StrEnum):
    """Which ways to host take a payload: up to 4 MB all, to 6 MB all but serverless, to 1 GB only asynchronous."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    TOO_LARGE = "too large"


class LatencyClass(StrEnum):
    """By the time a call takes: below a second, up to a minute (what online hosting waits), an hour, or longer."""

    INTERACTIVE = "interactive"
    SLOW = "slow"
    LONG = "long"
    TOO_LONG = "too long"


@dataclass(frozen=True)
class Shape:
    """A traffic's shape. pattern None: it cannot be told, `missing` says why; confidence 0 to 1, 0 without a pattern.

    busy: part of the known hours with a call. peak_to_mean: of hourly calls. explained: part (0 to 1) of the hourly
    variation that the same hour of other days, or of other weeks, foretells. growth_per_week: 0.1 = a tenth more each
    week; None = fewer than ten days. busy_hours: hours of the day, UTC, with at least half of the mean, and
    quiet_days the weekdays (0 = Monday) with less than a tenth of the busiest one's calls.
    """

    pattern: Pattern | None
    base: Pattern | None
    confidence: float
    known_hours: int
    hours: int
    busy: float | None = None
    peak_to_mean: float | None = None
    explained: float | None = None
    growth_per_week: float | None = None
    mean_per_hour: float | None = None
    busy_hours: tuple[int, ...] = ()
    quiet_days: tuple[int, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The shape in a few words with the figure it rests on; what is missing where there is none."""
        if self.pattern is None:
            return "; ".join(self.missing)
        busy, explained = f"{(self.busy or 0.0) * 100:.0f} %", f"{(self.explained or 0.0) * 100:.0f} %"
        found = {
            Pattern.DEAD: f"no call in {self.known_hours} hours",
            Pattern.INTERMITTENT: f"calls in {busy} of the hours",
            Pattern.DIURNAL: f"the hour of day or week foretells {explained} of the variation",
            Pattern.BURSTY: f"the busiest hour has {self.peak_to_mean or 0:.1f} times the mean",
            Pattern.SUSTAINED: f"calls in {busy} of the hours, at most {self.peak_to_mean or 0:.1f} times the mean",
            Pattern.GROWING: f"{(self.growth_per_week or 0) * 100:+.0f} % a week",
        }
        return found[self.pattern]


def shape(calls: Sequence[float | None], start: datetime) -> Shape:
    """The shape of hourly calls, the first of them in the hour that begins at `start` (aware).

    Raises ValueError on a negative count or a naive start.
    """
    if start.tzinfo is None:
        raise ValueError("start must be aware")
    known = [each for each in calls if each is not None]
    if known and min(known) < 0:
        raise ValueError("calls cannot be negative")
    missing = _lacking(len(known), len(calls), is_quiet=not any(known))
    if missing:
        return Shape(None, None, 0.0, len(known), len(calls), missing=missing)
    mean = fmean(known)
    if not mean:
        return Shape(Pattern.DEAD, Pattern.DEAD, _trust(known, calls, 1.0), len(known), len(calls), 0.0)
    first = start.astimezone(UTC)
    offset = first.weekday() * DAY_H + first.hour
    week: Week = [[] for _ in range(WEEK_H)]
    for at, each in enumerate(calls, offset):
        if each is not None:
            week[at % WEEK_H].append(each)
    busy = (len(known) - known.count(0)) / len(known)
    peak = max(known) / mean
    explained, growth = _explained(week, known, mean), _growth(calls)
    base, margin = _base(busy, peak, explained)
    is_growing = growth is not None and growth >= GROWTH_PER_WEEK
    return Shape(
        Pattern.GROWING if is_growing else base,
        base,
        _trust(known, calls, margin),
        len(known),
        len(calls),
        busy,
        peak,
        explained,
        growth,
        mean,
        _busy_hours(week, mean),
        _quiet_days(week),
    )


def payload_class(largest_bytes: float | None) -> PayloadClass | None:
    """Class of the largest request; None while it is not known. Limits: docs/advisor.md#limits."""
    if largest_bytes is None:
        return None
    limits = ((4 * MB, PayloadClass.SMALL), (6 * MB, PayloadClass.MEDIUM), (1000 * MB, PayloadClass.LARGE))
    return next((name for limit, name in limits if largest_bytes <= limit), PayloadClass.TOO_LARGE)


def latency_class(seconds: float | None) -> LatencyClass | None:
    """Class of the time that a slow call takes (its p99 or longest); None while it is not known."""
    if seconds is None:
        return None
    limits = ((1, LatencyClass.INTERACTIVE), (60, LatencyClass.SLOW), (3600, LatencyClass.LONG))
    return next((name for limit, name in limits if seconds <= limit), LatencyClass.TOO_LONG)


def _lacking(known: int, hours: int, *, is_quiet: bool) -> tuple[str, ...]:
    if known < LEAST_HOURS:
        return (f"{known} hours of calls are known; a shape takes {LEAST_HOURS}",)
    if known < LEAST_COVERAGE * hours:
        return (f"{known} of {hours} hours are known; a shape takes half of them",)
    if is_quiet and known < DEAD_HOURS:
        return (f"no call in {known} hours; {DEAD_HOURS} without one are taken for dead",)
    return ()


def _base(busy: float, peak: float, explained: float | None) -> tuple[Pattern, float]:
    """The shape beside growth, and how far (0 to 1) its figure lies beyond the limit that decided."""
    if explained is not None and explained >= DIURNAL_EXPLAINED and busy >= DIURNAL_BUSY:
        return Pattern.DIURNAL, (explained - DIURNAL_EXPLAINED) / (1 - DIURNAL_EXPLAINED)
    if busy < INTERMITTENT_BUSY:
        return Pattern.INTERMITTENT, 1 - busy / INTERMITTENT_BUSY
    if peak >= BURSTY_PEAK:
        return Pattern.BURSTY, 1 - BURSTY_PEAK / peak
    near = max(peak / BURSTY_PEAK, INTERMITTENT_BUSY / busy if busy < 1 else 0.0)
    return Pattern.SUSTAINED, 1 - near


def _trust(known: Sequence[float], calls: Sequence[float | None], margin: float) -> float:
    """Coverage × length of the history × (a half, and up to another half for a clear decision)."""
    coverage, length = len(known) / len(calls), min(1.0, len(known) / FULL_HOURS)
    return coverage * length * (0.5 + 0.5 * min(1.0, max(0.0, margin)))


def _explained(week: Week, known: Sequence[float], mean: float) -> float | None:
    """How much of the variation (0 to 1) the same hour of other days, or of other weeks, foretells; the better one.

    Days are tried all alike, then workdays apart from weekends, then each by its weekday. Every hour is foretold by the
    median of the others, itself left out, so that noise explains nothing. None with less than three days.
    """
    if len(known) < 3 * DAY_H:
        return None
    keys = [_HOUR]
    if len(known) >= WEEK_H:
        keys.append(_WORKDAY_HOUR)
    if len(known) >= 2 * WEEK_H:
        keys.append(_WEEK_HOUR)
    spread = sum([(each - mean) ** 2 for each in known])
    return max(_foretold(week, key, mean, spread) for key in keys)


def _foretold(week: Week, key: Sequence[slice], mean: float, spread: float) -> float:
    """Part of the spread around the mean that medians of alike hours explain, each hour left out of its own."""
    if not spread:
        return 0.0
    left = 0.0
    for alike in _places(week, key):
        if len(alike) == 2:
            # Each is foretold by the other; so it is for most hours of two weeks, for which a call is too dear.
            left += 2 * (alike[1] - alike[0]) ** 2
        else:
            left += _missed(sorted(alike), mean)
    return max(0.0, 1 - left / spread)


def _missed(ranked: Sequence[float], otherwise: float) -> float:
    """Squares by which the median of the others misses each of one or several sorted values; alone it is `otherwise`.

    Without a value below the middle the median moves up, without one above it moves down: three medians are all.
    """
    others = len(ranked) - 1
    if not others:
        return (ranked[0] - otherwise) ** 2
    low, high = (others - 1) // 2, others // 2
    below = (ranked[low + 1] + ranked[high + 1]) / 2
    above = (ranked[low] + ranked[high]) / 2
    missed = sum([(each - below) ** 2 for each in ranked[: low + 1]], 0.0)
    if high > low:
        missed += (ranked[high] - (ranked[low] + ranked[high + 1]) / 2) ** 2
    return sum([(each - above) ** 2 for each in ranked[high + 1 :]], missed)


def _growth(calls: Sequence[float | None]) -> float | None:
    """Change a week as a part of the median day: median slope between days of the same weekday, else of all days.

    0 unless GROWTH_AGREEMENT of the pairs agree in direction. Days with less than half of their hours are left out.
    """
    days = {}
    for day in range(len(calls) // DAY_H):
        part = [each for each in calls[day * DAY_H : (day + 1) * DAY_H] if each is not None]
        if len(part) >= DAY_H / 2:
            days[day] = fmean(part)
    if len(days) < LEAST_DAYS_OF_GROWTH:
        return None
    step = 7 if len(days) >= 14 else 1
    slopes = [(days[b] - days[a]) / (b - a) for a in days for b in days if b > a and not (b - a) % step]
    middle = median(days.values())
    if not slopes or not middle:
        return 0.0
    slope = median(slopes)
    agree = sum(1 for each in slopes if each and (each > 0) == (slope > 0)) / len(slopes)
    return 7 * slope / middle if agree >= GROWTH_AGREEMENT else 0.0


def _places(week: Week, key: Sequence[slice]) -> Week:
    """Calls of alike hours, those of the earliest known hour first; places without a known hour are left out."""
    if key is _WEEK_HOUR:
        return [each for each in week if each]
    if not all(week):
        hours = {n: range(*part.indices(WEEK_H)) for n, part in enumerate(key)}
        first = {n: next((at for at in found if week[at]), WEEK_H) for n, found in hours.items()}
        key = [key[n] for n in sorted(first, key=first.__getitem__)]
    places = [[*chain.from_iterable(week[part])] for part in key]
    return [found for found in places if found]


def _means(week: Week, key: Sequence[slice]) -> dict[int, float]:
    """By place; those without a known hour are left out."""
    places = ([*chain.from_iterable(week[part])] for part in key)
    return {place: fmean(found) for place, found in enumerate(places) if found}


def _busy_hours(week: Week, mean: float) -> tuple[int, ...]:
    return tuple(hour for hour, found in _means(week, _HOUR).items() if found >= mean / 2)


def _quiet_days(week: Week) -> tuple[int, ...]:
    means = _means(week, _WEEKDAY)
    return tuple(day for day, found in means.items() if found < max(means.values()) / 10)
