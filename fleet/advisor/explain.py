"""Why one way to host suits an endpoint or not ("why not async?"): every limit, figure and price in words. Pure."""

from collections.abc import Iterable

from fleet.advisor import sources, words
from fleet.advisor.advice import Reason
from fleet.advisor.evidence import Evidence, HostingOption, PricedWay
from fleet.advisor.fitness import FAMILIES, Function, fitness
from fleet.advisor.flow import answers_from, decide
from fleet.advisor.limits import LIMITS, OPTION_OF
from fleet.types import Kind

H = HostingOption


def explain(e: Evidence, option: HostingOption) -> list[Reason]:
    """Reasons for and against one way, limits first; those that speak_for None say what is missing."""
    return [
        *_limits(e, option),
        *_features(e, option),
        *_way_there(e, option),
        *_fit(e, option),
        *_price(e, option),
        *_flow(e, option),
    ]


def _limits(e: Evidence, option: HostingOption) -> Iterable[Reason]:
    limit = LIMITS[option]
    p99 = e.calls.latency_ms_p99
    if limit.seconds is not None:
        if p99 is None:
            yield Reason(
                f"Answers have to come within {limit.seconds:,} s; how long calls take is not known.",
                None,
                limit.source,
            )
        else:
            text = f"Answers have to come within {limit.seconds:,} s; p99 is {words.duration(p99)}."
            yield Reason(text, p99 <= limit.seconds * 1000, limit.source)
    if limit.payload_bytes is not None:
        largest, most = e.payload.largest_bytes, f"{limit.payload_bytes / 1e6:,.0f} MB"
        if largest is None:
            yield Reason(
                f"Requests up to {most}; CloudWatch reports no sizes, so somebody has to say.",
                None,
                limit.source,
            )
        else:
            text = f"Requests up to {most}; the largest is {largest / 1e6:,.3g} MB."
            yield Reason(text, largest <= limit.payload_bytes, limit.source)


def _features(e: Evidence, option: HostingOption) -> Iterable[Reason]:
    if option is H.SERVERLESS and e.kind is not Kind.SERVERLESS:
        if e.exclusions is None:
            yield Reason(
                "Which features it uses that serverless lacks was not checked.",
                None,
                sources.GUIDE_SERVERLESS,
            )
        elif e.exclusions:
            text = f"Serverless has no {', '.join(e.exclusions)}, which it uses."
            yield Reason(text, False, sources.GUIDE_SERVERLESS)
        else:
            yield Reason("It uses nothing that serverless lacks.", True, sources.GUIDE_SERVERLESS)
    if option is H.MULTI_CONTAINER and e.main and e.main.machine and e.main.machine.gpus != 0:
        yield Reason("Multi-container endpoints do no GPU inference.", False, sources.BLOG_PATTERNS)
    if option is H.MULTI_MODEL and e.cohosts is not None:
        text = f"{len(e.cohosts.members)} endpoints could share one: {', '.join(e.cohosts.members)}."
        yield Reason(text, True, sources.GUIDE_MULTI_MODEL)


def _way_there(e: Evidence, option: HostingOption) -> Iterable[Reason]:
    today = OPTION_OF.get(e.kind)
    if e.kind is Kind.UNKNOWN:
        return
    if today is option:
        yield Reason("It is hosted so today.", True)
    elif option is H.REAL_TIME and e.kind is Kind.SERVERLESS:
        text = "An update converts it in place, and there is no way back to serverless."
        yield Reason(text, True, sources.GUIDE_SERVERLESS)
    elif option is H.SERVERLESS:
        text = "AWS refuses to turn an endpoint on instances into serverless: callers move to a new one."
        yield Reason(text, False, sources.GUIDE_SERVERLESS)
    elif option in (H.ASYNCHRONOUS, H.BATCH):
        yield Reason("Callers have to change: input and answers go through S3.", False, sources.BLOG_PATTERNS)


def _fit(e: Evidence, option: HostingOption) -> Iterable[Reason]:
    mine = next(each for each in fitness(answers_from(e), e) if each.option is option)
    for name in (Function.TRAFFIC, Function.THROUGHPUT, Function.LATENCY):
        score = mine.scores[name]
        text = f"{name.value.capitalize()}: {score.why}."
        yield Reason(text, None if score.points is None else score.points >= 50, sources.BLOG_PATTERNS)


def _price(e: Evidence, option: HostingOption) -> Iterable[Reason]:
    families = FAMILIES.get(option, ())
    found = [way for way in e.ways if way.family in families]
    for reason in dict.fromkeys(reason for way in found for reason in way.why_not):
        if all(reason in way.why_not for way in found):
            yield Reason(f"Not open to it: {reason}.", False)
    mine: PricedWay | None = e.cheapest(*families)
    today = e.today
    if OPTION_OF.get(e.kind) is option:
        return
    if mine is not None and today is None:
        yield Reason(
            f"{words.usd(mine.usd)} a month as {words.way(mine)}. Assumed: {mine.assumption}.",
            None,
            words.OPTIONS,
        )
        return
    if mine is None or today is None or mine.usd is None or today.usd is None:
        yield Reason("What it would cost a month is not known.", None)
        return
    text = f"{words.usd(mine.usd)} a month as {words.way(mine)}, {words.usd(today.usd)} today."
    text += f" Assumed: {mine.assumption}." if mine.assumption else ""
    yield Reason(text, mine.usd < today.usd, words.OPTIONS)


def _flow(e: Evidence, option: HostingOption) -> Iterable[Reason]:
    flow = decide(answers_from(e))
    if flow.result is None:
        yield Reason(f"The decision flow stops: {'; '.join(flow.missing)}.", None, sources.GUIDE_HOSTING_FAQ)
    else:
        yield Reason(
            f"The decision flow ends at {flow.result.value}.",
            flow.result is option,
            sources.GUIDE_HOSTING_FAQ,
        )
