"""Prices the ways to host one endpoint for the advisor: fleet.costs.options at three multiples of its traffic."""

from collections.abc import Sequence
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
    scaled = (traffic.scaled(LESS), traffic.scaled(MORE))
    return tuple(_way(offer, id(offer) in ranged, site, scaled, book) for offer in found)


def shortlist(site: Site, traffic: Traffic, about: Circumstances, book: PriceBook) -> list[Machine]:
    """Machines that may win, cheapest first: none that fits costs less and runs as much at once.

    What a way on instances costs rests on an instance-hour with its volume and on executions at once; more of those
    than the traffic's peak (times the models that could share) are of no use. Today's type is always among them.
    """
    useful = max(1, traffic.peak or 1) * max(1, about.models or 1)
    today, need, kept = site.capacity.instance_type, about.need, dict[str, Machine]()
    for prices in (book, book.without_plans()) if _rates(book) else (book,):
        best = 0
        hours = _instance_hours(site, about.machines, prices)
        rows = [
            (usd, -min(useful, slots(machine, need)), n)
            for n, (machine, usd) in enumerate(zip(about.machines, hours, strict=True))
            if usd is not None and (machine.name == today or fits(machine, need))
        ]
        for _, at_once, n in sorted(rows):
            machine = about.machines[n]
            if -at_once > best or machine.name == today:
                kept[machine.name] = machine
            best = max(best, -at_once if fits(machine, need) else 0)
    return list(kept.values())


def _instance_hours(site: Site, machines: Sequence[Machine], book: PriceBook) -> list[Decimal | None]:
    """USD of an instance-hour with its volume, None = unpriced; kept with the book, which many endpoints share."""
    volume = site.capacity.volume_gb or 0
    found = []
    for machine in machines:
        key = (site.region, machine.name, volume)
        if key not in book.instance_hours:
            book.instance_hours[key] = _instance_hour(site.region, machine.name, volume, book)
        found.append(book.instance_hours[key])
    return found


def _instance_hour(region: str, name: str, volume_gb: int, book: PriceBook) -> Decimal | None:
    if book.discounts.held:
        return cost(compare.instance_lines(region, name, Decimal(1), volume_gb, book, ""))
    point = book.find(region, CostComponent.INSTANCE_TIME, name)
    disk = book.find(region, CostComponent.STORAGE, VOLUME)
    if point is None or disk is None or has_local_disk(name):
        return None if point is None else point.usd
    return point.usd + volume_gb * disk.usd / HOURS_PER_MONTH


def _rates(book: PriceBook) -> bool:
    """Whether Savings Plans rates stand in for list prices, which reach some ways only."""
    return any(each.usd_per_hour is not None for each in book.discounts.held)


def _ranged(found: Sequence[Offer]) -> list[Offer]:
    """Offers that are priced with less and with more traffic, too: today's, and what advice can lead to.

    On-demand serverless is not among them: it moves with the traffic, whatever rules it out.
    """
    kept: list[Offer] = []
    for family in Family:
        alike = [each for each in found if each.option.family is family and each.usd is not None]
        kept += [each for each in alike if not each.is_today and not each.why_not][:1]
    item = next((each.option.item for each in found if each.is_today), "")
    kept += [each for each in found if each.option.family is Family.ASYNCHRONOUS and each.option.item == item]
    return [*kept, *(each for each in found if each.is_today)]


def _way(
    offer: Offer, is_ranged: bool, site: Site, scaled: tuple[Traffic, Traffic], book: PriceBook
) -> PricedWay:
    option = offer.option
    less = more = offer.usd
    is_fixed = offer.is_today and option.family not in (Family.SERVERLESS, Family.PROVISIONED)
    if option.family is Family.SERVERLESS and offer.usd is not None:
        # On demand every call costs the same, so the month moves with the traffic.
        less, more, is_ranged = offer.usd * LESS, offer.usd * MORE, True
    elif is_ranged and not is_fixed and offer.usd is not None:
        less, more = (cost(option_lines(option, site, each, book)) for each in scaled)
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
