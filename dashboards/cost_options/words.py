"""The ways to host an endpoint in words: names, formulas, links to the forms that lead there."""

from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import wording
from dashboards.status import COMPONENT_LABELS
from fleet.costs.break_even import Family, Option
from fleet.costs.options import Offer
from fleet.models import Endpoint, VariantStatus
from fleet.operations.cost_change import quantity_words
from fleet.types import CostLine, Kind

DOTS = {
    Family.SERVERLESS: "serverless",
    Family.PROVISIONED: "kept-warm",
    Family.ASYNCHRONOUS: "asynchronous",
    Family.SHARED: "multi-model",
    Family.REAL_TIME: "real-time",
}
FAMILIES = {
    Family.SERVERLESS: "Serverless",
    Family.PROVISIONED: "Serverless, kept warm",
    Family.ASYNCHRONOUS: "Asynchronous",
    Family.SHARED: "Shared multi-model",
    Family.REAL_TIME: "Real-time",
}


def label(offer: Offer) -> str:
    """ "Serverless, 4 GB, 2 kept warm", "Real-time, 2 × ml.c5.large"."""
    option = offer.option
    if option.family is Family.SERVERLESS:
        return f"Serverless, {_gb(option.item)}"
    if option.family is Family.PROVISIONED:
        return f"Serverless, {_gb(option.item)}, {option.level} kept warm"
    if option.family is Family.REAL_TIME:
        counted = "" if offer.count is None else f"{offer.count} × "
        return f"Real-time, {counted}{option.item}"
    if option.family is Family.ASYNCHRONOUS:
        rest = "" if offer.is_today else ", scaled to zero"
        return f"Asynchronous, {option.item}{rest}"
    return (
        f"Multi-model, {option.item}"
        if offer.is_today
        else f"Shared by {option.models} models, {option.item}"
    )


def formula(line: CostLine) -> str:
    """ "Execution, on demand: 58,400 s × $0.00008 = $4.67"; what is missing where there is no amount."""
    name = COMPONENT_LABELS[line.component]
    if line.amount is None:
        return f"{name}: {line.note or line.confidence.value}"
    return f"{name}: {quantity_words(line)} = {wording.usd(line.amount)}"


def form_url(offer: Offer, endpoint: Endpoint, variant: VariantStatus) -> str:
    """The operation's form, filled in with this way; "" where no operation leads there or it is there already."""
    if offer.is_today or offer.why_not or endpoint.kind != Kind.SERVERLESS or endpoint.closed_at:
        return ""
    option = offer.option
    if option.family is Family.REAL_TIME and offer.count is not None:
        wanted = {"instance_type": option.item, "instance_count": offer.count}
        return f"{reverse('operations:convert', args=[endpoint.pk])}?{urlencode(wanted)}"
    if option.family is Family.SERVERLESS and not variant.provisioned_concurrency:
        return f"{reverse('operations:change-memory', args=[endpoint.pk])}?{urlencode({'memory_mb': option.item})}"
    if option.family is Family.PROVISIONED and option.item == str(variant.memory_mb):
        maximum = max(variant.max_concurrency or 1, option.level)
        wanted = {"max_concurrency": maximum, "provisioned_concurrency": option.level}
        return f"{reverse('operations:change-concurrency', args=[endpoint.pk])}?{urlencode(wanted)}"
    return ""


def what_if_url(option: Option, endpoint: Endpoint, variant: VariantStatus, count: int | None) -> str:
    """The what-if form, filled in with this way; "" for ways that it has no fields for."""
    wanted: dict[str, str | int]
    if option.family in (Family.SERVERLESS, Family.PROVISIONED):
        maximum = max(variant.max_concurrency or 1, option.level, 1)
        wanted = {
            "hosting": "serverless",
            "memory_mb": option.item,
            "max_concurrency": maximum,
            "provisioned_concurrency": option.level or "",
        }
    elif option.family is Family.REAL_TIME and count is not None:
        wanted = {"hosting": "instances", "instance_type": option.item, "instance_count": count}
    else:
        return ""
    return f"{reverse('endpoints:what_if', args=[endpoint.pk])}?{urlencode(wanted)}"


def rate(value: Decimal | None) -> str:
    """Calls or seconds an hour: whole from a hundred on."""
    return wording.count(round(value) if value is not None and value >= 100 else value)


def times(scale: Decimal) -> str:
    """ "1.7 × today's traffic"."""
    return f"{wording.count(scale)} × today's traffic"


def _gb(memory_mb: str) -> str:
    return f"{int(memory_mb) / 1024:g} GB"
