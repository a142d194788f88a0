"""Figures as mails and incident pages print them; None is "not reported", never 0."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from fleet.alerts.context import BARS, Row

NOT_REPORTED = "not reported"


def percent(ratio: float | None) -> str:
    """0.123 as "12.3 %"."""
    if ratio is None:
        return NOT_REPORTED
    value = ratio * 100
    return f"{value:.0f} %" if value >= 99.95 or value == int(value) else f"{value:.3g} %"


def count(value: float | None) -> str:
    """1234.0 as "1,234"; fractions of small rates keep one digit."""
    if value is None:
        return NOT_REPORTED
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def usd(value: Decimal) -> str:
    """ "$1,240.50"."""
    return f"${value:,.2f}"


def lasting(span: timedelta) -> str:
    """ "6 min", "1 h 12 min", "2 d 19 h"."""
    minutes = max(int(span.total_seconds() // 60), 0)
    if minutes < 1:
        return f"{max(int(span.total_seconds()), 0)} s"
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def clock(at: datetime) -> str:
    """ "09:05", UTC."""
    return f"{at.astimezone(UTC):%H:%M}"


def day_and_clock(at: datetime) -> str:
    """ "Fri 20 Nov 2026, 09:10 UTC"."""
    return f"{at.astimezone(UTC):%a %-d %b %Y, %H:%M} UTC"


def per_minute(rows: Sequence[Row], column: str, last: int = 5) -> float | None:
    """Mean a minute over the newest `last` buckets that report the column; None when none does."""
    measured = [row for row in rows if row[column] is not None][-last:]
    minutes = sum(row["period_s"] for row in measured) / 60
    return sum(row[column] for row in measured) / minutes if minutes else None


def total(rows: Sequence[Row], column: str) -> float | None:
    """Sum over the rows that report the column; None when none does."""
    measured = [row[column] for row in rows if row[column] is not None]
    return sum(measured) if measured else None


def newest(rows: Sequence[Row], column: str) -> float | None:
    """The last reported value."""
    return next((row[column] for row in reversed(rows) if row[column] is not None), None)


def series(
    rows: Sequence[Row],
    label: str,
    unit: str,
    threshold: float | None,
    value: str,
    per: str = "",
    below: bool = False,
) -> dict[str, Any]:
    """The last buckets as stored on the incident and drawn in the mail; value and per let the page draw more of it.

    points: [ISO start, value or null, breaches]; value is column `value`, divided by column `per` where given.
    unit "%" means ratios. threshold None draws none. below: the rule looks for values under the threshold.
    """
    points = []
    for row in rows[-BARS:]:
        figure = _divided(row, value, per)
        breaches = (
            figure is not None
            and threshold is not None
            and (figure < threshold if below else (figure >= threshold and figure > 0))
        )
        points.append([row["at"].isoformat(), figure, breaches])
    period_s = rows[-1]["period_s"] if rows else 60
    return {
        "label": label,
        "unit": unit,
        "threshold": threshold,
        "period_s": period_s,
        "value": value,
        "per": per,
        "points": points,
    }


def _divided(row: Row, value: str, per: str) -> float | None:
    if row[value] is None and not (per and row[per]):
        return None
    if not per:
        return float(row[value])
    return float(row[value] or 0) / row[per] if row[per] else None


def as_text(value: float | None, unit: str) -> str:
    """One value of a series with its unit."""
    if value is None:
        return NOT_REPORTED
    if unit == "%":
        return percent(value)
    if unit == "s":
        return lasting(timedelta(seconds=value))
    return f"{count(value)} {unit}".strip()


def scale(series: Mapping[str, Any]) -> float:
    """The value that fills a bar's height: the largest one, the threshold or (for ratios) 1."""
    values = [point[1] for point in series.get("points", []) if point[1] is not None]
    floor = 1.0 if series.get("unit") == "%" and max(values, default=0) > 0.5 else 0.0
    return max([*values, series.get("threshold") or 0.0, floor]) or 1.0
