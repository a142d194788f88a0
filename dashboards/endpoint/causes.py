"""Why cold starts happened: the table under their tab."""

from dashboards import wording
from dashboards.tables import Column, PlainTable
from fleet.analysis import cold_starts as cold_analysis
from fleet.queries import endpoint as queries
from fleet.queries.endpoint import Activity, Head

_CAUSES = {
    cold_analysis.Cause.IDLE: ("Idle: no call for 5 min or more", "Provisioned concurrency"),
    cold_analysis.Cause.SPILL_OVER: (
        "Spill-over: more parallel calls than provisioned concurrency",
        "More provisioned concurrency",
    ),
    cold_analysis.Cause.GROWTH: (
        "Growth: more parallel calls than warm slots",
        "Provisioned concurrency, more than one",
    ),
    cold_analysis.Cause.DEPLOY: (
        "Deploy: within 15 min after a change",
        "Nothing: every update re-initialises",
    ),
    cold_analysis.Cause.UNKNOWN: ("Not told by minute figures", "—"),
}


def table(head: Head, activity: Activity, found: cold_analysis.ColdStarts) -> PlainTable:
    """Cold starts of the window by cause, the largest first, with what would remove each."""
    deployed = [
        change.at for change in queries.changes(head.endpoint, activity.window) if change.category == "config"
    ]
    by_cause = cold_analysis.causes(activity.rows, deployed_at=deployed, outlier_ms=found.threshold_ms)
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
