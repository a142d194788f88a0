"""Tiles, rows, causes and history of the Sync page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.http import QueryDict

from dashboards import wording
from dashboards.sync.words import Trouble, label, trouble
from dashboards.tables import Column, PlainTable
from dashboards.tiles import Explain, Tile
from fleet.costs.observer import PRICE_SOURCE
from fleet.models import Shard
from fleet.queries.endpoint import SectionError
from fleet.queries.sync_state import Cause, Fleet, Place, Section, ShardRow, Tally

REQUESTED_FOR = timedelta(minutes=3)
"""Longer than this nobody waits for a requested sync: no worker runs, and polling would not help."""
NAMED = 12
"""Most account regions named under one cause; the rest is a link away."""


@dataclass(frozen=True)
class Requested:
    """A sync somebody asked for: which shard (None: all that failed), and when. In the URL, so that Back keeps it."""

    shard_id: int | None
    at: datetime

    @classmethod
    def read(cls, query: QueryDict) -> "Requested | None":
        """?reading=7&since=1763600000 (reading=failing for all of them), None without it."""
        reading, since = query.get("reading", ""), query.get("since", "")
        if not (since.isascii() and since.isdecimal() and len(since) < 12):
            return None
        if reading == "failing":
            return cls(None, datetime.fromtimestamp(int(since), UTC))
        if not (reading.isascii() and reading.isdecimal() and len(reading) < 12):
            return None
        return cls(int(reading), datetime.fromtimestamp(int(since), UTC))

    def is_open(self, found: Fleet, now: datetime) -> bool:
        """True while what was asked for may still be under way, three minutes at most."""
        if not timedelta(0) <= now - self.at < REQUESTED_FOR:
            return False
        if self.shard_id is None:
            return bool(found.failing)
        return any(place.pk == self.shard_id and self._waits(place.inventory_at) for place in found.places)

    def concerns(self, shard: Shard, now: datetime) -> bool:
        """Whether this one is still to be read."""
        is_recent = timedelta(0) <= now - self.at < REQUESTED_FOR
        return shard.pk == self.shard_id and is_recent and self._waits(shard.inventory_ok_at)

    def _waits(self, done: datetime | None) -> bool:
        return done is None or done < self.at


@dataclass(frozen=True)
class Row:
    """A shard as the page draws it. state: a key of dashboards.status; next_due: when its turn comes, in words."""

    shard: ShardRow
    state: str
    sections: list[tuple[str, Section]]
    troubles: list[Trouble]
    next_due: str
    is_due: bool

    @property
    def good(self) -> int:
        """Parts whose last attempt succeeded."""
        return sum(1 for _, section in self.sections if section.error is None)

    @property
    def bad(self) -> list[str]:
        """Names of the parts whose last attempt failed."""
        return [name for name, section in self.sections if section.error is not None]


@dataclass(frozen=True)
class Places:
    """Account regions that a panel is about."""

    places: list[Place]

    @property
    def named(self) -> list[Place]:
        """The places that the panel names."""
        return self.places[:NAMED]

    @property
    def more(self) -> int:
        """How many it does not name."""
        return max(0, len(self.places) - NAMED)


@dataclass(frozen=True)
class Reason(Places):
    """One cause of failures as a panel shows it: the words, the parts, and the places it holds for."""

    trouble: Trouble
    parts: str
    key: str


@dataclass(frozen=True)
class History(Places):
    """All histories still being fetched as one progress."""

    @property
    def share(self) -> float:
        """The part of all of them that is stored, 0 to 1."""
        shares = [place.backfill.share for place in self.places if place.backfill]
        return sum(shares) / len(shares) if shares else 1.0


def row(found: ShardRow, requested: Requested | None, now: datetime) -> Row:
    """One account region."""
    return Row(
        shard=found,
        state="failed" if found.errors else ("late" if found.is_late else "ok"),
        sections=[(label(s.name), s) for s in found.sections],
        troubles=_troubles(found),
        next_due=_next_due(found.shard, now),
        is_due=requested is not None and requested.concerns(found.shard, now),
    )


def _troubles(found: ShardRow) -> list[Trouble]:
    """One per reason: parts that fail with the same words share a panel."""
    alike: dict[tuple[str, str, str], list[SectionError]] = {}
    for error in found.errors:
        alike.setdefault((error.code, error.action, error.message), []).append(error)
    told = [trouble(min(errors, key=lambda error: error.since)) for errors in alike.values()]
    return [
        replace(one, title=f"{', '.join(label(error.section) for error in errors)} could not be read")
        for one, errors in zip(told, alike.values(), strict=True)
    ]


def _next_due(shard: Shard, now: datetime) -> str:
    due = shard.inventory_due_at
    if due is None or due <= now:
        return "now"
    return f"in {wording.span(due - now)}"


def reasons(causes: Sequence[Cause], found: Fleet) -> list[Reason]:
    """One panel per cause, however many account regions it holds for."""
    by_pk = {place.pk: place for place in found.places}
    return [
        Reason(
            sorted((by_pk[pk] for pk in cause.shard_ids if pk in by_pk), key=lambda place: place.name),
            trouble(cause.error),
            ", ".join(label(section) for section in cause.sections),
            cause.key,
        )
        for cause in causes
    ]


def tiles(found: Fleet, now: datetime) -> list[Tile]:
    """Freshness, failures, calls and estimated CloudWatch dollars today."""
    return [_oldest(found, now), _failing(found), *_spent(found)]


def _oldest(found: Fleet, now: datetime) -> Tile:
    regions = len(found.places)
    return Tile(
        "Oldest good sync",
        wording.span(now - found.oldest) if found.oldest else None,
        unit="ago" if found.oldest else "",
        note=f"{len(found.late):,} of {regions:,} late" if found.late else f"{regions:,} account regions",
        tone="attention" if found.late else "",
        reason="An account region was never read",
        explain=Explain(
            "Time since the account region read longest ago had its last good inventory. Late after "
            f"{wording.span(settings.STALE_AFTER_S)}.",
            basis="measured",
        ),
    )


def _failing(found: Fleet) -> Tile:
    return Tile(
        "Failing",
        str(len(found.failing)),
        unit=f"of {len(found.places):,}",
        note="account regions with a failed part",
        tone="failed" if found.failing else "",
    )


def _spent(found: Fleet) -> list[Tile]:
    day = f"{found.day.day} {found.day:%b}, UTC"
    return [
        Tile(
            "AWS calls today",
            wording.count(found.calls),
            note=f"{wording.count(found.throttles)} throttled",
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


def actions(tallies: Sequence[Tally], caption: str = "AWS calls today by action") -> PlainTable:
    """Calls today by AWS action."""
    columns = [
        Column("Action"),
        Column("Calls", is_number=True),
        Column("Throttled", is_number=True),
        Column("Failed", is_number=True),
        Column("Metrics requested", is_number=True),
    ]
    cells = [
        (
            tally.action,
            wording.count(tally.calls),
            wording.count(tally.throttles),
            wording.count(tally.errors),
            wording.count(tally.metrics_requested) if tally.metrics_requested else "",
        )
        for tally in tallies
    ]
    return PlainTable(caption, columns, cells)
