"""What an endpoint costs a month and what other ways would, by the functions of its Options tab."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from fleet.advisor.evidence import Commitment, Month, PricedWay
from fleet.advisor.evidence_parts import CoHosts
from fleet.advisor.ways import priced
from fleet.costs import compare
from fleet.costs.break_even import Site
from fleet.costs.lines import QUANTUM, merge, worst
from fleet.costs.options import Circumstances, Need
from fleet.costs.periods import HOURS_PER_MONTH, exact
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.models import Endpoint, VariantStatus
from fleet.queries import cost_options, instance_sizes
from fleet.queries.advice_evidence.around import Around, covers_plans
from fleet.queries.advice_evidence.hours import HOURS, Hours
from fleet.types import CostComponent, Kind


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


def commitment(
    endpoint: Endpoint, main: VariantStatus, hours: Hours, money: Priced, around: Around
) -> Commitment:
    """What ran in every known hour at its on-demand price; covered: all of it where a rate is held, else nothing.

    Where the account holds a plan but no rate is entered, what it covers is not known. What a plan would take off is
    known where its rate for the type was entered for any account.
    """
    minutes = [each for each in hours.minutes if each is not None]
    point = money.instance_price
    if not covers_plans(Kind(endpoint.kind)) or point is None or len(minutes) < HOURS / 2:
        return Commitment()
    steady = (exact(min(minutes)) / 60 * HOURS_PER_MONTH * point.list_usd).quantize(QUANTUM)
    holds = bool(around.with_plans & {None, endpoint.shard.account_id})
    covered = steady if point.has_rate else (None if holds else Decimal(0))
    rate = around.plan_rate(endpoint.shard.region, main.instance_type)
    off = None if rate is None or not point.list_usd else 1 - rate / point.list_usd
    return Commitment(steady_usd=steady, covered_usd=covered, plan_discount=off)


def cohosts(endpoint: Endpoint, month: Decimal | None, around: Around) -> CoHosts | None:
    """The set that the last look found it in; of its money this endpoint's part, by what it costs today."""
    found = around.sets.get(endpoint.pk)
    if found is None or month is None or not found.before:
        return None
    part = month / found.before
    return CoHosts(
        members=found.names,
        is_same_image=True,
        instance_type=found.instance_type,
        instance_count=found.instance_count,
        usd_today=month,
        usd_together=found.after * part,
        saving_low=found.saving_low * part,
        hit_ratio=found.hit_ratio,
        missing=found.checks,
    )
