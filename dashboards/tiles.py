"""Stat tiles as values: a figure, how it changed, and how it is worked out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Explain:
    """Answer to "where does this figure come from": words, formula, inputs, price source, basis and time of data.

    basis: measured, estimated, billed or assumed. as_of: aware UTC, until when data has been read. window: the time
    the figure is about. call: the AWS call it was read by. is_stale: read longer ago than it should have been.
    lines_url: where the cost lines behind the figure stand (dashboards.costs.explain).
    """

    text: str
    formula: str = ""
    inputs: Sequence[tuple[str, str]] = ()
    source: str = ""
    basis: str = ""
    as_of: datetime | None = None
    window: str = ""
    call: str = ""
    is_stale: bool = False
    lines_url: str = ""


@dataclass(frozen=True)
class Tile:
    """One tile. number is worded already ("$1,068"); None shows "—" with `reason`.

    note: the comparison under the figure; direction "up" or "down" draws an arrow; tone (ok, attention, failed)
    colours the note by what it means, not by its sign. title: the exact figure. is_published False: AWS has no such
    figure for this kind of endpoint.
    """

    label: str
    number: str | None
    unit: str = ""
    note: str = ""
    tone: str = ""
    direction: str = ""
    title: str = ""
    url: str = ""
    reason: str = "Not reported"
    spark: Sequence[float | None] = ()
    spark_label: str = ""
    explain: Explain | None = None
    is_published: bool = True
