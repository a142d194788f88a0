"""Options by hand: the smallest tables on which a choice can be worked out on paper."""

from decimal import Decimal

from fleet.analysis.planner.interval import Range, Standing
from fleet.analysis.planner.options import Option, OptionKind

CALLS = 10_000.0


def option(
    level: int,
    cold: tuple[float, float, float],
    usd: str | None,
    *,
    p99_ms: float | None = 100,
    is_today: bool = False,
) -> Option:
    """A level with its cold starts (likely, low, high) and its price, both a month."""
    return Option(
        kind=OptionKind.LEVEL,
        name=f"level {level}",
        top=level,
        level=level,
        mean_level=level,
        calls=CALLS,
        cold=Range(*cold),
        spilled=Range(0, 0, 0),
        throttled=Range(0, 0, 0),
        p99_ms=None if p99_ms is None else Range(p99_ms, p99_ms, p99_ms),
        usd=None if usd is None else Decimal(usd),
        standing=Standing.GOOD,
        is_today=is_today,
    )


def ladder(*, live: int | None = 0) -> list[Option]:
    """Four levels: 1,000, 200, 90 and 85 cold starts a month for $10, $40, $70 and $100."""
    rows = [
        (0, (1000, 1000, 1000), "10"),
        (1, (200, 150, 300), "40"),
        (2, (90, 60, 120), "70"),
        (3, (85, 55, 118), "100"),
    ]
    return [option(level, cold, usd, is_today=level == live) for level, cold, usd in rows]
