"""How unevenly models are called, from the hit ratio that today's memory gives; or why it cannot be told."""

from dataclasses import dataclass
from enum import StrEnum

from fleet.analysis.cache_forecast import che
from fleet.analysis.cache_forecast.observed import LEAST_HOURS, LEAST_LOOK_UPS, Observation

ALL_FIT = 0.98
"""Residents ÷ hosted models from which on everything fits."""
HIGHEST_ALPHA = 3.0
ACTIVE = (1.0, 0.85, 0.7, 0.5)
"""Parts of the hosted models that may be called at all; a figure is the mean of all but the last, its hopeful end."""
_ROUNDS = 34
_EXACT = 1e-4


class Standing(StrEnum):
    """What can be said of a cache.

    FORECAST: other memory sizes can be told. FITS: every model that is called stays loaded. NOT_CACHE_LIKE: fewer hits
    than calls spread evenly over all models would have. The rest: what is missing for a forecast.
    """

    FORECAST = "forecast"
    FITS = "fits"
    NOT_CACHE_LIKE = "not-cache-like"
    NO_CALLS = "no-calls"
    TOO_LITTLE = "too-little"
    NO_LOADED_COUNT = "no-loaded-count"
    NO_HOSTED_COUNT = "no-hosted-count"
    COUNT_TOO_SMALL = "count-too-small"


CAN_FORECAST = frozenset({Standing.FORECAST, Standing.NOT_CACHE_LIKE})


@dataclass(frozen=True)
class Curve:
    """Hit ratio by the models kept, if `models` are ever called: Zipf's law with exponent alpha."""

    models: float
    alpha: float

    def hit_ratio(self, kept: float) -> float:
        if kept >= ALL_FIT * self.models:
            return 1.0
        return che.hit_ratio(che.zipf(self.models, self.alpha), kept)


@dataclass(frozen=True)
class Fit:
    """Curves through today's point. reason: why there are none, or what is odd, in a sentence.

    curves: for each share of ACTIVE, in its order; () = no forecast. alpha: the exponent if all hosted are called.
    """

    standing: Standing
    reason: str
    observation: Observation
    alpha: float | None = None
    curves: tuple["Curve", ...] = ()

    @property
    def may_forecast(self) -> bool:
        return self.standing in CAN_FORECAST


def fit(seen: Observation) -> Fit:
    """The curve, or why there is none and what it would take."""
    missing = _missing(seen)
    if missing is not None:
        return Fit(*missing, seen)
    residents, hosted, hits = seen.residents, seen.hosted, seen.hit_ratio
    assert residents is not None
    assert hosted is not None
    assert hits is not None
    if hits <= residents / hosted:
        words = (
            f"{hits * 100:.0f} % of the calls found their model loaded, though memory holds"
            f" {residents / hosted * 100:.0f} % of the models: calls come in an order that a cache does not like,"
            " such as one model after the other in turn."
        )
        return Fit(Standing.NOT_CACHE_LIKE, words, seen, 0.0, _curves(hits, residents, hosted))
    curves = _curves(hits, residents, hosted)
    return Fit(Standing.FORECAST, "", seen, curves[0].alpha, curves)


def _curves(hits: float, residents: float, hosted: int) -> tuple[Curve, ...]:
    found = []
    for share in ACTIVE:
        # So few models would all fit today, which the unloads belie: the fewest are a little more than fit.
        models = max(hosted * share, residents * 1.05)
        is_even = hits <= residents / models
        found.append(Curve(models, 0.0 if is_even else alpha_of(hits, residents, models)))
    return tuple(found)


def alpha_of(hits: float, residents: float, models: float) -> float:
    """Zipf's exponent (0 to 3) with which a cache of `residents` of `models` has this hit ratio."""
    low, high = 0.0, HIGHEST_ALPHA
    for _ in range(_ROUNDS):
        middle = (low + high) / 2
        if che.hit_ratio(che.zipf(models, middle), residents) < hits:
            low = middle
        else:
            high = middle
        if high - low < _EXACT:
            break
    return (low + high) / 2


def _missing(seen: Observation) -> tuple[Standing, str] | None:
    if not seen.look_ups:
        return (
            Standing.NO_CALLS,
            "CloudWatch reported no look-up: without calls nothing can be said about a cache.",
        )
    if seen.hours < LEAST_HOURS or seen.look_ups < LEAST_LOOK_UPS:
        return Standing.TOO_LITTLE, (
            f"Only {seen.look_ups:,.0f} look-ups in {seen.hours:,.0f} settled hours are known. It takes "
            f"{LEAST_LOOK_UPS:,.0f} look-ups in {LEAST_HOURS:.0f} hours, not counting the hour after a change."
        )
    if seen.residents is None:
        return Standing.NO_LOADED_COUNT, (
            "LoadedModelCount was not reported, so how many models memory holds is not known."
        )
    if not seen.unloads:
        return Standing.FITS, (
            "No model was unloaded: every model that was called stays in memory. Misses are first calls."
        )
    return _hosted_missing(seen, seen.residents)


def _hosted_missing(seen: Observation, residents: float) -> tuple[Standing, str] | None:
    if seen.hosted is None:
        return Standing.NO_HOSTED_COUNT, (
            "How many models the endpoint hosts is not known: AWS publishes no such figure. Enter it to see what other "
            "memory would do."
        )
    if seen.hosted < residents:
        return Standing.COUNT_TOO_SMALL, (
            f"{seen.hosted:,} hosted models were entered, but {residents:,.0f} are in memory on one instance: "
            "check the number."
        )
    if residents >= ALL_FIT * seen.hosted:
        return Standing.FITS, (
            f"Memory holds {residents:,.0f} of {seen.hosted:,} models at a time: practically all of them fit."
        )
    return None
