"""What another memory size makes of the hit ratio: a figure, its range, and how sure it is."""

import math
from dataclasses import dataclass
from enum import StrEnum

from fleet.analysis.cache_forecast.fit import Fit, Standing

MARGIN = 0.02
"""Added to either side of a range: what sizes, drift and other ways of unloading than the least recently used make."""


class Sureness(StrEnum):
    """In words: MEASURED = it is so today; GOOD = one way of reading the figures; WEAK = for a reason that is said."""

    MEASURED = "measured"
    GOOD = "good"
    WEAK = "weak"


@dataclass(frozen=True)
class HitForecast:
    """Hit ratio with some memory. hit None = only the range can be told. 0 to 1; loads_per_hour over all instances.

    residents: models that one instance would hold.
    """

    hit: float | None
    low: float
    high: float
    residents: float
    loads_per_hour: float | None
    sureness: Sureness
    reasons: tuple[str, ...] = ()

    @property
    def width(self) -> float:
        return self.high - self.low


def today(found: Fit) -> HitForecast:
    """What is measured now, as a forecast that needs no curve. Raises ValueError without look-ups."""
    seen = found.observation
    hits = seen.hit_ratio
    if hits is None:
        raise ValueError("no look-ups were observed")
    return HitForecast(
        hits,
        hits,
        hits,
        seen.residents or 0.0,
        seen.misses / seen.hours if seen.hours else None,
        Sureness.MEASURED,
    )


def with_memory(found: Fit, factor: float, *, models: float = 1.0) -> HitForecast | None:
    """The hit ratio if one instance had `factor` times today's memory (and `models` times today's models).

    None where the fit allows no forecast: also for less memory than today's while everything fits, because a cache
    that never unloads shows nothing of its curve. models: 0.5 = half of the models, chosen without regard to calls.
    """
    seen = found.observation
    hits, residents = seen.hit_ratio, seen.residents
    if hits is None or residents is None:
        return None
    if found.standing is Standing.FITS:
        return _still_fits(found, factor / models)
    if not found.may_forecast or seen.hosted is None:
        return None
    kept = residents * factor / models
    ends = [curve.hit_ratio(kept) for curve in found.curves]
    middle = sum(ends[:-1]) / len(ends[:-1])
    spread = MARGIN + 2 * math.sqrt(hits * (1 - hits) / seen.look_ups)
    low, high = min(ends) - spread, max(ends) + spread
    bounds = (hits, 1.0) if kept >= residents else (0.0, hits)
    middle = min(max(middle, bounds[0]), bounds[1])
    low, high = max(bounds[0] - MARGIN, min(low, middle), 0.0), min(bounds[1], max(high, middle))
    return HitForecast(
        middle,
        low,
        high,
        min(kept, seen.hosted) * models,
        _loads(found, middle),
        *_sureness(found, high - low),
    )


def more_instances(found: Fit, factor: float) -> HitForecast | None:
    """The hit ratio on `factor` times as many instances: between no change and as much memory more.

    How AWS spreads a model's calls is not documented in numbers: if any instance may get any call, each holds the same
    models and nothing changes; if a model keeps to its instance, all their memory counts. None as for with_memory.
    """
    other = with_memory(found, factor)
    hits = found.observation.hit_ratio
    if other is None or hits is None:
        return None
    low, high = min(hits, other.low), max(hits, other.high)
    words = (
        "It depends on whether AWS sends a model's calls to one instance or to any: that is not published."
    )
    return HitForecast(None, low, high, other.residents, None, Sureness.WEAK, (words, *other.reasons))


def knee(found: Fit, least_gain: float = 0.01) -> float | None:
    """Memory, in times of today's, from which on a tenth more gains less than `least_gain` of the hit ratio.

    None without a curve.
    """
    seen = found.observation
    if not found.may_forecast or not seen.residents:
        return None
    curve, kept = found.curves[1], seen.residents
    while kept < curve.models and curve.hit_ratio(kept * 1.1) - curve.hit_ratio(kept) >= least_gain:
        kept *= 1.1
    return min(kept, curve.models) / seen.residents


def never_invoked(found: Fit) -> int | None:
    """How many of the hosted models were not called, at the least; None where the figures do not tell.

    Without an unload every model that was called is in memory, so no more models were called than copies are loaded.
    """
    seen = found.observation
    if seen.hosted is None or seen.copies is None or seen.unloads:
        return None
    return max(0, seen.hosted - math.ceil(seen.copies)) or None


def _loads(found: Fit, hits: float) -> float | None:
    per_hour = found.observation.look_ups_per_hour
    return None if per_hour is None else per_hour * (1 - hits)


def _still_fits(found: Fit, factor: float) -> HitForecast | None:
    """With everything in memory: the same with as much or more; less only if what is in use fits with a tenth spare."""
    seen = found.observation
    hits, residents = seen.hit_ratio, seen.residents
    assert hits is not None
    assert residents is not None
    used = seen.memory_pct
    if factor < 1 and (used is None or used / 100 > factor * 0.9):
        return None
    return HitForecast(
        hits, max(0.0, hits - MARGIN), min(1.0, hits + MARGIN), residents, _loads(found, hits), Sureness.GOOD,
        ("Every model that is called fits, and would still.",),
    )  # fmt: skip


def _sureness(found: Fit, width: float) -> tuple[Sureness, tuple[str, ...]]:
    reasons = []
    if found.standing is Standing.NOT_CACHE_LIKE:
        reasons.append(found.reason)
    if width > 0.2:
        reasons.append(
            "The range is wide because it is not known how many of the hosted models are called at all."
        )
    if found.observation.hours < 48:
        reasons.append(f"It rests on {found.observation.hours:.0f} hours only.")
    return (Sureness.WEAK if reasons else Sureness.GOOD), tuple(reasons)
