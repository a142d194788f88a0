"""Stat tiles as values: a figure, how it changed, and how it is worked out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Explain:
    """Answer to "where does this figure come from": words, formula, inputs, price source, basis and time of data.

    basis: measured, estimated, billed or assumed. as_of: aware UTC, until when data has been read.
    """

    text: str
    formula: str = ""
    inputs: Sequence[tuple[str, str]] = ()
    source: str = ""
    basis: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True)
class Tile:
    """One tile. number is worded already ("$1,068"); None shows "—" with `reason`.

    note: the comparison under the figure; direction "up" or "down" draws an arrow; tone (ok, attention, failed)
    colours the note by what it means, not by its sign. title: the exact figure.
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
