"""The model cache of a multi-model variant as the advisor takes it: seven days, the last verdict, what would help."""

from collections.abc import Mapping

from fleet.advisor.evidence_parts import CacheChange, CacheUse
from fleet.analysis import cache as analysis
from fleet.analysis.cache_forecast.options import Way
from fleet.models import CacheJudgement
from fleet.queries.advice_evidence.hours import Hours
from fleet.queries.advice_evidence.mirror import ModelRow

WAYS: Mapping[str, str] = {
    Way.BIGGER: "larger instances",
    Way.MEMORY: "a family with more memory",
    Way.MORE: "more instances",
    Way.LOCAL_DISK: "instances with local NVMe",
    Way.SPLIT: "models split over endpoints",
    Way.SMALLER: "smaller instances",
}


def cache(
    use: analysis.CacheUse | None,
    judged: CacheJudgement | None,
    hours: Hours,
    model: ModelRow | None,
    count: int | None,
) -> CacheUse | None:
    """None while nothing was added up. judged: the newest verdict, which knows its past; None = not judged yet.

    count: instances that run today.
    """
    if use is None:
        return None
    load, download = hours.sums.load_ms, hours.sums.download_ms
    is_timed = load is not None and download is not None and load + download > 0
    return CacheUse(
        verdict=analysis.Verdict(judged.verdict) if judged else analysis.verdict(use),
        hit_ratio=use.hit_ratio,
        unloads_per_hour=use.unloads_per_hour,
        loaded_models=use.loaded_models,
        hosted_models=judged.hosted if judged else None,
        wait_share=use.wait_share,
        download_share=(download or 0.0) / ((load or 0.0) + (download or 0.0)) if is_timed else None,
        is_caching_off=_is_caching_off(model),
        changes=_changes(judged, count),
    )


def _changes(judged: CacheJudgement | None, count: int | None) -> tuple[CacheChange, ...]:
    """What the forecast found to help most; only that is kept for the fleet."""
    if judged is None or not judged.best_way:
        return ()
    is_as_many = judged.best_instance_count in (None, count)
    return (
        CacheChange(
            WAYS.get(judged.best_way, judged.best_way),
            judged.best_instance_type
            if is_as_many
            else f"{judged.best_instance_count} × {judged.best_instance_type}",
            judged.best_hit,
            judged.best_low,
            judged.best_change_usd,
        ),
    )


def _is_caching_off(model: ModelRow | None) -> bool | None:
    """Whether the container is told to keep no model (MultiModelConfig, ModelCacheSetting); None while unread."""
    if model is None:
        return None
    found = model.document.get("Containers") or [model.document.get("PrimaryContainer") or {}]
    return any((each.get("MultiModelConfig") or {}).get("ModelCacheSetting") == "Disabled" for each in found)
