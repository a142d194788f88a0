"""What an endpoint costs a month and what other ways would, by the functions of its Options tab."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fleet.advisor.evidence import Month, PricedWay
from fleet.advisor.ways import priced
from fleet.costs import compare
from fleet.costs.break_even import Site
from fleet.costs.lines import merge, worst
from fleet.costs.options import Circumstances, Need
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.models import Endpoint, VariantStatus
from fleet.queries import cost_options, instance_sizes
from fleet.queries.advice_evidence.around import Around
from fleet.types import CostComponent


@dataclass(frozen=True)
class HourPrice:
    """On-demand USD of one instance-hour of today's type, and whether a Savings Plans rate is held for it."""

    list_usd: Decimal
    has_rate: bool


@dataclass(frozen=True)
class Priced:
    """The month as it is, every way to host it that is worth looking at, and the price of its instances."""

    month: Month
    ways: tuple[PricedWay, ...]
    instance_price: HourPrice | None


def of(
    endpoint: Endpoint,
    variant: VariantStatus,
    traffic: Traffic,
    highest_memory: float | None,
    image: str,
    exclusions: Sequence[str] | None,
    around: Around,
) -> Priced | None:
    """Priced over `traffic`; None while the variant was never described. highest_memory: percent of one machine's."""
    capacity = cost_options.capacity_of(variant)
    if capacity is None:
        return None
    region, book = endpoint.shard.region, around.book(endpoint.shard.account_id)
    site = Site(region, capacity, endpoint.kind)
    need = _need(variant, highest_memory)
    models = (
        around.alike.get((endpoint.shard_id, image))
        if endpoint.kind in cost_options.ALONE and image
        else None
    )
    allowed = around.open_machines(endpoint.shard_id, region, variant.instance_type)
    about = Circumstances(need, allowed, models, tuple(exclusions or ()))
    return Priced(
        _month(site, traffic, book),
        tuple(priced(site, traffic, about, book)),
        _hour_price(region, variant.instance_type, book),
    )


def _need(variant: VariantStatus, highest_memory: float | None) -> Need:
    whole = variant.memory_mb or instance_sizes.memory_mib(variant.instance_type)
    used = None if highest_memory is None or whole is None else round(whole * highest_memory / 100)
    return Need(per_call_mb=variant.memory_mb, used_mb=used)


def _month(site: Site, traffic: Traffic, book: PriceBook) -> Month:
    found = merge(compare.today(site.region, site.capacity, traffic, _without_plans(site, book)))
    components: dict[CostComponent, Decimal | None] = {}
    for line in found:
        before = components.get(line.component, Decimal(0))
        components[line.component] = None if before is None or line.amount is None else before + line.amount
    known = [
        line.confidence
        for line in found
        if line.component is not CostComponent.STORAGE or line.amount is not None
    ]
    return Month(components, worst(known)) if known else Month(components)


def _without_plans(site: Site, book: PriceBook) -> PriceBook:
    return book.without_plans() if site.kind == "asynchronous" else book


def _hour_price(region: str, name: str, book: PriceBook) -> HourPrice | None:
    point = book.find(region, CostComponent.INSTANCE_TIME, name) if name else None
    if point is None:
        return None
    held = book.discounts.held
    return HourPrice(
        point.usd,
        any(each.usd_per_hour is not None and (each.region, each.item) == (region, name) for each in held),
    )
