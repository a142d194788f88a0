"""Why cold starts happened: the table of an endpoint and of the fleet."""

from collections.abc import Mapping

from dashboards import wording
from dashboards.tables import Column, PlainTable
from fleet.analysis import cold_starts as cold_analysis
from fleet.analysis.cold_starts import Cause
from fleet.queries import endpoint as queries
from fleet.queries.cold_start_causes import Causes
from fleet.queries.endpoint import Activity, Head

_CAUSES = {
    Cause.IDLE: ("Idle: no call for 5 min or more", "Provisioned concurrency"),
    Cause.SPILL_OVER: (
        "Spill-over: more parallel calls than provisioned concurrency",
        "More provisioned concurrency",
    ),
    Cause.GROWTH: (
        "Growth: more parallel calls than warm slots",
        "Provisioned concurrency, more than one",
    ),
    Cause.DEPLOY: (
        "Deploy: within 15 min after a change",
        "Nothing: every update re-initialises",
    ),
    Cause.UNKNOWN: ("Not told by minute figures", "—"),
}


def table(head: Head, activity: Activity, found: cold_analysis.ColdStarts) -> PlainTable:
    """Cold starts of a window of minutes by cause, the largest first, with what would remove each."""
    deployed = [
        change.at for change in queries.changes(head.endpoint, activity.window) if change.category == "config"
    ]
    return _table(cold_analysis.causes(activity.rows, deployed_at=deployed, outlier_ms=found.threshold_ms))


def of_days(found: Causes) -> PlainTable:
    """The same from the days that were counted."""
    return _table(found.by_cause)


def counted(found: Causes) -> str:
    """Which days these are: "whole UTC days since 14 Nov, counted to Fri 20 Nov 07:00 UTC"."""
    if found.until is None:
        return "nothing is counted yet: each hour is, two hours after its end"
    until = found.until
    first = f"{found.first.day} {found.first:%b}"
    return f"whole UTC days since {first}, counted to {until:%a} {until.day} {until:%b %H:%M} UTC"


def _table(by_cause: Mapping[Cause, float]) -> PlainTable:
    total = sum(by_cause.values())
    rows = [
        (
            _CAUSES[cause][0],
            wording.count(n),
            wording.percent(n / total) if total else wording.UNKNOWN,
            _CAUSES[cause][1],
        )
        for cause, n in sorted(by_cause.items(), key=lambda item: -item[1])
        if n
    ]
    columns = [Column("Cause"), Column("Cold starts", is_number=True), Column("Share", is_number=True)]
    return PlainTable("Why", [*columns, Column("What removes it")], rows)
