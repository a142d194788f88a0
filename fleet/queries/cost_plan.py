"""What the explorer reads for a span: kept sums, sums to date of a few days, or months, weeks and days. No queries."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from fleet.queries.cost_cover import MONTH, Piece, before, buckets, cover, piece_of
from fleet.queries.cost_scope import Span

NOW, COMPARED, BEFORE = 0, 1, 2
"""What a piece counts for: the span alone, the span and its comparison, or the span before."""
_ONE = timedelta(days=1)


@dataclass(frozen=True)
class Mark:
    """Sums to date of one day, and how often they count in the sum of the span and of the one before; -1: taken off."""

    day: date
    now: int = 0
    before: int = 0

    @property
    def month(self) -> date:
        """The first of the month that holds the sums."""
        return piece_of(MONTH, self.day).first


def ends(span: Span) -> list[tuple[date, int]]:
    """The days whose sums to date are a span's sum, and how often each is added: sums to date begin anew each year."""
    found = []
    for year in range(span.first.year, span.last.year + 1):
        first, last = max(span.first, date(year, 1, 1)), min(span.last, date(year, 12, 31))
        found.append((last, 1))
        if (first.month, first.day) != (1, 1):
            found.append((first - _ONE, -1))
    return found


@dataclass(frozen=True)
class Plan:
    """Which days are added up and which are compared: the whole days of the span with those of the span before.

    compared None: the span holds nothing but today, which is not over. kept: the key of the span where the sums of
    its whole days are kept (fleet.queries.cost_spans), "" where they are added up. has_sums: sums to date are kept.
    """

    span: Span
    compared: Span | None
    before: Span | None
    is_rolled: bool = True
    kept: str = ""
    has_sums: bool = False

    @classmethod
    def of(
        cls, span: Span, today: date, *, is_rolled: bool = True, kept: str = "", has_sums: bool = False
    ) -> "Plan":
        """The plan of a span as `today` has it."""
        compared = Span(span.first, span.last - timedelta(days=1)) if span.last >= today else span
        if compared.last < compared.first:
            return cls(span, None, None, is_rolled)
        return cls(span, compared, before(compared), is_rolled, kept, has_sums)

    @property
    def is_difference(self) -> bool:
        """Whether the whole days are read as differences of sums to date, which are fewer rows than their pieces."""
        return self.has_sums and not self.kept and len(self.marks) < len(self.whole)

    @property
    def differences(self) -> list[Mark]:
        """The sums to date to read; () where there are none, or something is quicker."""
        return self.marks if self.is_difference else []

    @property
    def marks(self) -> list[Mark]:
        """The sums to date that make up the whole days of the span and of the one before."""
        found: dict[date, list[int]] = defaultdict(lambda: [0, 0])
        for n, span in enumerate((self.compared, self.before)):
            for day, sign in ends(span) if span else ():
                found[day][n] += sign
        return [Mark(day, *signs) for day, signs in sorted(found.items()) if any(signs)]

    @property
    def pieces(self) -> list[tuple[Piece, int]]:
        """Every piece to read with what it counts for; each day is in one of them once."""
        found = []
        for days, slot in ((self.compared, COMPARED), (self._rest, NOW), (self.before, BEFORE)):
            if days is not None:
                found += [(piece, slot) for piece in cover(days, is_rolled=self.is_rolled)]
        return found

    @property
    def whole(self) -> list[tuple[Piece, int]]:
        """The pieces of whole days: what is kept of a kept span."""
        return [(piece, slot) for piece, slot in self.pieces if slot != NOW]

    @property
    def read(self) -> list[tuple[Piece, int]]:
        """The pieces to read: beside kept sums today alone."""
        return self.today if self.kept or self.is_difference else self.pieces

    @property
    def today(self) -> list[tuple[Piece, int]]:
        """The piece of a day that is not over."""
        return [(piece, slot) for piece, slot in self.pieces if slot == NOW]

    @property
    def of_use(self) -> list[tuple[Piece, int]]:
        """The pieces to read of what endpoints did, which is not compared."""
        return [(piece, NOW) for piece, slot in self.read if slot != BEFORE]

    @property
    def bars(self) -> list[Span | None]:
        """The whole days of each bar of the span's chart; None: the bar is today alone."""
        last = (self.compared or self.span).last
        spans = (bar.span for bar in buckets(self.span))
        return [Span(span.first, min(span.last, last)) if span.first <= last else None for span in spans]

    @property
    def in_bars(self) -> list[tuple[Piece, int]]:
        """Every piece of the chart with the number of its bar."""
        return [
            (piece, n)
            for n, bar in enumerate(buckets(self.span))
            for piece in cover(bar.span, is_rolled=self.is_rolled)
        ]

    @property
    def draws_differences(self) -> bool:
        """Whether the bars of the chart are differences of sums to date, of which a month is read at once."""
        if not self.has_sums or self.kept:
            return False
        spans = [span for span in self.bars if span]
        months = {day.replace(day=1) for span in spans for day, _ in ends(span)}
        return len(months) < sum(len(cover(span)) for span in spans)

    @property
    def _rest(self) -> Span | None:
        if self.compared is None:
            return self.span
        return Span(self.span.last, self.span.last) if self.compared.last < self.span.last else None
