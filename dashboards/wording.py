"""Figures as people read them: three significant digits, units, a true minus. Unknown (None) is an em dash.

Pure functions; the template tags of templatetags/units.py wrap them with the exact figure as title.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "—"
MINUS = "−"

_CENT = Decimal("0.01")

Number = int | float | Decimal


def usd(value: Number | None) -> str:
    """ "$1,068", "$39.41", "$0.0152", "−$2.50"; cents from one dollar to a thousand, three digits below."""
    if value is None:
        return UNKNOWN
    amount = Decimal(str(value))
    sign, size = (MINUS, -amount) if amount < 0 else ("", amount)
    if size >= 1000:
        return f"{sign}${_quantize(size, 0):,}"
    if size >= 1 or size == 0:
        return f"{sign}${_quantize(size, 2):,}"
    return f"{sign}${_significant(size)}"


def usd_exact(value: Number | None) -> str:
    """Every digit there is, for titles: "$884.664210"."""
    if value is None:
        return UNKNOWN
    amount = Decimal(str(value))
    return f"{MINUS if amount < 0 else ''}${abs(amount):,f}"


def usd_change(value: Number | None) -> str:
    """A difference with its sign: "+$66.20", "−$827.53", "$0.00"; "< $0.01" either way where it is no cent."""
    if value is None:
        return UNKNOWN
    if 0 < abs(Decimal(str(value))) < _CENT:
        return f"< ${_CENT}"
    return f"+{usd(value)}" if value > 0 else usd(value)


def amount(value: Number | None, digits: int = 2) -> str:
    """A figure whose unit stands in the column head: "1,075.73"."""
    if value is None:
        return UNKNOWN
    return f"{_quantize(Decimal(str(value)), digits):,f}".replace("-", MINUS)


def count(value: Number | None) -> str:
    """ "3,120", "1.23 M": whole up to a million."""
    if value is None:
        return UNKNOWN
    size = abs(float(value))
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M")):
        if size >= limit:
            return f"{_significant(Decimal(str(value)) / limit)} {unit}".replace("-", MINUS)
    if size.is_integer() or size >= 1000:
        return f"{_quantize(Decimal(str(value)), 0):,}".replace("-", MINUS)
    return _significant(Decimal(str(value))).replace("-", MINUS)


def percent(ratio: Number | None, *, unit: bool = True) -> str:
    """A ratio between 0 and 1 as "2.1 %" (or "2.1" where the head carries the unit)."""
    if ratio is None:
        return UNKNOWN
    value = Decimal(str(ratio)) * 100
    size = abs(value)
    if size == 0:
        text = "0"
    elif size >= 100:
        text = f"{_quantize(value, 0):,}"
    elif size >= 10:
        text = f"{_quantize(value, 1)}".removesuffix(".0")
    elif size >= 1:
        text = f"{_quantize(value, 1)}"
    else:
        text = f"{_quantize(value, 2)}" if size >= Decimal("0.005") else "< 0.01"
    text = text.replace("-", MINUS)
    return f"{text} %" if unit else text


def millis(value: Number | None) -> str:
    """A latency in milliseconds: "0.8 ms", "412 ms", "2.90 s", "105 s"."""
    if value is None:
        return UNKNOWN
    ms = float(value)
    if ms < 999.5:
        return f"{ms:.0f} ms" if ms >= 10 or ms == 0 else f"{ms:.1f} ms"
    if ms < 10_000:
        return f"{ms / 1000:.2f} s"
    if ms < 99_950:
        return f"{ms / 1000:.1f} s"
    return f"{ms / 1000:,.0f} s"


def span(value: Number | timedelta | None) -> str:
    """A duration in seconds, two units at most: "40 s", "32 min", "1 h 12 min", "2 d 19 h"."""
    if value is None:
        return UNKNOWN
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    seconds = max(seconds, 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 2 and rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours and days < 7 else f"{days} d"


def ago(at: datetime | None, now: datetime) -> str:
    """ "40 s ago"; "in 5 min" for an instant ahead."""
    if at is None:
        return UNKNOWN
    seconds = (now - at).total_seconds()
    if seconds < -1:
        return f"in {span(-seconds)}"
    return f"{span(seconds)} ago"


def instant(at: datetime | None, now: datetime) -> str:
    """ "Today 09:31", "Yesterday 15:40", "18 Nov 11:05", "18 Nov 2025 11:05", UTC."""
    if at is None:
        return UNKNOWN
    days = (now.date() - at.date()).days
    if days == 0:
        return f"Today {at:%H:%M}"
    if days == 1:
        return f"Yesterday {at:%H:%M}"
    day = f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b %Y}"
    return f"{day} {at:%H:%M}"


def exact(at: datetime | None) -> str:
    """The instant in full, for titles: "2026-11-20 09:31:04 UTC"."""
    return UNKNOWN if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def plural(number: int, one: str, many: str = "") -> str:
    """ "1 endpoint", "61 endpoints"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def spoken(number: int) -> str:
    """A small number as a sentence starts with it: "Four", "12"."""
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
    return words[number] if 0 <= number < len(words) else f"{number:,}"


def _quantize(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _significant(value: Decimal) -> str:
    """Three significant digits without an exponent."""
    if value == 0:
        return "0"
    places = max(2 - value.adjusted(), 0)
    return f"{_quantize(value, places):f}"
