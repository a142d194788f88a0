"""What the planner's page says: figures with their ranges, the answer in a sentence, and where it is applied."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import wording
from fleet.analysis.planner import phrases
from fleet.analysis.planner.choices import Choice, Verdict
from fleet.analysis.planner.interval import FEW, Range, Standing
from fleet.analysis.planner.options import Avoided, Option, OptionKind, avoided, frontier
from fleet.planning.plans import Plan
from fleet.types import ServerlessCapacity

STANDINGS = {Standing.MEASURED: "Measured", Standing.GOOD: "Good", Standing.WEAK: "Weak"}
NO_DIFFERENCE = "no clear difference"
LONGEST = 3500
"""Longest address of a filled-in form: servers take a line of 4,094 bytes and more."""
UNPRICED = "price not known"


def name(option: Option) -> str:
    """ "Nothing provisioned", "2 provisioned"."""
    if option.kind is not OptionKind.LEVEL or option.level is None:
        return f"{option.name[0].upper()}{option.name[1:]}"
    return f"{option.level} provisioned" if option.level else "Nothing provisioned"


def figure(found: Range) -> str:
    """ "about 120 (61 – 210)", "118" where it was measured, "fewer than 20"."""
    likely, span = parts(found)
    return f"{likely} ({span})" if span else likely


def parts(found: Range) -> tuple[str, str]:
    """The same as a figure and its range, which is empty where it tells nothing more."""
    if found.low == found.high:
        return wording.count(round(found.likely)), ""
    if found.high < FEW:
        return f"fewer than {FEW}", ""
    likely = _short(found.likely)
    low = "0" if found.low < 1 else _short(found.low, is_exact=True)
    return likely if found.likely < FEW else f"about {likely}", f"{low} – {_short(found.high)}"


def _short(number: float, *, is_exact: bool = False) -> str:
    """Two figures: "61", "22,000", "2.6 M"."""
    rounded = float(f"{number:.2g}")
    if rounded >= 1_000_000:
        return f"{rounded / 1_000_000:g} M"
    return f"{rounded:,.0f}" if is_exact else phrases.count(number)


def spilled(option: Option) -> tuple[str, str]:
    """Calls that no kept container takes, with their range."""
    return ("all", "") if option.level == 0 else parts(option.spilled)


def latency(found: Range | None) -> str:
    """ "2.30 s (1.90 s – 2.80 s)"."""
    likely, span = latency_parts(found)
    return f"{likely} ({span})" if span else likely


def latency_parts(found: Range | None) -> tuple[str, str]:
    """The same as a figure and its range."""
    if found is None:
        return wording.UNKNOWN, ""
    likely = wording.millis(found.likely)
    if found.low == found.high:
        return likely, ""
    return likely, f"{wording.millis(found.low)} – {wording.millis(found.high)}"


def each(found: Avoided | None, is_worth_it: bool | None) -> str:
    """The price of an avoided cold start against the cheaper way before it, or why there is none."""
    if found is None:
        return ""
    if found.usd is None:
        return UNPRICED
    if found.cold <= 0:
        return "not worth it: avoids none"
    if found.usd_each is None:
        return f"not worth it: {NO_DIFFERENCE}" if found.usd > 0 else NO_DIFFERENCE
    price = wording.usd(found.usd_each)
    return f"not worth it: {price}" if is_worth_it is False else price


def sentence(choice: Choice, held: Plan) -> tuple[str, str]:
    """The answer first, then the rest."""
    if choice.verdict is Verdict.OPEN:
        return opening(held)
    strong, stop, rest = choice.sentence.partition(": ")
    if choice.verdict in (Verdict.CONTRADICTION, Verdict.UNKNOWN) or not stop:
        return choice.sentence, ""
    return f"{strong}.", f"{rest[0].upper()}{rest[1:]}"


def opening(held: Plan) -> tuple[str, str]:
    """Before anything is asked: today, and the cheapest way to clearly fewer cold starts."""
    live = held.today
    if live is None:
        return "Today's level is not among those that were forecast.", ""
    strong = f"{name(live)} today: {phrases.cold_starts(live.cold)}"
    strong += "." if live.usd is None else f", {wording.usd(live.usd)} a month."
    better = held.first_step
    if better is None:
        saved = _dearer(held.options, live)
        return strong, saved or "No other level clearly avoids cold starts at a known price: keep it."
    found = avoided(better, live)
    return strong, (
        f"{name(better)} would avoid about {phrases.count(found.cold)} of them ({_less(found.cold, live)}) for "
        f"{wording.usd(found.usd)} a month more, {wording.usd(found.usd_each)} each. What is that worth to you?"
    )


def _less(avoided_starts: float, live: Option) -> str:
    """ "−93 %"."""
    return f"{wording.MINUS}{wording.percent(min(1.0, avoided_starts / live.cold.likely))}"


def _dearer(options: Sequence[Option], live: Option) -> str:
    """That today's level pays for nothing, where a cheaper one shows no clear difference."""
    # How a policy moves is assumed in part: it is no ground for calling what is live not worth it.
    for option in frontier(one for one in options if one.kind is not OptionKind.TRACKING):
        found = avoided(option, live)
        if option is not live and found.usd is not None and found.usd < 0 and not found.is_clear:
            return (
                f"{name(option)} would save {wording.usd(-found.usd)} a month, with {NO_DIFFERENCE} in cold starts: "
                "what is kept warm today is not worth it."
            )
    return ""


def form_url(option: Option, held: Plan, endpoint_id: int, live: ServerlessCapacity) -> str:
    """The form of the operation that makes an option live, filled in; "" where none is needed or allowed.

    Schedules and policies move what is provisioned already: without any, that is planned first.
    """
    moving = held.moving(option)
    if moving is not None:
        if option.top > live.max_concurrency:
            return ""
        if not live.provisioned_concurrency:
            return _concurrency_url(endpoint_id, live, moving.least)
        address = f"{reverse('operations:change-schedule', args=[endpoint_id])}?{urlencode(moving.fields)}"
        return address if len(address) < LONGEST else ""
    if option.is_today or option.level is None or option.level > live.max_concurrency:
        return ""
    return _concurrency_url(endpoint_id, live, option.level)


def is_first_of_two(option: Option, held: Plan, live: ServerlessCapacity) -> bool:
    """Whether its form only provisions what a schedule or a policy will then move."""
    return held.moving(option) is not None and not live.provisioned_concurrency


def _concurrency_url(endpoint_id: int, live: ServerlessCapacity, level: int) -> str:
    wanted = {"max_concurrency": live.max_concurrency, "provisioned_concurrency": level or ""}
    return f"{reverse('operations:change-concurrency', args=[endpoint_id])}?{urlencode(wanted)}"
