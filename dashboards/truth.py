"""Truth labels: how far a shown figure can be trusted. One vocabulary for tiles, cells, charts and cost lines."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dashboards.tiles import Explain, Tile

METRICS_CALL = "cloudwatch:GetMetricData"


class Truth(StrEnum):
    """The state of a figure. NOT_PUBLISHED: AWS has no such figure for this kind; MISSING: it could be there."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    BILLED = "billed"
    ASSUMED = "assumed"
    STALE = "stale"
    MISSING = "missing"
    NOT_PUBLISHED = "not-published"


@dataclass(frozen=True)
class Look:
    """How a state is drawn: colour never stands alone."""

    word: str
    icon: str
    tone: str


LOOKS: dict[Truth, Look] = {
    Truth.MEASURED: Look("Measured", "circle-check", "ok"),
    Truth.ESTIMATED: Look("Estimated", "adjustments", ""),
    Truth.BILLED: Look("Billed", "circle-check", "ok"),
    Truth.ASSUMED: Look("Assumed", "adjustments", "attention"),
    Truth.STALE: Look("Old: nothing newer was read", "clock", "attention"),
    Truth.MISSING: Look("Missing: AWS reported nothing", "circle-dashed", "off"),
    Truth.NOT_PUBLISHED: Look("Not published for this kind", "minus", "off"),
}


def of(explain: Explain | None, *, has_figure: bool, is_published: bool = True) -> Truth:
    """The state of a figure from what is known about it; a figure without any explanation counts as estimated."""
    if not is_published:
        return Truth.NOT_PUBLISHED
    if not has_figure:
        return Truth.MISSING
    if explain is None or not explain.basis:
        return Truth.ESTIMATED
    return Truth.STALE if explain.is_stale else Truth(explain.basis)


def aged(explain: Explain, now: datetime, stale_after: timedelta) -> Explain:
    """The explanation with `is_stale` set where its data ends longer ago than `stale_after`."""
    if explain.as_of is None:
        return explain
    return replace(explain, is_stale=now - explain.as_of > stale_after)


def aged_tile(tile: Tile, now: datetime, stale_after: timedelta) -> Tile:
    """The tile with an old figure marked as such; one without a figure stays missing."""
    if tile.explain is None:
        return tile
    return replace(tile, explain=aged(tile.explain, now, stale_after))
