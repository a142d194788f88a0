"""What would help a model cache, in words: options with their forecast and price, what is missing, the curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import measured, wording
from dashboards.tiles import Explain
from fleet.analysis.cache import LIMITS, Verdict
from fleet.analysis.cache_forecast.fit import Standing
from fleet.analysis.cache_forecast.forecast import HitForecast, knee, never_invoked
from fleet.analysis.cache_forecast.observed import LEAST_HOURS, LEAST_LOOK_UPS
from fleet.analysis.cache_forecast.options import Option, Way
from fleet.instance_types import has_gpu
from fleet.queries.cache_forecast import Outlook
from fleet.queries.scope import TimeRange

WAYS = {
    Way.TODAY: "Today",
    Way.BIGGER: "Larger size",
    Way.MEMORY: "More memory per vCPU",
    Way.MORE: "One more instance",
    Way.LOCAL_DISK: "Local NVMe disk",
    Way.SPLIT: "Models on two endpoints",
    Way.SMALLER: "Cheaper, still enough",
}
FORECAST = "Zipf's law through today's hit ratio, Che's approximation (docs/cache.md)"
GPU = "Its models live in the memory of a GPU, whose size is not known here: no forecast is made for it."


@dataclass(frozen=True)
class Row:
    """One option. state, word: a key of dashboards.status and its word; form_url "" = today's."""

    key: str
    label: str
    setup: str
    hit: str
    interval: str
    loads: str
    waiting: str
    change: Decimal | None
    state: str
    word: str
    notes: Sequence[str]
    form_url: str
    is_today: bool
    is_best: bool
    is_smaller: bool


def context(found: Outlook, query: str = "") -> dict[str, Any]:
    """The forecast part of the tab's template context."""
    rows = [_row(option, found) for option in found.options]
    endpoint_id = found.variant.endpoint_id
    has_curve = found.fit.may_forecast and bool(rows)
    return {
        "outlook": found,
        "option_rows": rows,
        "best_row": next((row for row in rows if row.is_best), None),
        "why_no_forecast": _why_not(found),
        "asks_for_count": found.fit.standing in {Standing.NO_HOSTED_COUNT, Standing.COUNT_TOO_SMALL},
        "is_cacheless": found.fit.standing is Standing.NOT_CACHE_LIKE,
        "curve_src": reverse("cache:curve", args=[endpoint_id]) if has_curve else "",
        "forecast_explain": _explain(found),
        "outlook_window": _window(found),
        "never_invoked": never_invoked(found.fit),
    }


def facts(found: Outlook) -> list[tuple[str, str]]:
    """What the forecast rests on, beside what is measured in the window of the page."""
    seen = found.fit.observation
    rows = [("Loaded on one instance", wording.amount(seen.residents, 0))]
    at = knee(found.fit)
    if at is not None and seen.residents is not None:
        rows.append(("Working set at the knee", f"≈ {wording.count(round(seen.residents * at))} models"))
    idle = never_invoked(found.fit)
    if idle:
        rows.append(("Never called in 7 days", f"{wording.count(idle)} models or more"))
    if seen.load_ms is not None or seen.download_ms is not None:
        rows.append(
            ("Download, then load", f"{wording.millis(seen.download_ms)} + {wording.millis(seen.load_ms)}")
        )
    rows.append(("Wait of a missing model", wording.millis(seen.wait_ms_per_miss)))
    return rows


def hit_words(forecast: HitForecast | None) -> tuple[str, str]:
    """ "0.97" and "0.93 – 1.00, good"; the range stands first where only it can be told."""
    if forecast is None:
        return wording.UNKNOWN, ""
    span = f"{forecast.low:.2f} – {forecast.high:.2f}"
    if forecast.hit is None:
        return span, "no single figure"
    return f"{forecast.hit:.2f}", "" if forecast.low == forecast.high else f"{span}, {forecast.sureness}"


def form_url(endpoint_id: int, option: Option) -> str:
    """The operation's form with the option filled in; "" for what runs today."""
    if not option.has_operation:
        return ""
    if option.way is Way.SPLIT:
        count = {"instance_count": option.instance_count}
        return f"{reverse('operations:split-models', args=[endpoint_id])}?{urlencode(count)}"
    wanted = {"instance_type": option.instance_type, "instance_count": option.instance_count}
    return f"{reverse('operations:change-instances', args=[endpoint_id])}?{urlencode(wanted)}"


def setup_words(option: Option) -> str:
    """ "2 × ml.c5.xlarge", "2 endpoints of 1 × ml.c5.xlarge"."""
    one = f"{option.instance_count} × {option.instance_type}"
    return one if option.endpoints == 1 else f"{option.endpoints} endpoints of {one}"


def _row(option: Option, found: Outlook) -> Row:
    is_today = option.way is Way.TODAY
    hit, interval = hit_words(option.forecast)
    state, word = _verdict(option, found)
    forecast = option.forecast
    loads = forecast.loads_per_hour if forecast else None
    notes = [*option.notes, *(forecast.reasons if forecast and option.way is not Way.TODAY else ())]
    return Row(
        key=option.key,
        label=WAYS[option.way],
        setup=setup_words(option),
        hit=hit,
        interval=", ".join(filter(None, [interval, _seen_since(found)])) if is_today else interval,
        loads=wording.amount(loads, 0),
        waiting=wording.UNKNOWN if option.wait_s_per_hour is None else wording.span(option.wait_s_per_hour),
        change=option.change,
        state=state,
        word=word,
        notes=list(dict.fromkeys(notes)),
        form_url=form_url(found.variant.endpoint_id, option),
        is_today=is_today,
        is_smaller=option.way is Way.SMALLER,
        is_best=option is found.best or option == found.best,
    )


def _seen_since(found: Outlook) -> str:
    """What today's figures are of, whatever window the page shows: "last 7 days", "since Fri 20 Nov 07:00 UTC"."""
    return f"since {found.held_since:%a %-d %b %H:%M} UTC" if found.held_since else "last 7 days"


def _verdict(option: Option, found: Outlook) -> tuple[str, str]:
    """The state that draws an option, and its word."""
    forecast, enough = option.forecast, LIMITS.recovered_hit_ratio
    if forecast is None:
        return "unknown", "Cannot be told"
    if option.way is Way.TODAY:
        return {
            Verdict.THRASHING: ("warning", "Thrashing"),
            Verdict.WARMING: ("running", "Warming"),
            Verdict.HEALTHY: ("applied", "Healthy"),
        }.get(found.verdict, ("unknown", "No data"))
    if forecast.low >= 0.98:
        return "applied", "All models fit"
    if forecast.low >= enough:
        return "applied", "Ends the thrashing" if found.verdict is Verdict.THRASHING else "Few reloads"
    if forecast.high < enough:
        return "warning", "Still reloads"
    return "unknown", "May be enough"


def _why_not(found: Outlook) -> str:
    """Why there are no forecasts, in a sentence; "" where there are."""
    if found.variant.instance_type and has_gpu(found.variant.instance_type):
        return GPU
    if not found.options:
        return "The size of its instance type, or its price, is not known here, so nothing can be held against it."
    if found.fit.may_forecast:
        return ""
    if found.held_since is not None and found.fit.standing in {Standing.NO_CALLS, Standing.TOO_LITTLE}:
        return (
            f"Its instances are those of today since {found.held_since:%a %-d %b %H:%M} UTC: what came before says "
            f"nothing of them. It takes {LEAST_LOOK_UPS:,.0f} look-ups in {LEAST_HOURS:.0f} hours, not counting the "
            "first hour."
        )
    return found.fit.reason


def _window(found: Outlook) -> TimeRange:
    return TimeRange("7d", "last 7 days", found.held_since or found.start, found.end)


def _explain(found: Outlook) -> Explain:
    seen = found.fit.observation
    inputs = [
        ("Hosted models", "not entered" if seen.hosted is None else f"{seen.hosted:,}, as entered"),
        ("Loaded on one instance", wording.amount(seen.residents, 0)),
        ("Look-ups that count", f"{seen.look_ups:,.0f} in {seen.hours:,.0f} h"),
    ]
    if found.fit.alpha is not None:
        inputs.append(("Exponent of popularity", f"{found.fit.alpha:.2f}"))
    return measured.explain(
        "A forecast of the calls that came, had memory been another. The range reaches from all hosted models being "
        "called to half of them.",
        _window(found), formula=FORECAST, inputs=inputs, basis="estimated",
        source="CloudWatch ModelCacheHit, ModelUnloadingTime, LoadedModelCount; the price list",
        as_of=found.variant.metrics_until,
    )  # fmt: skip
