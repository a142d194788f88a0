"""The Options tab of an endpoint: every way to host it by its monthly cost, the curve, and where ways meet."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from dashboards import charts as figures
from dashboards import wording
from dashboards.cost_options import charts
from dashboards.cost_options.words import DOTS, FAMILIES, form_url, formula, label, rate, what_if_url
from dashboards.status import CONFIDENCE_LABELS
from dashboards.tiles import Explain
from fleet.costs.break_even import Family
from fleet.costs.options import Offer
from fleet.queries import cost_options
from fleet.queries.cost_options import Choices, Point
from fleet.queries.endpoint import Activity, Head
from fleet.queries.scope import TimeRange
from fleet.types import Confidence, CostComponent

SHOWN = {Family.REAL_TIME: 5, Family.ASYNCHRONOUS: 2, Family.SHARED: 2}
"""Ways on instances that are shown at once; the dearer ones are folded away."""
SURE = (Confidence.MEASURED, Confidence.ESTIMATED)


@dataclass(frozen=True)
class Row:
    """One way. against: dearer than today by so much a month, None = today itself, or not known."""

    key: str
    label: str
    dot: str
    usd: Decimal | None
    against: Decimal | None
    confidence: str
    is_doubtful: bool
    assumption: str
    formulas: Sequence[str]
    sources: Sequence[str]
    missing: str
    is_today: bool
    form_url: str
    what_if_url: str


@dataclass(frozen=True)
class Closed:
    """Ways that are not open, by one reason: "Shared multi-model, 24 instance types"."""

    label: str
    dot: str
    reasons: Sequence[str]


def context(head: Head, activity: Activity) -> dict[str, Any]:
    """The tab's template context."""
    found = cost_options.choices(head, activity.window)
    if found is None:
        return {"choices": None}
    rows = [_row(offer, found, head) for offer in found.offers if not offer.why_not or offer.is_today]
    ways = [offer for offer in found.offers if not offer.why_not or offer.is_today]
    first, rest = _split(ways)
    by_offer = dict(zip(map(id, ways), rows, strict=True))
    base = reverse("endpoints:chart", args=[head.endpoint.pk, "options"])
    return {
        "choices": found,
        "option_rows": [by_offer[id(offer)] for offer in first],
        "more_rows": [by_offer[id(offer)] for offer in rest],
        "closed": _closed(found.offers),
        "points": [_point_words(point, found) for point in found.points],
        "option_sentence": _sentence(found),
        "option_chart": f"{base}?{_query(found.place.window)}",
        "option_table": charts.table(found.lines) if found.lines else None,
        "option_legend": [
            (DOTS[line.offer.option.family], label(line.offer) + (" (today)" if line.offer.is_today else ""))
            for line in found.lines
        ],
        "option_facts": _facts(found),
        "option_explain": _explain(found),
        "what_if": f"{reverse('endpoints:what_if', args=[head.endpoint.pk])}",
    }


def chart(head: Head, window: TimeRange) -> figures.Payload:
    """The figure of the curve."""
    return charts.chart(cost_options.choices(head, window))


def _query(window: TimeRange) -> str:
    found = QueryDict(mutable=True)
    found["range"] = window.key
    return found.urlencode()


def _split(ways: Sequence[Offer]) -> tuple[list[Offer], list[Offer]]:
    """What is shown at once, and the rest: unpriced serverless sizes are named at once too."""
    first: list[Offer] = []
    rest: list[Offer] = []
    counts = dict.fromkeys(Family, 0)
    for offer in ways:
        family = offer.option.family
        counts[family] += 1
        is_shown = offer.is_today or family not in SHOWN or counts[family] <= SHOWN[family]
        (first if is_shown else rest).append(offer)
    return first, rest


def _row(offer: Offer, found: Choices, head: Head) -> Row:
    today = found.today
    base = today.usd if today else None
    missing = next((line.note for line in offer.lines if line.amount is None and _counts(line.component)), "")
    variant = found.place.variant
    return Row(
        key=f"{'today-' if offer.is_today else ''}{offer.option.key}",
        label=label(offer),
        dot=DOTS[offer.option.family],
        usd=offer.usd,
        against=None if offer.is_today or offer.usd is None or base is None else offer.usd - base,
        confidence=CONFIDENCE_LABELS[offer.confidence],
        is_doubtful=offer.confidence not in SURE,
        assumption=offer.assumption,
        formulas=[formula(line) for line in offer.lines],
        sources=list(dict.fromkeys(line.price_source for line in offer.lines if line.price_source)),
        missing=missing or "A price or the traffic is not known",
        is_today=offer.is_today,
        form_url=form_url(offer, head.endpoint, variant),
        what_if_url="" if offer.is_today else what_if_url(offer.option, head.endpoint, variant, offer.count),
    )


def _counts(component: CostComponent) -> bool:
    return component is not CostComponent.STORAGE


def _closed(offers: Sequence[Offer]) -> list[Closed]:
    groups: dict[tuple[Family, tuple[str, ...]], list[Offer]] = {}
    for offer in offers:
        if offer.why_not and not offer.is_today:
            groups.setdefault((offer.option.family, offer.why_not), []).append(offer)
    found = []
    for (family, reasons), members in groups.items():
        name = FAMILIES[family]
        if len(members) == 1:
            name = label(members[0])
        elif family in (Family.SERVERLESS, Family.PROVISIONED):
            name = f"{name}: " + ", ".join(label(each).partition(", ")[2] for each in members)
        else:
            name = f"{name}, {wording.plural(len(members), 'instance type')}"
        found.append(Closed(name, DOTS[family], reasons))
    return found


def _point_words(point: Point, found: Choices) -> dict[str, Any]:
    """One meeting point as a row of its table."""
    today = found.today
    assert today is not None
    calls = charts.calls_an_hour(found)
    scale = point.crossing.scale
    return {
        "label": label(point.offer),
        "dot": DOTS[point.offer.option.family],
        "scale": scale,
        "calls": None if calls is None else rate(calls * scale),
        "busy_s": rate(point.busy_s),
        "slot": None if point.busy_s is None else point.busy_s / 3600,
        "usd": point.crossing.usd,
        "is_step": point.crossing.is_step,
        "is_ahead": scale > 1,
    }


def _sentence(found: Choices) -> tuple[str, str]:
    """The answer first: what today's traffic costs, and what would be cheapest."""
    today, best = found.today, found.cheapest
    if today is None or today.usd is None:
        return "What this endpoint costs a month cannot be told.", "Its traffic or a price is not known."
    strong = f"{label(today)}: {wording.usd(today.usd)} a month."
    if best is None or best is today or best.usd is None or best.usd >= today.usd:
        return strong, "No way that is open to it is cheaper for this traffic."
    saved = today.usd - best.usd
    return (
        strong,
        f"{label(best)} would cost {wording.usd(best.usd)}, {wording.usd(saved)} less, if its assumption holds.",
    )


def _facts(found: Choices) -> list[tuple[str, str]]:
    traffic, need = found.place.traffic, found.place.need
    calls = charts.calls_an_hour(found)
    busy = traffic.busy_s_per_hour
    peak = "not known" if traffic.peak is None else f"{traffic.peak:,} at once"
    if traffic.peak is not None and traffic.peak_concurrency is None:
        peak += ", if calls arrive at random"
    memory = (
        "not reported" if need.used_mb is None else f"{need.used_mb:,} MB in the busiest hour, on average"
    )
    return [
        ("Calls an hour", "not reported" if calls is None else rate(calls)),
        ("Execution an hour", "not reported" if busy is None else f"{rate(busy)} s"),
        ("Peak", peak),
        ("Hours with calls", f"{len(traffic.hours):,} of {float(traffic.window.hours):,.0f}"),
        ("Memory in use", memory),
    ]


def _explain(found: Choices) -> Explain:
    traffic = found.place.traffic
    return Explain(
        "Each stored hour of the window is replayed through every way to host, and scaled to a month of 730 hours. "
        "Durations stay as today. Data in and out costs the same everywhere and is in no figure.",
        formula="Σ quantity × list price − discount",
        source="AWS Price List over the built-in price snapshot",
        basis="estimated",
        as_of=traffic.window.end if traffic.hours else None,
        window=found.place.window.label,
        call="cloudwatch:GetMetricData",
    )
