"""The words of incidents about metrics: title, cause, summary, advice and facts, shown alike in mail and page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleet.alerts import figures
from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import NOT_REPORTED, clock, count, lasting, percent

Fact = tuple[str, str]


@dataclass(frozen=True)
class Words:
    """An incident in words. cause finishes the sentence "[severity] name region: …"; facts keep their order."""

    title: str
    cause: str
    summary: str
    advice: str
    facts: tuple[Fact, ...]
    series: Mapping[str, Any] = field(default_factory=dict)


def words(key: str, measure: Measure, place: Place) -> Words:
    """The words of one opening incident of a metric rule."""
    return _WORDS[key](measure, place)


def subject_name(place: Place) -> str:
    """The endpoint's name, with its variant where it has several."""
    if place.variant is not None and place.has_siblings:
        return f"{place.name} ({place.variant.name})"
    return place.name


def owner_fact(place: Place) -> Fact:
    return ("Owner", place.owner or "no owner tag")


def _minutes(value: float) -> str:
    return f"{value:g} min"


def _since(measure: Measure) -> str:
    return f"It began at {clock(measure.since)} UTC."


def _busy(measure: Measure, place: Place) -> Words:
    """All slots taken, or a share of them, as the rule's threshold says."""
    name, values = subject_name(place), measure.values
    maximum = place.variant.max_concurrency if place.variant else None
    value = values["value"]
    limit = f"Max {maximum}" if maximum is not None else "max concurrency"
    used = f"{round(value * maximum)} of {limit}" if maximum is not None else f"{percent(value)} of {limit}"
    lasted = lasting(measure.until - measure.since)
    series = figures.series(
        place.buckets, "Concurrency in use, maximum per minute", "%", values["threshold"],
        "concurrency_utilization_max",
    )  # fmt: skip
    if values["threshold"] >= 1:
        slots = f"all {maximum} concurrent slots" if maximum is not None else "all concurrent slots"
        title = f"{name} is full"
        summary = (
            f"{slots[0].upper()}{slots[1:]} have been in use for {lasted}; AWS refuses calls above them. "
            f"{_since(measure)} Refused calls have no metric of their own on serverless, so the count below is "
            "every 4xx."
        )
    else:
        title = f"{name} is nearly full"
        summary = (
            f"At least {percent(values['threshold'])} of {limit} has been in use for {lasted}. {_since(measure)} "
            "At 100 % AWS refuses further calls."
        )
    return Words(
        title,
        f"concurrency {percent(value)} of {limit} for {lasted}",
        summary,
        _raise_max(place),
        _busy_facts(used, place),
        series,
    )


def _busy_facts(used: str, place: Place) -> tuple[Fact, ...]:
    return (
        ("In use now", used),
        ("Calls a minute", count(figures.per_minute(place.buckets, "invocations"))),
        (
            "4xx a minute, maybe refused calls",
            count(figures.per_minute(place.buckets, "errors_4xx")),
        ),
        (f"Region quota, {place.region}", _quota(place)),
        owner_fact(place),
    )


def _quota(place: Place) -> str:
    if place.concurrency_used is None:
        return NOT_REPORTED
    if place.concurrency_quota is None:
        return f"{place.concurrency_used:,} in use, quota not read"
    return f"{place.concurrency_used:,} of {place.concurrency_quota:,.0f}"


def _raise_max(place: Place) -> str:
    free = ""
    if place.concurrency_quota is not None and place.concurrency_used is not None:
        left = max(place.concurrency_quota - place.concurrency_used, 0)
        quota = f"{place.concurrency_quota:,.0f}"
        free = f" {left:,.0f} of the region's {quota} are free and raising it costs nothing by itself."
    return f"Raise max concurrency.{free} The link opens the endpoint; nothing changes before you confirm."


def _cold_starts(measure: Measure, place: Place) -> Words:
    name, values = subject_name(place), measure.values
    share = values["part"] / values["whole"]
    setup = figures.newest(place.buckets, "setup_ms_p50")
    warm = place.variant.provisioned_concurrency if place.variant else None
    return Words(
        title=f"{name} starts cold too often",
        cause=f"cold starts {percent(share)} of calls over {_minutes(values['for_min'])}",
        summary=(
            f"About {count(values['part'])} of {count(values['whole'])} calls waited for new compute between "
            f"{clock(measure.since)} and {clock(measure.until)} UTC. Estimated from ModelSetupTime: AWS publishes no "
            "count of cold starts."
        ),
        advice="Set provisioned concurrency, or raise it, for the hours in which this happens.",
        facts=(
            ("Cold starts (estimated)", count(values["part"])),
            ("Calls", count(values["whole"])),
            ("Share of calls", f"{percent(share)}, limit {percent(values['threshold'])}"),
            ("Set-up time, median", NOT_REPORTED if setup is None else f"{setup / 1000:.1f} s"),
            ("Provisioned concurrency", "none" if warm is None else str(warm)),
            owner_fact(place),
        ),
        series=figures.series(
            place.buckets,
            "Share of calls that waited",
            "%",
            values["threshold"],
            "setup_count",
            "invocations",
        ),
    )


def _errors(measure: Measure, place: Place) -> Words:
    name, values = subject_name(place), measure.values
    share = values["part"] / values["whole"]
    p99 = figures.newest(place.buckets, "model_latency_ms_p99")
    return Words(
        title=f"{name} answers with server errors",
        cause=f"5xx {percent(share)} of calls over {_minutes(values['for_min'])}",
        summary=(
            f"{count(values['part'])} of {count(values['whole'])} calls failed with 5xx between "
            f"{clock(measure.since)} and {clock(measure.until)} UTC."
        ),
        advice="Look at the container's log and at what changed last; revert the last change if it began with it.",
        facts=(
            ("5xx responses", count(values["part"])),
            ("Calls", count(values["whole"])),
            ("Share of calls", f"{percent(share)}, limit {percent(values['threshold'])}"),
            ("Model latency p99", NOT_REPORTED if p99 is None else f"{p99:,.0f} ms"),
            owner_fact(place),
        ),
        series=figures.series(
            place.buckets,
            "Share of calls answered 5xx",
            "%",
            values["threshold"],
            "errors_5xx",
            "invocations",
        ),
    )


def _thrash(measure: Measure, place: Place) -> Words:
    name, values = subject_name(place), measure.values
    ratio = values["part"] / values["whole"]
    per_hour = values["extra"] * 3600 / values["measured_s"]
    return Words(
        title=f"{name} thrashes its model cache",
        cause=f"hit ratio {percent(ratio)} over {_minutes(values['for_min'])}, {count(per_hour)} unloads an hour",
        summary=(
            f"Models are unloaded to make room and loaded again: only {percent(ratio)} of calls between "
            f"{clock(measure.since)} and {clock(measure.until)} UTC found their model in memory. "
            "AWS does not publish per-model figures."
        ),
        advice="Give the models more memory. The endpoint's Cache tab says what each way would do and cost.",
        facts=(
            ("Hit ratio", f"{percent(ratio)}, limit {percent(values['threshold'])}"),
            ("Unloads an hour", count(per_hour)),
            ("Calls", count(values["whole"])),
            ("Models loaded per instance", count(figures.newest(place.buckets, "loaded_models"))),
            ("Instances", _instances(place)),
            owner_fact(place),
        ),
        series=figures.series(
            place.buckets,
            "Hit ratio",
            "%",
            values["threshold"],
            "cache_hit_sum",
            "cache_hit_count",
            below=True,
        ),
    )


def _instances(place: Place) -> str:
    variant = place.variant
    if variant is None or variant.current_instance_count is None:
        return NOT_REPORTED
    return (
        f"{variant.current_instance_count} × {variant.instance_type}"
        if variant.instance_type
        else str(variant.current_instance_count)
    )


def _zero_trap(measure: Measure, place: Place) -> Words:
    name, values = subject_name(place), measure.values
    waiting, lasted = values["value"], lasting(measure.until - measure.since)
    missing = "" if place.has_wake_policy else ", no policy wakes it"
    why = (
        "A step policy exists, yet no instance has started."
        if place.has_wake_policy
        else "No step policy on HasBacklogWithoutCapacity exists, so nothing wakes the endpoint from zero instances."
    )
    age = figures.newest(place.buckets, "oldest_age_s_max")
    return Words(
        title=f"{name} is stuck at zero instances",
        cause=f"{count(waiting)} waiting, 0 instances for {lasted}{missing}",
        summary=f"{count(waiting)} requests wait and no instance runs. {_since(measure)} {why}",
        advice=(
            "Add a step policy on HasBacklogWithoutCapacity that goes from 0 to 1 instance."
            if not place.has_wake_policy
            else "See on the endpoint's timeline why scaling out failed; capacity may be short."
        ),
        facts=(
            ("Requests waiting", count(waiting)),
            ("Instances", "0"),
            ("Oldest request waits", figures.as_text(age, "s")),
            ("Step policy from zero", "present" if place.has_wake_policy else "none"),
            owner_fact(place),
        ),
        series=figures.series(place.buckets, "Requests waiting", "requests", 0.0, "backlog_max"),
    )


def _oldest_age(measure: Measure, place: Place) -> Words:
    name, values = subject_name(place), measure.values
    age = figures.as_text(values["value"], "s")
    limit = figures.as_text(values["threshold"], "s")
    return Words(
        title=f"{name} keeps requests waiting",
        cause=f"oldest request waits {age}, limit {limit}",
        summary=f"The oldest request in the queue has waited {age}; the limit is {limit}. {_since(measure)}",
        advice="Raise the maximum of its scaling target, or add instances until the backlog is gone.",
        facts=(
            ("Oldest request waits", age),
            ("Limit", limit),
            ("Requests waiting", count(figures.newest(place.buckets, "backlog_max"))),
            ("Instances", _instances(place)),
            owner_fact(place),
        ),
        series=figures.series(
            place.buckets, "Age of the oldest request", "s", values["threshold"], "oldest_age_s_max"
        ),
    )


_WORDS: dict[str, Callable[[Measure, Place], Words]] = {
    "serverless-full": _busy,
    "serverless-nearly-full": _busy,
    "cold-start-share": _cold_starts,
    "errors-5xx": _errors,
    "cache-thrash": _thrash,
    "async-zero-trap": _zero_trap,
    "async-oldest-age": _oldest_age,
}
