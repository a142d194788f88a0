"""Prices the ways to host one endpoint for the advisor: fleet.costs.options at three multiples of its traffic."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from fleet.advisor.evidence import PricedWay
from fleet.costs.break_even import Family, Site, cost, option_lines
from fleet.costs.instances import has_local_disk
from fleet.costs.options import Circumstances, Machine, Offer, fits, offers, slots
from fleet.costs.price_book import PriceBook
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
    """Machines that may win: no other that fits costs less and runs as much at once, as far as it is of use.

    What an option costs rests on the price and on executions at once; more of those than the traffic's peak (times the
    models that could share) are of no use. With and without local disk apart, as that decides on storage.
    """
    useful = max(1, traffic.peak or 1) * max(1, about.models or 1)
    kept, best = [], {True: 0, False: 0}
    for _, at_once, machine in sorted(
        _by_price(site, about, book, useful), key=lambda row: (row[0], -row[1])
    ):
        is_local = has_local_disk(machine.name)
        if at_once > best[is_local]:
            best[is_local] = at_once
            kept.append(machine)
        elif machine.name == site.capacity.instance_type:
            kept.append(machine)
    return kept


def _by_price(
    site: Site, about: Circumstances, book: PriceBook, useful: int
) -> Iterable[tuple[Decimal, int, Machine]]:
    for machine in about.machines:
        point = book.find(site.region, CostComponent.INSTANCE_TIME, machine.name)
        is_today = machine.name == site.capacity.instance_type
        if point is not None and (is_today or fits(machine, about.need)):
            yield point.usd, min(useful, slots(machine, about.need)), machine


def _ranged(found: Sequence[Offer]) -> list[Offer]:
    """Offers that are priced with less and with more traffic, too: today's, and what advice can lead to."""
    kept: list[Offer] = []
    for family in Family:
        alike = [each for each in found if each.option.family is family and each.usd is not None]
        kept += [each for each in alike if not each.is_today and not each.why_not][:1]
        kept += [each for each in alike if not each.is_today][:1]
    item = next((each.option.item for each in found if each.is_today), "")
    queue_or_size = (Family.ASYNCHRONOUS, Family.SERVERLESS)
    kept += [each for each in found if each.option.family in queue_or_size and each.option.item == item]
    return [*kept, *(each for each in found if each.is_today or each.option.family is Family.SERVERLESS)]


def _way(offer: Offer, is_ranged: bool, site: Site, traffic: Traffic, book: PriceBook) -> PricedWay:
    option = offer.option
    less = more = offer.usd
    is_fixed = offer.is_today and option.family not in (Family.SERVERLESS, Family.PROVISIONED)
    if is_ranged and not is_fixed and offer.usd is not None:
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
