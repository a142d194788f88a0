"""The sentence under an endpoint's name: what it is, what is wrong, what it did."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashboards import wording
from dashboards.endpoint import judged
from dashboards.status import KIND_LABELS
from fleet.analysis.cache import CacheUse, Verdict
from fleet.models import VariantStatus
from fleet.queries import usage
from fleet.queries.endpoint import Activity, Head
from fleet.types import EndpointStatus, Kind


@dataclass(frozen=True)
class Part:
    """A stretch of the sentence; url makes it a link."""

    text: str
    is_strong: bool = False
    url: str = ""


def sentence(
    head: Head, activity: Activity, use: CacheUse | None, verdict: Verdict | None, urls: dict[str, str]
) -> list[Part]:
    """Parts in order; they carry their own spaces and stops."""
    parts = [Part(f"{capacity(head)}. ", is_strong=True)]
    if head.endpoint.closed_at:
        return [
            *parts,
            Part(f"Deleted in AWS, seen {head.endpoint.closed_at:%-d %b %Y %H:%M} UTC; its history stays."),
        ]
    trouble = list(_trouble(head, urls))
    parts += trouble
    parts += _did(head, activity, use, verdict, urls)
    return parts


def capacity(head: Head) -> str:
    """ "Serverless, 4 GB, max 20, nothing provisioned", "Multi-model, 2 × ml.c5d.xlarge" """
    kind = KIND_LABELS.get(head.endpoint.kind, head.endpoint.kind)
    label = "Inference components" if head.endpoint.kind == Kind.INFERENCE_COMPONENT else kind
    serving = [variant for variant in head.variants if not variant.is_shadow]
    if not serving:
        return f"{label}, no variant was read"
    words = [variant_words(variant) for variant in serving]
    if len(words) > 1:
        return f"{label}, {len(words)} variants: {'; '.join(words)}"
    return f"{label}, {words[0]}"


def variant_words(variant: VariantStatus) -> str:
    """What one variant holds now."""
    if variant.memory_mb is not None:
        provisioned = variant.provisioned_concurrency
        warm = f"{provisioned} provisioned" if provisioned else "nothing provisioned"
        return f"{variant.memory_mb / 1024:g} GB, max {_or(variant.max_concurrency)}, {warm}"
    if variant.instance_type and variant.current_instance_count is None:
        return f"{variant.instance_type}, count not known"
    if variant.instance_type:
        return f"{_or(variant.current_instance_count)} × {variant.instance_type}"
    return "capacity not read"


def _or(value: int | None) -> str:
    return "?" if value is None else str(value)


def _trouble(head: Head, urls: dict[str, str]) -> Iterable[Part]:
    endpoint = head.endpoint
    if endpoint.unreadable:
        yield Part("AWS refuses to describe it", is_strong=True)
        yield Part("; what stands here is older. ")
    if endpoint.status == EndpointStatus.FAILED:
        yield Part(
            "AWS could not bring it into service; deleting is the only thing AWS allows now. ", is_strong=True
        )
    elif endpoint.status == EndpointStatus.UPDATE_ROLLBACK_FAILED:
        yield Part("An update and its rollback failed", is_strong=True)
        yield Part(": it still serves, with a mix of old and new. ")
    for incident in head.incidents[:2]:
        yield Part(incident.title, is_strong=True, url=urls.get(f"incident-{incident.pk}", ""))
        yield Part(". ")


def _did(
    head: Head, activity: Activity, use: CacheUse | None, verdict: Verdict | None, urls: dict[str, str]
) -> list[Part]:
    label = activity.window.label
    kind = head.endpoint.kind
    if not head.variants:
        return [Part("Without its variants, no metric can be asked for.")]
    if activity.calls is None:
        if kind == Kind.ASYNCHRONOUS:
            return [Part(f"Nothing was processed in the {label}.")]
        return [Part(f"CloudWatch has reported no calls in the {label}.")]
    if kind == Kind.SERVERLESS:
        return _serverless(activity, urls)
    if kind == Kind.MULTI_MODEL and use is not None and use.hit_ratio is not None:
        is_told = bool(head.incidents)
        return _multi_model(activity, use, None if is_told else verdict, urls)
    if kind == Kind.ASYNCHRONOUS:
        return _asynchronous(activity)
    return _online(activity)


def _serverless(activity: Activity, urls: dict[str, str]) -> list[Part]:
    found = judged.cold(activity)
    cold, calls = found.count, activity.calls or 0.0
    label = activity.window.label
    said = f"{wording.count(calls)} calls in the {label}"
    if cold is None:
        return [
            Part(said, is_strong=True),
            Part("; without a ModelSetupTime sample, cold starts cannot be counted."),
        ]
    if not cold:
        return [Part(f"{said}, "), Part("no cold start", is_strong=True), Part(".")]
    parts = [
        Part(
            f"{wording.count(cold)} of {wording.count(calls)} calls hit a cold start",
            is_strong=True,
            url=urls.get("cold-starts", ""),
        ),
        Part(f" in the {label}"),
    ]
    if found.added_ms:
        parts.append(Part(f" and waited {wording.millis(found.added_ms)} longer on average"))
    peak = usage.peak(activity.rows, "concurrency_utilization_max")
    if peak and peak.value >= 1:
        parts += [Part(". Concurrency reached its limit"), Part(", where AWS refuses calls", is_strong=False)]
    return [*parts, Part(".")]


def _multi_model(
    activity: Activity, use: CacheUse, verdict: Verdict | None, urls: dict[str, str]
) -> list[Part]:
    missed = 1 - (use.hit_ratio or 0.0)
    parts = []
    if verdict is Verdict.THRASHING:
        parts.append(Part("It thrashes: ", is_strong=True))
    parts.append(
        Part(
            f"{wording.percent(missed)} of calls wait for a model to load",
            is_strong=True,
            url=urls.get("cache", ""),
        )
    )
    if use.wait_share is not None:
        parts.append(Part(f"; that is {wording.percent(use.wait_share)} of all latency"))
    unloads = wording.count(round(use.unloads_per_hour or 0.0, 1))
    parts.append(Part(f", with {unloads} unloads an hour in the {activity.window.label}."))
    return parts


def _asynchronous(activity: Activity) -> list[Part]:
    parts = [
        Part(f"{wording.count(activity.calls)} requests processed", is_strong=True),
        Part(f" in the {activity.window.label}"),
    ]
    backlog = usage.last(activity.rows, "backlog_max")
    if backlog and backlog.value:
        parts.append(Part(f"; {wording.count(backlog.value)} wait", is_strong=True))
        age = usage.last(activity.rows, "oldest_age_s_max")
        if age and age.value:
            parts.append(Part(f", the oldest for {wording.span(age.value)}"))
    return [*parts, Part(".")]


def _online(activity: Activity) -> list[Part]:
    parts = [
        Part(f"{wording.count(activity.calls)} calls", is_strong=True),
        Part(f" in the {activity.window.label}"),
    ]
    errors = activity.share("errors_5xx")
    if errors is not None:
        parts.append(
            Part(f", {wording.percent(errors)} of them answered 5xx" if errors else ", none answered 5xx")
        )
    p99 = usage.middle(activity.rows, "model_latency_ms_p99")
    if p99 is not None:
        parts.append(Part(f", model latency p99 {wording.millis(p99)}"))
    return [*parts, Part(".")]
