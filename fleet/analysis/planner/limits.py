"""The limits that options are held to, and in words why none keeps them all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from fleet.analysis.planner import phrases
from fleet.analysis.planner.options import Option


@dataclass(frozen=True)
class Wishes:
    """What is asked of an option and what AWS allows; None = nothing asked, no bound known.

    budget_usd: a month. most_cold_share: cold starts per call, 0 to 1. usd_per_cold_start: what avoiding one is worth.
    max_concurrency: of the variant; provisioned concurrency never exceeds it. quota: units of concurrency that the
    account can give this endpoint. Shares and latencies are held to the upper end of their range.
    """

    budget_usd: Decimal | None = None
    most_cold_share: float | None = None
    most_p99_ms: float | None = None
    usd_per_cold_start: Decimal | None = None
    max_concurrency: int | None = None
    quota: int | None = None


@dataclass(frozen=True)
class Limit:
    """One limit: its words, how an option measures against it (None = not known), and that figure in words.

    is_money: it is the budget; is_bound: AWS sets it, nobody asked for it.
    """

    words: str
    most: float
    measure: Callable[[Option], float | None]
    figure: Callable[[Option], str]
    is_money: bool = False
    is_bound: bool = False

    def keeps(self, option: Option) -> bool:
        found = self.measure(option)
        return found is not None and found <= self.most


def limits_of(wishes: Wishes) -> list[Limit]:
    found = []
    if wishes.budget_usd is not None:
        words = f"at most {phrases.usd(wishes.budget_usd)} a month"
        found.append(Limit(words, float(wishes.budget_usd), _usd, _usd_words, is_money=True))
    if wishes.most_cold_share is not None:
        words = f"at most {phrases.share(wishes.most_cold_share)} of calls cold"
        found.append(Limit(words, wishes.most_cold_share, _cold_share, _cold_words))
    if wishes.most_p99_ms is not None:
        words = f"a p99 latency of at most {phrases.milliseconds(wishes.most_p99_ms)}"
        found.append(Limit(words, wishes.most_p99_ms, _p99, _p99_words))
    if wishes.max_concurrency is not None:
        words = f"provisioned concurrency no higher than the maximum concurrency of {wishes.max_concurrency}"
        found.append(Limit(words, wishes.max_concurrency, _top, _top_words, is_bound=True))
    if wishes.quota is not None:
        words = f"no more than the {wishes.quota} units that the account's quota leaves"
        found.append(Limit(words, wishes.quota, _top, _top_words, is_bound=True))
    return found


def _usd(option: Option) -> float | None:
    return None if option.usd is None else float(option.usd)


def _cold_share(option: Option) -> float:
    return option.cold_share.high


def _p99(option: Option) -> float | None:
    return None if option.p99_ms is None else option.p99_ms.high


def _top(option: Option) -> float:
    return option.top


def _usd_words(option: Option) -> str:
    return "an unknown price" if option.usd is None else f"{phrases.usd(option.usd)} a month"


def _cold_words(option: Option) -> str:
    return f"up to {phrases.share(option.cold_share.high)} of calls cold"


def _p99_words(option: Option) -> str:
    high = _p99(option)
    return (
        "an unknown p99 latency" if high is None else f"a p99 latency of up to {phrases.milliseconds(high)}"
    )


def _top_words(option: Option) -> str:
    return f"{option.top} units"


def refusal(options: Sequence[Option], limits: Sequence[Limit]) -> tuple[bool, str]:
    """Whether it is known why nothing keeps all limits, and why: the one nothing keeps, or those that contradict."""
    for limit in limits:
        known = [(value, one) for one in options if (value := limit.measure(one)) is not None]
        if not known:
            return (
                False,
                f"Whether anything keeps {limit.words} cannot be told: no figure is known.",
            )
        if not any(limit.keeps(one) for _, one in known):
            best = min(known, key=lambda row: row[0])[1]
            text = f"Nothing keeps {limit.words}: the nearest is {best.name} with {limit.figure(best)}."
            return True, text
    for one, other in combinations(limits, 2):
        if not any(one.keeps(option) and other.keeps(option) for option in options):
            text = (
                f"Two limits contradict each other. {_within(options, one, other)} {_within(options, other, one)}"
                " Loosen one of them."
            )
            return True, text
    words = "; ".join(limit.words for limit in limits)
    return True, f"Each limit can be kept, but not all at once: {words}. Loosen one of them."


def _within(options: Sequence[Option], kept: Limit, broken: Limit) -> str:
    """What the best option within one limit makes of the other."""
    within = [(broken.measure(one), one) for one in options if kept.keeps(one)]
    known = [(value, one) for value, one in within if value is not None]
    start = kept.words[0].upper() + kept.words[1:]
    if not known:
        return f"{start}: there {broken.words} cannot be told."
    best = min(known, key=lambda row: row[0])[1]
    return f"{start} allows {best.name} at best, with {broken.figure(best)}."
