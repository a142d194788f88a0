"""Words that every measured figure needs: its window, its buckets, what it is compared with, how it came about."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from dashboards import wording
from dashboards.tiles import Explain
from dashboards.truth import METRICS_CALL
from fleet.queries.scope import TimeRange

BEFORE = {
    "1h": "the hour before",
    "24h": "the day before",
    "7d": "the week before",
    "30d": "the 30 days before",
    "month": "as long before",
}
NOTABLE = 0.05
"""Changes smaller than this part of the earlier figure stay without colour."""


class Comparison(TypedDict, total=False):
    """Fields of a Tile that say how a figure changed."""

    note: str
    direction: str
    tone: str


def window_words(window: TimeRange) -> str:
    """ "13 Nov 09:42 – 20 Nov 09:42 UTC" """
    start, end = (f"{at.day} {at:%b %H:%M}" for at in (window.start, window.end))
    return f"{start} – {end} UTC"


def bucket_words(window: TimeRange) -> str:
    """Which stored buckets a window is read from."""
    return "1 or 5 minutes" if window.has_fine_buckets else "1 hour"


def table_step(window: TimeRange) -> timedelta:
    """How wide the rows of a chart's table are: short enough to read, long enough to end."""
    if window.length <= timedelta(hours=1):
        return timedelta(minutes=5)
    return timedelta(hours=1) if window.length <= timedelta(days=8) else timedelta(days=1)


def step_words(step: timedelta) -> str:
    """ "per hour", "per day", "per 5 minutes" """
    if step == timedelta(hours=1):
        return "per hour"
    if step == timedelta(days=1):
        return "per day"
    return f"per {int(step.total_seconds() // 60)} minutes" if step > timedelta(minutes=1) else "per minute"


def when(at: datetime, step: timedelta) -> str:
    """The start of a table row: "Fri 20 Nov 08:00", or the day alone for daily rows."""
    return f"{at:%a} {at.day} {at:%b}" if step >= timedelta(days=1) else f"{at:%a} {at.day} {at:%b %H:%M}"


def explain(
    text: str,
    window: TimeRange,
    *,
    formula: str = "",
    inputs: Sequence[tuple[str, str]] = (),
    source: str = "",
    basis: str = "measured",
    as_of: datetime | None = None,
    call: str = METRICS_CALL,
) -> Explain:
    """An explanation that also names the window and the buckets it was read from."""
    return Explain(
        text=text, formula=formula, inputs=[*inputs, ("Buckets", bucket_words(window))], source=source, basis=basis,
        as_of=as_of, window=window_words(window), call=call,
    )  # fmt: skip


def compared(
    now: float | None, before: float | None, window: TimeRange, *, is_known: bool, bad: str = ""
) -> Comparison:
    """note, direction and tone of a tile against the window before; bad: "up" or "down", "" when neither is.

    is_known: whether that window's history is stored; if not, there is nothing to compare with and nothing is said.
    """
    words = BEFORE.get(window.key, "before")
    if now is None or not is_known:
        return {}
    if before is None:
        return {"note": f"nothing reported {'' if words.startswith('as ') else 'in '}{words}"}
    if before == 0:
        return {"note": f"unchanged vs {words}" if now == 0 else f"none in {words}"}
    change = (now - before) / before
    if abs(change) < 0.005:
        return {"note": f"unchanged vs {words}"}
    direction = "up" if change > 0 else "down"
    tone = "" if not bad or abs(change) < NOTABLE else ("failed" if bad == direction else "ok")
    size = f"{now / before:.0f} times {words}" if change > 9 else f"{wording.percent(abs(change))} vs {words}"
    return {"note": size, "direction": direction, "tone": tone}


def compared_points(
    now: float | None, before: float | None, window: TimeRange, *, bad: str = ""
) -> Comparison:
    """Like `compared` for ratios, in percentage points; an unknown earlier ratio says nothing."""
    words = BEFORE.get(window.key, "before")
    if now is None or before is None:
        return {}
    points = (now - before) * 100
    if abs(points) < 0.05:
        return {"note": f"unchanged vs {words}"}
    direction = "up" if points > 0 else "down"
    tone = "" if not bad or abs(points) < 0.5 else ("failed" if bad == direction else "ok")
    return {"note": f"{abs(points):.1f} pt vs {words}", "direction": direction, "tone": tone}
