"""Which months, weeks and days make up a span of UTC days, so that a long one is read from few rows. No queries."""

from dataclasses import dataclass
from datetime import date, timedelta

from fleet.queries.cost_scope import Span

DAY, WEEK, MONTH = "day", "week", "month"
GRAINS = (WEEK, MONTH)
"""What fleet.rollups adds costs up by; weeks begin on Monday."""
DAYS_UP_TO, WEEKS_UP_TO = 35, 100
"""The longest spans in days that are drawn by day, and by week."""
_ONE = timedelta(days=1)


@dataclass(frozen=True)
class Piece:
    """One day, week or month, by its first day."""

    grain: str
    first: date

    @property
    def last(self) -> date:
        return following(self.grain, self.first) - _ONE


@dataclass(frozen=True)
class Bucket:
    """One bar: the days of a week or a month that are in the span, and when the whole of it begins."""

    first: date
    span: Span


def piece_of(grain: str, day: date) -> Piece:
    """The day, week or month that `day` is in."""
    if grain == MONTH:
        return Piece(grain, day.replace(day=1))
    return Piece(grain, day - timedelta(days=day.weekday()) if grain == WEEK else day)


def following(grain: str, first: date) -> date:
    """The first day after a day, week or month that begins on `first`."""
    if grain == MONTH:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=7 if grain == WEEK else 1)


def cover(span: Span, *, is_rolled: bool = True) -> list[Piece]:
    """Disjoint pieces that are exactly the span, oldest first: months, then weeks, then days.

    is_rolled False: days only, for when weeks and months have not been added up.
    """
    found = []
    day = span.first
    while day <= span.last:
        piece = next(
            (
                Piece(grain, day)
                for grain in ((MONTH, WEEK) if is_rolled else ())
                if piece_of(grain, day).first == day and following(grain, day) - _ONE <= span.last
            ),
            Piece(DAY, day),
        )
        found.append(piece)
        day = following(piece.grain, day)
    return found


def grain_of(span: Span) -> str:
    """What a chart of the span has a bar for."""
    length = (span.last - span.first).days + 1
    return DAY if length <= DAYS_UP_TO else WEEK if length <= WEEKS_UP_TO else MONTH


def buckets(span: Span) -> list[Bucket]:
    """The bars of a chart of the span, oldest first; the first and the last may hold fewer days than the others."""
    grain, found = grain_of(span), []
    day = span.first
    while day <= span.last:
        piece = piece_of(grain, day)
        last = min(piece.last, span.last)
        found.append(Bucket(piece.first, Span(day, last)))
        day = last + _ONE
    return found


def before(span: Span) -> Span:
    """What a span is compared with: whole months with as many months before, other days with as many days before."""
    end = span.first - _ONE
    if span.first.day == 1 and following(MONTH, span.last.replace(day=1)) == span.last + _ONE:
        months = (span.last.year - span.first.year) * 12 + span.last.month - span.first.month + 1
        number = span.first.year * 12 + span.first.month - 1 - months
        return Span(date(number // 12, number % 12 + 1, 1), end)
    return Span(end - (span.last - span.first), end)
