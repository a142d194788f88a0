"""Prices the ways to host one endpoint for the advisor: fleet.costs.options at three multiples of its traffic."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from fleet.advisor.evidence import PricedWay
from fleet.costs import compare
from fleet.costs.break_even import Family, Site, cost, option_lines
from fleet.costs.instances import has_local_disk
from fleet.costs.options import Circumstances, Machine, Offer, fits, offers, slots
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.costs.price_book import VOLUME, PriceBook
from fleet.costs.traffic import Traffic
from fleet.types import CostComponent

LESS, MORE = Decimal("0.75"), Decimal("1.25")
"""Multiples of the observed traffic between which a saving has to hold."""


def priced(site: Site, traffic: Traffic, about: Circumstances, book: PriceBook) -> tuple[PricedWay, ...]:
    """Today's way and every other that can be the cheapest of its family, cheapest first, unpriced ones last.

    All six memory sizes of serverless are among them, and the type of today behind a queue. about.machines may be all
    of a region: those that cost more without doing more are left out before anything is priced.
    """
    narrowed = replace(about, machines=shortlist(site, traffic, about, book))
    found = offers(site, traffic, narrowed, book)
    ranged = {id(offer) for offer in _ranged(found)}
    return tuple(_way(offer, id(offer) in ranged, site, traffic, book) for offer in found)


def shortlist(site: Site, traffic: Traffic, about: Circumstances, book: PriceBook) -> list[Machine]:
    """Machines that may win, cheapest first: none that fits costs less and runs as much at once.

    What a way on instances costs rests on an instance-hour with its volume and on executions at once; more of those
    than the traffic's peak (times the models that could share) are of no use. Today's type is always among them.
    """
    useful = max(1, traffic.peak or 1) * max(1, about.models or 1)
    kept: dict[str, Machine] = {}
    for prices in (book, book.without_plans()) if _rates(book) else (book,):
        best = 0
        for _, at_once, machine in sorted(
            _by_price(site, about, prices, useful), key=lambda row: (row[0], -row[1])
        ):
            if at_once > best or machine.name == site.capacity.instance_type:
                kept[machine.name] = machine
            best = max(best, at_once if fits(machine, about.need) else 0)
    return list(kept.values())


def _by_price(
    site: Site, about: Circumstances, book: PriceBook, useful: int
) -> Iterable[tuple[Decimal, int, Machine]]:
    """USD of an instance-hour with its volume, executions at once as far as they are of use, and the machine."""
    for machine in about.machines:
        if machine.name != site.capacity.instance_type and not fits(machine, about.need):
            continue
        usd = _instance_hour(site, machine.name, book)
        if usd is not None:
            yield usd, min(useful, slots(machine, about.need)), machine


def _instance_hour(site: Site, name: str, book: PriceBook) -> Decimal | None:
    if book.discounts.held:
        lines = compare.instance_lines(site.region, name, Decimal(1), site.capacity.volume_gb, book, "")
        return cost(lines)
    point = book.find(site.region, CostComponent.INSTANCE_TIME, name)
    disk = book.find(site.region, CostComponent.STORAGE, VOLUME)
    if point is None or disk is None or has_local_disk(name):
        return None if point is None else point.usd
    return point.usd + (site.capacity.volume_gb or 0) * disk.usd / HOURS_PER_MONTH


def _rates(book: PriceBook) -> bool:
    """Whether Savings Plans rates stand in for list prices, which reach some ways only."""
    return any(each.usd_per_hour is not None for each in book.discounts.held)


def _ranged(found: Sequence[Offer]) -> list[Offer]:
    """Offers that are priced with less and with more traffic, too: today's, and what advice can lead to."""
    kept: list[Offer] = []
    for family in Family:
        alike = [each for each in found if each.option.family is family and each.usd is not None]
        kept += [each for each in alike if not each.is_today and not each.why_not][:1]
        kept += [each for each in alike if not each.is_today][:1]
    item = next((each.option.item for each in found if each.is_today), "")
    kept += [each for each in found if each.option.family is Family.ASYNCHRONOUS and each.option.item == item]
    return [*kept, *(each for each in found if each.is_today)]


def _way(offer: Offer, is_ranged: bool, site: Site, traffic: Traffic, book: PriceBook) -> PricedWay:
    option = offer.option
    less = more = offer.usd
    is_fixed = offer.is_today and option.family not in (Family.SERVERLESS, Family.PROVISIONED)
    if option.family is Family.SERVERLESS and offer.usd is not None:
        # On demand every call costs the same, so the month moves with the traffic.
        less, more, is_ranged = offer.usd * LESS, offer.usd * MORE, True
    elif is_ranged and not is_fixed and offer.usd is not None:
        less = cost(option_lines(option, site, traffic.scaled(LESS), book))
        more = cost(option_lines(option, site, traffic.scaled(MORE), book))
    return PricedWay(
        option.family,
        option.item,
        option.level,
        offer.count,
        offer.usd,
        less if is_ranged else None,
        more if is_ranged else None,
        offer.why_not,
        offer.assumption,
        offer.is_today,
        offer.confidence,
    )
