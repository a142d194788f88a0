"""Figures of the planner in the words of its sentences: rounded no finer than they are known."""

from decimal import Decimal

from fleet.analysis.planner.interval import FEW, Range


def usd(amount: Decimal) -> str:
    """ "$41.20"; below ten cents as many decimals as tell something: "$0.0034"."""
    if amount and abs(amount) < Decimal("0.1"):
        return f"${amount:.2g}" if abs(amount) >= Decimal("0.0001") else "less than $0.0001"
    return f"${amount:,.2f}"


def count(number: float) -> str:
    """Two significant figures: an estimate is not known any better. "1,300", "fewer than 20"."""
    if number < FEW:
        return f"fewer than {FEW}"
    return f"{float(f'{number:.2g}'):,.0f}"


def cold_starts(cold: Range) -> str:
    """ "about 120 (60 to 210) cold starts a month", "fewer than 20 cold starts a month" where even the range is."""
    if cold.high < FEW:
        return f"{count(cold.high)} cold starts a month"
    if cold.low == cold.high:
        return f"{count(cold.likely)} cold starts a month"
    low = "0" if cold.low < 1 else f"{float(f'{cold.low:.2g}'):,.0f}"
    about = count(cold.likely) if cold.likely < FEW else f"about {count(cold.likely)}"
    return f"{about} ({low} to {count(cold.high)}) cold starts a month"


def share(part: float) -> str:
    """ "3.1 %", "0.04 %"."""
    return f"{part * 100:.1f} %" if part >= 0.001 or not part else f"{part * 100:.2f} %"


def milliseconds(ms: float) -> str:
    """ "230 ms", "12.4 s"."""
    return f"{ms:,.0f} ms" if ms < 1000 else f"{ms / 1000:,.1f} s"
