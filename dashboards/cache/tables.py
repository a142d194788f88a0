"""Tiles of the Cache page, and the words of a verdict."""

from typing import Any

from dashboards import measured, wording
from dashboards.tiles import Explain, Tile
from fleet.analysis.cache import LIMITS, CacheUse, Verdict
from fleet.queries.cache import CachePage
from fleet.queries.scope import TimeRange

HITS = "CloudWatch ModelCacheHit (Sum, SampleCount)"
UNLOADS = "CloudWatch ModelUnloadingTime (SampleCount)"
WAITS = "CloudWatch ModelLoadingWaitTime (Sum), ModelLatency (Sum)"
LOADED = "CloudWatch LoadedModelCount (Average), /aws/sagemaker/Endpoints"

VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.HEALTHY: ("applied", "Healthy"),
    Verdict.WARMING: ("running", "Warming"),
    Verdict.THRASHING: ("warning", "Thrashing"),
    Verdict.NO_DATA: ("unknown", "No data"),
}
"""Verdict → the state that draws it, and its word."""


def tiles(found: CachePage, window: TimeRange) -> list[Tile]:
    """Hit ratio, unloads and misses of the scope, and how many endpoints thrash."""
    return [
        *use_tiles(found.use, found.before if found.knows_before else None, window, found.data_until),
        Tile(
            "Thrashing",
            str(len(found.thrashing)),
            unit=f"of {found.total}",
            note="worst: {}, {:.2f}".format(*found.worst) if found.worst else "",
            tone="attention" if found.thrashing else "",
            explain=measured.explain(
                f"Our verdict, not AWS's: hit ratio below {LIMITS.thrash_hit_ratio:.2f} and at least "
                f"{LIMITS.thrash_unloads:.0f} unloads per 1,000 look-ups, until {LIMITS.recovered_hit_ratio:.2f} or "
                f"fewer than {LIMITS.recovered_unloads:.0f}. Judged hour by hour over 7 days.",
                window, source=HITS, basis="estimated", as_of=found.data_until,
            ),
        ),
    ]  # fmt: skip


def use_tiles(use: CacheUse, before: CacheUse | None, window: TimeRange, as_of: Any) -> list[Tile]:
    """Hit ratio, unloads and misses with what each is made of; before None: that history is not stored."""
    hits_before = before.hit_ratio if before else None
    unloads_before = before.unloads_per_hour if before else None
    return [
        Tile(
            "Cache hit ratio",
            None if use.hit_ratio is None else f"{use.hit_ratio:.2f}",
            title="" if use.hit_ratio is None else f"{use.hit_ratio:.6f}",
            reason="CloudWatch reported no look-up",
            explain=_hit_explain(use, window, as_of),
            **measured.compared_points(use.hit_ratio, hits_before, window, bad="down"),
        ),
        Tile(
            "Unloads",
            None if use.unloads_per_hour is None else wording.count(round(use.unloads_per_hour, 1)),
            unit="per hour",
            reason="CloudWatch reported nothing",
            explain=measured.explain(
                "Models removed from memory to make room, per hour that has figures.", window,
                formula=f"{wording.count(use.unloads)} unloads ÷ {use.hours:.1f} h", source=UNLOADS, as_of=as_of,
            ),
            **measured.compared(use.unloads_per_hour, unloads_before, window, is_known=before is not None, bad="up"),
        ),
        Tile(
            "Calls that waited for a model",
            None if use.misses is None else wording.count(use.misses),
            note=f"of {wording.count(use.look_ups)} look-ups",
            reason="CloudWatch reported no look-up",
            explain=measured.explain(
                "Look-ups whose model was not in memory.", window,
                formula=f"{wording.count(use.look_ups)} − {wording.count(use.hits)}", source=HITS, as_of=as_of,
            ),
        ),
    ]  # fmt: skip


def _hit_explain(use: CacheUse, window: TimeRange, as_of: Any) -> Explain:
    return measured.explain(
        "Part of the look-ups whose model was already loaded, weighted by look-ups.", window,
        formula=f"{wording.count(use.hits)} hits ÷ {wording.count(use.look_ups)} look-ups", source=HITS, as_of=as_of,
    )  # fmt: skip
