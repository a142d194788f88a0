"""How advice, flow and scores say figures. Pure, and free of what advice and operations are."""

from decimal import ROUND_HALF_UP, Decimal

from fleet.advisor.evidence import PricedWay
from fleet.costs.break_even import Family


def usd(amount: Decimal | None) -> str:
    """ "$1,234.50", "−$3.00"; "—" when not known."""
    if amount is None:
        return "—"
    cents = abs(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'−' if amount < 0 and cents else ''}${cents:,}"


def share(part: float | None) -> str:
    """A part of one as a percentage: "12 %"; "—" when not known."""
    return "—" if part is None else f"{part * 100:.3g} %"


def percent(value: float | None) -> str:
    """A percentage that comes as one: "12 %"; "—" when not known."""
    return "—" if value is None else f"{value:.3g} %"


def number(value: float | None) -> str:
    """ "1,234", "0.5"; "—" when not known."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"


def duration(ms: float | None) -> str:
    """ "230 ms", "4.2 s"; "—" when not known."""
    if ms is None:
        return "—"
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.3g} s"


def way(found: PricedWay | None) -> str:
    """ "2 GB serverless", "3 × ml.c5.large", "ml.c5.large"; "—" for none."""
    if found is None:
        return "—"
    if found.family in (Family.SERVERLESS, Family.PROVISIONED):
        return f"{int(found.item) // 1024} GB serverless" + (f", {found.level} warm" if found.level else "")
    return f"{found.count} × {found.item}" if found.count else found.item
