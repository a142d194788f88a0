"""The words of incidents about states: endpoints, operations, budgets, sync. AWS's own messages stay word for word."""

from collections.abc import Callable

from fleet.alerts import budgets, built_from, jobs, own_health, quotas, rises, syncing
from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import clock, day_and_clock, lasting
from fleet.alerts.wording import Words, owner_fact

NO_REASON = "AWS gave no reason"


def words(key: str, measure: Measure, place: Place) -> Words:
    """The words of one opening incident of a state rule."""
    return _WORDS[key](measure, place)


def _words(measure: Measure) -> str:
    """AWS's words as a sentence of their own."""
    said = _reason(measure)
    return f"{said}." if said == NO_REASON else f"AWS says: {said}"


def _reason(measure: Measure) -> str:
    return measure.values.get("reason") or NO_REASON


def _status_facts(measure: Measure, place: Place) -> tuple[tuple[str, str], ...]:
    return (
        ("Status", measure.values["status"]),
        ("Since", day_and_clock(measure.since)),
        (
            "Config",
            place.endpoint.config_name if place.endpoint and place.endpoint.config_name else "not reported",
        ),
        owner_fact(place),
    )


def _failed(measure: Measure, place: Place) -> Words:
    status = measure.values["status"]
    return Words(
        title=f"{place.name} failed" if status == "Failed" else f"{place.name} is {status}",
        cause=f"{status}: {_reason(measure)}",
        summary=f"AWS reports {status}, so the endpoint answers no calls. {_words(measure)}",
        advice="DeleteEndpoint is the only operation AWS allows on a failed endpoint; create it anew from its config.",
        facts=_status_facts(measure, place),
    )


def _rollback_failed(measure: Measure, place: Place) -> Words:
    return Words(
        title=f"{place.name} runs two configurations",
        cause="update and rollback both failed",
        summary=(
            "A rolling update failed and so did its rollback. The endpoint still serves, with a mix of old and new "
            f"instances. {_words(measure)}"
        ),
        advice="Update the endpoint again to one configuration, and check the instance quota first.",
        facts=_status_facts(measure, place),
    )


def _too_long(measure: Measure, place: Place) -> Words:
    status, lasted = measure.values["status"], lasting(measure.until - measure.since)
    return Words(
        title=f"{place.name} stays {status}",
        cause=f"{status} for {lasted}",
        summary=(
            f"The endpoint has been {status} since {clock(measure.since)} UTC, longer than "
            f"{measure.values['for_min']:g} min. Other changes are refused meanwhile."
        ),
        advice="Look at the container's log: a health check that never passes is the usual cause.",
        facts=_status_facts(measure, place),
    )


def _not_applied(measure: Measure, place: Place) -> Words:
    values = measure.values
    live = place.endpoint.config_name if place.endpoint else ""
    if "code" not in values:
        return Words(
            title=f"Update of {place.name} failed",
            cause="update made outside Flotilla failed",
            summary=(
                "The endpoint is back InService on its earlier configuration; AWS keeps the reason: "
                + _reason(measure)
            ),
            advice="InService proves nothing by itself: compare the live configuration with the one that was wanted.",
            facts=_status_facts(measure, place),
        )
    happened = {
        "rolled-back": "was rolled back",
        "overwritten": "was overwritten",
        "unknown": "has an unknown end",
    }
    word = happened.get(values["verdict"], "failed")
    return Words(
        title=f"Update of {place.name} {word}",
        cause=f"update {word} (op-{values['code']})",
        summary=f"What was asked is not what runs. {_words(measure)}",
        advice="Open the operation: it shows what was wanted beside what is live, and the next moves.",
        facts=(
            ("Operation", f"op-{values['code']}, {values['kind'].replace('-', ' ').replace('_', ' ')}"),
            ("Verdict", values["verdict"] or "failed"),
            ("Ended", day_and_clock(measure.since)),
            ("Live config", live or "not reported"),
            owner_fact(place),
        ),
    )


_WORDS: dict[str, Callable[[Measure, Place], Words]] = {
    "update-not-applied": _not_applied,
    "endpoint-failed": _failed,
    "update-rollback-failed": _rollback_failed,
    "creating-too-long": _too_long,
    "updating-too-long": _too_long,
    budgets.PASSED: budgets.passed_words,
    budgets.FORECAST: budgets.forecast_words,
    "quota-full": quotas.words,
    "quota-filling": quotas.words,
    rises.KEY: rises.words,
    jobs.FAILED: jobs.words,
    jobs.LONG: jobs.words,
    built_from.KEY: built_from.words,
    syncing.STALE: syncing.stale_words,
    syncing.FAILING: syncing.failing_words,
    own_health.THROTTLED: own_health.throttled_words,
    own_health.MAILS: own_health.stuck_words,
}
