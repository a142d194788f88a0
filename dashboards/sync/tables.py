"""Tiles and rows of the Sync page, and plain words beside AWS's own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import QueryDict

from dashboards import wording
from dashboards.sync.words import Trouble, label, trouble
from dashboards.tables import Column, PlainTable
from dashboards.tiles import Explain, Tile
from fleet.queries.sync import Section, ShardRow, SyncPage

PRICE_SOURCE = "Amazon CloudWatch pricing: USD 0.01 per 1,000 metrics requested by GetMetricData"
REQUESTED_FOR = timedelta(minutes=3)
"""Longer than this nobody waits for a requested sync: no worker runs, and polling would not help."""


@dataclass(frozen=True)
class Requested:
    """A sync somebody asked for: which shard, and when. Stands in the URL, so that Back and a reload keep it."""

    shard_id: int
    at: datetime

    @classmethod
    def read(cls, query: QueryDict) -> "Requested | None":
        """?reading=7&since=1763600000, None without it."""
        reading, since = query.get("reading", ""), query.get("since", "")
        if not (reading.isdecimal() and since.isdecimal() and len(reading) < 12 and len(since) < 12):
            return None
        return cls(int(reading), datetime.fromtimestamp(int(since), UTC))

    def is_open(self, row: ShardRow, now: datetime) -> bool:
        """True until that shard's inventory has succeeded after the request, three minutes at most."""
        done = row.shard.inventory_ok_at
        is_recent = timedelta(0) <= now - self.at < REQUESTED_FOR
        return row.shard.pk == self.shard_id and is_recent and (done is None or done < self.at)


@dataclass(frozen=True)
class Row:
    """A shard as the page draws it. state: a key of dashboards.status."""

    shard: ShardRow
    state: str
    sections: list[tuple[str, Section]]
    troubles: list[Trouble]
    is_due: bool

    @property
    def good(self) -> int:
        """Parts whose last attempt succeeded."""
        return sum(1 for _, section in self.sections if section.error is None)


def rows(found: SyncPage, requested: Requested | None, now: datetime) -> list[Row]:
    """One per shard, in the page's order."""
    return [
        Row(
            shard=row,
            state="failed" if row.errors else ("late" if row.is_late else "ok"),
            sections=[(label(s.name), s) for s in row.sections],
            troubles=[trouble(error) for error in row.errors],
            is_due=requested is not None and requested.is_open(row, now),
        )
        for row in found.rows
    ]


def tiles(found: SyncPage, now: datetime) -> list[Tile]:
    """Freshness, failures, calls and estimated CloudWatch dollars today."""
    return [_oldest(found, now), _failing(found), *_spent(found)]


def _oldest(found: SyncPage, now: datetime) -> Tile:
    regions = len(found.rows)
    return Tile(
        "Oldest good sync",
        wording.span(now - found.oldest) if found.oldest else None,
        unit="ago" if found.oldest else "",
        note=f"{len(found.late)} of {regions} late" if found.late else f"{regions} account regions",
        tone="attention" if found.late else "",
        reason="An account region was never read",
        explain=Explain(
            "Time since the account region read longest ago had its last good inventory. Late after "
            f"{wording.span(settings.STALE_AFTER_S)}.",
            basis="measured",
        ),
    )


def _failing(found: SyncPage) -> Tile:
    return Tile(
        "Failing",
        str(len(found.failing)),
        unit=f"of {len(found.rows)}",
        note="account regions with a failed part",
        tone="failed" if found.failing else "",
    )


def _spent(found: SyncPage) -> list[Tile]:
    day = f"{found.day.day} {found.day:%b}, UTC"
    return [
        Tile(
            "AWS calls today",
            wording.count(found.calls),
            note=f"{wording.count(sum(row.throttles for row in found.rows))} throttled",
            title=f"{found.calls:,}",
            explain=Explain("Every call Flotilla made, retries included.", inputs=[("Day", day)], basis="measured"),
        ),
        Tile(
            "CloudWatch today",
            wording.usd(found.cloudwatch_usd),
            note=f"{wording.count(found.metrics_requested)} metrics requested",
            title=wording.usd_exact(found.cloudwatch_usd),
            explain=Explain(
                "What CloudWatch is expected to charge for reading metrics.",
                formula=f"{found.metrics_requested:,} metrics × $0.01 ÷ 1,000",
                inputs=[("Day", day)],
                source=PRICE_SOURCE,
                basis="estimated",
            ),
        ),
    ]  # fmt: skip


def actions(found: SyncPage) -> PlainTable:
    """Calls today by AWS action over all shards."""
    columns = [
        Column("Action"),
        Column("Calls", is_number=True),
        Column("Throttled", is_number=True),
        Column("Failed", is_number=True),
        Column("Metrics requested", is_number=True),
    ]
    rows = [
        (
            tally.action,
            wording.count(tally.calls),
            wording.count(tally.throttles),
            wording.count(tally.errors),
            wording.count(tally.metrics_requested) if tally.metrics_requested else "",
        )
        for tally in found.actions
    ]
    return PlainTable("AWS calls today by action", columns, rows)
