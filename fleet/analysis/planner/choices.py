"""Which option to take: what a person wants and AWS allows, held against every option, and the answer in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fleet.analysis.planner import phrases
from fleet.analysis.planner.limits import Limit, Wishes, limits_of, refusal
from fleet.analysis.planner.options import Avoided, Option, avoided, frontier, today


class Verdict(StrEnum):
    """What comes out of a choice. OPEN: nothing was asked that decides. UNKNOWN: a figure is missing for it."""

    CHANGE = "change"
    KEEP = "keep"
    NOT_WORTH_IT = "not-worth-it"
    CONTRADICTION = "contradiction"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Judged:
    """An option against the wishes. broken: the limits it does not keep, in words; empty = it keeps all.

    against_today, against_below: what it avoids against today's option and the next cheaper one of the curve, None
    where there is none. is_worth_it: its price per cold start avoided below that curve point within the value given.
    """

    option: Option
    broken: tuple[str, ...]
    is_on_curve: bool
    against_today: Avoided | None
    against_below: Avoided | None
    is_worth_it: bool | None


@dataclass(frozen=True)
class Choice:
    """The answer. option: what to take, today's with KEEP and NOT_WORTH_IT, None where no option can be stood behind.

    sentence: the answer in words; usd_each: with NOT_WORTH_IT the lowest price of an avoided cold start.
    """

    verdict: Verdict
    option: Option | None
    sentence: str
    judged: tuple[Judged, ...]
    usd_each: Decimal | None = None


def choose(options: Sequence[Option], wishes: Wishes) -> Choice:
    """The cheapest option that keeps every limit, or with a value per cold start the one of least cost all in all.

    With a budget as the only limit: the one of fewest cold starts within it. An option whose cold starts show no clear
    difference from today's is not advised for more money.
    """
    limits = limits_of(wishes)
    live = today(options)
    judged = tuple(_judged(options, limits, wishes, live))
    allowed = [one.option for one in judged if not one.broken]
    if not options:
        return Choice(Verdict.UNKNOWN, None, "No option can be forecast.", judged)
    if not allowed:
        is_known, sentence = refusal(options, limits)
        return Choice(Verdict.CONTRADICTION if is_known else Verdict.UNKNOWN, None, sentence, judged)
    if wishes.usd_per_cold_start is not None:
        return _by_value(allowed, wishes.usd_per_cold_start, live, judged)
    asked = [limit for limit in limits if not limit.is_bound]
    if not asked:
        text = "Nothing decides yet: set a budget, a limit of cold starts, or what one avoided cold start is worth."
        return Choice(Verdict.OPEN, None, text, judged)
    if all(limit.is_money for limit in asked):
        return _answer(_fewest(allowed), allowed, live, judged)
    priced = [one for one in allowed if one.usd is not None]
    if not priced:
        return Choice(
            Verdict.UNKNOWN, None, "No price is known for the options that keep the limits.", judged
        )
    return _answer(
        min(priced, key=lambda one: (one.usd or 0, one.cold.likely)), allowed, live, judged, limits
    )


def _judged(
    options: Sequence[Option], limits: Sequence[Limit], wishes: Wishes, live: Option | None
) -> list[Judged]:
    curve = frontier(options)
    found = []
    for option in options:
        cheaper = [one for one in curve if one is not option and (one.usd or 0) <= (option.usd or 0)]
        below = avoided(option, cheaper[-1]) if cheaper and option.usd is not None else None
        worth = None
        if wishes.usd_per_cold_start is not None and below is not None and below.usd is not None:
            worth = below.cold > 0 and below.usd <= Decimal(str(below.cold)) * wishes.usd_per_cold_start
        found.append(
            Judged(
                option=option,
                broken=tuple(
                    f"{limit.figure(option)}, asked: {limit.words}"
                    for limit in limits
                    if not limit.keeps(option)
                ),
                is_on_curve=any(one is option for one in curve),
                against_today=avoided(option, live) if live is not None and live is not option else None,
                against_below=below,
                is_worth_it=worth,
            )
        )
    return found


def _fewest(allowed: Sequence[Option]) -> Option:
    """The one of fewest cold starts at the upper end; of those that show no clear difference from it the cheapest."""
    best = min(allowed, key=lambda one: (one.cold.high, one.usd or 0))
    alike = [one for one in allowed if one.cold.overlaps(best.cold) and one.cold.likely <= best.cold.high]
    return min([best, *alike], key=lambda one: (one.usd or 0, one.cold.likely))


def _answer(
    best: Option,
    allowed: Sequence[Option],
    live: Option | None,
    judged: tuple[Judged, ...],
    limits: Sequence[Limit] = (),
) -> Choice:
    if live is None or live not in allowed:
        why = ""
        if live is not None:
            broken = [limit.figure(live) for limit in limits if not limit.keeps(live)]
            why = f" Today: {', '.join(broken)}." if broken else ""
        return Choice(Verdict.CHANGE, best, f"{_described(best)}.{why}", judged)
    against = avoided(best, live)
    if best == live or (not against.is_clear and (against.usd is None or against.usd >= 0)):
        return Choice(Verdict.KEEP, live, f"Keep {live.name}: nothing better keeps the limits.", judged)
    return Choice(Verdict.CHANGE, best, f"{_described(best)}: {_compared(against)}.", judged)


def _by_value(
    allowed: Sequence[Option], worth: Decimal, live: Option | None, judged: tuple[Judged, ...]
) -> Choice:
    priced = [one for one in allowed if one.usd is not None]
    if not priced:
        return Choice(Verdict.UNKNOWN, None, "No price is known for any option.", judged)
    best = min(priced, key=lambda one: ((one.usd or 0) + worth * Decimal(str(one.cold.likely)), one.top))
    if live is None or live not in priced:
        return Choice(Verdict.CHANGE, best, f"{_described(best)}.", judged)
    against = avoided(best, live)
    if best != live and (against.is_clear or (against.usd or 0) < 0):
        return Choice(Verdict.CHANGE, best, f"{_described(best)}: {_compared(against)}.", judged)
    prices = [price for one in priced if (price := avoided(one, live).usd_each) is not None]
    if not prices:
        return Choice(Verdict.KEEP, live, f"Keep {live.name}: no other option clearly does better.", judged)
    least = min(prices)
    text = (
        f"Not worth it: keep {live.name}. Each cold start avoided would cost {phrases.usd(least)} at least;"
        f" you value one at {phrases.usd(worth)}."
    )
    return Choice(Verdict.NOT_WORTH_IT, live, text, judged, least)


def _described(option: Option) -> str:
    price = "price not known" if option.usd is None else f"{phrases.usd(option.usd)} a month"
    return f"Take {option.name}: {phrases.cold_starts(option.cold)}, {price}"


def _compared(against: Avoided) -> str:
    """ "about 400 cold starts fewer a month for $41.20 more, $0.10 each"."""
    fewer = "no clear difference in cold starts"
    if against.is_clear:
        fewer = f"{phrases.count(abs(against.cold))} cold starts {'fewer' if against.cold > 0 else 'more'} a month"
    if against.usd is None:
        return fewer
    if against.usd < 0:
        return f"{fewer}, {phrases.usd(-against.usd)} a month saved"
    each = f", {phrases.usd(against.usd_each)} for each avoided" if against.usd_each is not None else ""
    return f"{fewer} for {phrases.usd(against.usd)} a month more{each}"
