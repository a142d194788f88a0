"""Quotas that fill up: one condition at two thresholds, with a margin so that a figure at the line does not flap."""

from collections.abc import Mapping
from datetime import datetime

from fleet import serverless_quotas as known
from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import day_and_clock
from fleet.alerts.wording import Words
from fleet.queries import quotas
from fleet.queries.quotas import Line
from fleet.queries.scope import ScopeFilter

KEYS = ("quota-full", "quota-filling")
_NAMES = {
    known.CONCURRENCY: "serverless concurrency",
    known.PROVISIONED: "provisioned concurrency",
    known.SERVERLESS_ENDPOINTS: "serverless endpoints",
    known.ALL_ENDPOINTS: "endpoints",
}


def measures(values: Mapping[str, float], late: datetime, now: datetime) -> list[Measure]:
    """Quotas of which at least the threshold is held; regions not read since `late` are left out. One query."""
    return [
        Measure.holding(
            subject=_subject(line),
            now=now,
            values={"account": line.alias, "region": line.region, "line": line, **values},
            shard_id=line.shard_id,
        )
        for line in _lines(values["share_pct"])
        if _is_fresh(line, late)
    ]


def unjudged_subjects(values: Mapping[str, float], late: datetime) -> frozenset[str]:
    """Quotas whose open incidents stay: within the margin below the threshold, or not to be judged now. One query."""
    floor, threshold = (values["share_pct"] - values["margin_pct"]) / 100, values["share_pct"] / 100
    return frozenset(
        _subject(line)
        for line in quotas.ledger(ScopeFilter()).lines
        if line.share is None or not _is_fresh(line, late) or floor < line.share < threshold
    )


def words(measure: Measure, place: Place) -> Words:
    """The words of an opening incident; AWS's names stay as they are."""
    line: Line = measure.values["line"]
    what = f"{line.instance_type} instances" if line.instance_type else _NAMES[line.subject]
    where = f"{line.alias}/{line.region}"
    share = f"{(line.share or 0) * 100:.0f} %"
    left = line.room or 0
    rest = f"{-left:,} more than allowed" if left < 0 else f"room for {left:,} more"
    source = "Service Quotas" if line.reported is not None else "AWS's documented default"
    return Words(
        title=f"{where}: {what} {'over the quota' if left < 0 else f'at {share} of the quota'}",
        cause=f"{line.held:,} of {line.limit:,} {what} held in {where}",
        summary=(
            f"Endpoints of {where} hold {line.held:,} of {line.limit:,} {what}, {rest}. "
            "AWS refuses new endpoints and updates that would pass the limit."
        ),
        advice="The Quotas page names the endpoints that hold most; ask AWS for more in Service Quotas in good time.",
        facts=(
            ("In use", f"{line.used:,}"),
            ("On its way", f"{line.pending:,}"),
            ("Limit", f"{line.limit:,} ({source})"),
            ("Quotas read", day_and_clock(line.quotas_read_at) if line.quotas_read_at else "never"),
        ),
    )


def _lines(share_pct: float) -> list[Line]:
    return quotas.ledger(ScopeFilter(), least_share=share_pct / 100).lines


def _subject(line: Line) -> str:
    return f"quota:{line.shard_id}:{line.subject}"


def _is_fresh(line: Line, late: datetime) -> bool:
    return line.mirror_at is not None and line.mirror_at > late
