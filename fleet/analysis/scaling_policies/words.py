"""Figures in the linter's sentences. Pure."""

from decimal import Decimal

from fleet.costs.periods import HOURS_PER_MONTH


def number(value: float | None) -> str:
    """ "5", "0.5"; "—" for what is not known."""
    return "—" if value is None else f"{value:,.10g}"


def seconds(value: float) -> str:
    """ "95 s", "12.5 s": three digits."""
    return f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"


def share(part: float, whole: float) -> str:
    """ "62 %" """
    return f"{100 * part / whole:.0f} %"


def plural(count: int | float, noun: str) -> str:
    """ "1 request", "12 requests" """
    return f"{number(count)} {noun if count == 1 else f'{noun}s'}"


def month(usd_a_day: Decimal | None, part: float) -> Decimal | None:
    """USD of 730 h at so much a day, and of it the part; None where nothing is known."""
    if usd_a_day is None:
        return None
    return (usd_a_day / 24 * HOURS_PER_MONTH * Decimal(repr(part))).quantize(Decimal("0.01"))
