"""The endpoints section: list everything, look closer only where needed, write what changed, close what is gone."""

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fleet import locks
from fleet.aws import sagemaker
from fleet.aws.errors import DENIED_CODES
from fleet.aws.sessions import each
from fleet.errors import AccessDenied, AwsError, MassDisappearance, NotFound, Throttled, Unavailable
from fleet.models import Endpoint, Shard
from fleet.sync import closing, mirror, reading
from fleet.sync.chunks import chunks
from fleet.sync.roster import Roster
from fleet.types import TRANSITIONAL_STATUSES, EndpointState, EndpointSummary

FULL_CHECK = timedelta(hours=1)
DENIED_AGAIN = timedelta(minutes=5)
CHUNK = 250
READ_FOR_S = 120
"""After this no further portion is begun: well inside the task's time limit, however slowly AWS answers."""
HELD_BACK_SHARE = 0.2
HELD_BACK_ABOVE = 5
CONFIRM_AFTER = timedelta(minutes=15)

Identity = tuple[str, datetime]


@dataclass
class Counts:
    """What one inventory run did."""

    listed: int = 0
    described: int = 0
    written: int = 0
    closed: int = 0
    unreadable: int = 0

    def __str__(self) -> str:
        told = f"{self.listed} endpoints, {self.described} described, {self.written} written"
        extra = [f"{n} {word}" for n, word in ((self.closed, "closed"), (self.unreadable, "unreadable")) if n]
        return ", ".join([told, *extra])


def run(
    shard: Shard,
    *,
    now: datetime,
    fence: int,
    keep_alive: Callable[[], None],
    held_since: datetime | None = None,
    roster: Roster | None = None,
) -> Counts:
    """Mirror every endpoint of the shard.

    held_since: since when missing endpoints have been held back (None = not). After everything else is written it
    raises the first transient error of a describe, Unavailable when the listing left out endpoints that are there, and
    MassDisappearance when many endpoints are missing at once.
    """
    summaries = {(s.name, s.created_at): s for s in sagemaker.list_endpoints(shard.scope)}
    roster = roster or Roster(shard)
    known = {(e.name, e.created_at): e for e in roster.rows()}
    needed = {key: s for key, s in summaries.items() if _needs_describe(s, known.get(key), now)}
    wanted = list(needed.values())
    waiting = [key for key in summaries if key in known and known[key].unreadable and key not in needed]
    counts = Counts(len(summaries), len(wanted), unreadable=len(waiting))
    vanished, errors = _read(shard, wanted, known, counts, now, fence, keep_alive, roster)
    gone, doubts = _close(shard, known, set(summaries) - vanished, vanished, now, fence, held_since)
    if gone:
        roster.went(gone)
    counts.closed = len(gone)
    transient = [e for e in [*errors, *doubts] if isinstance(e, Throttled | Unavailable)]
    if transient:
        raise transient[0]
    return counts


def _read(
    shard: Shard,
    wanted: Sequence[EndpointSummary],
    known: Mapping[Identity, Endpoint],
    counts: Counts,
    now: datetime,
    fence: int,
    keep_alive: Callable[[], None],
    roster: Roster,
) -> tuple[set[Identity], list[AwsError]]:
    """Describe and write portion by portion, so that what was read stays; which ones vanished, and what went wrong.

    A scope that AWS slows down is not read to its end: the rest is as new or changed in the next run as in this.
    """
    library, deadline = reading.Library(), time.monotonic() + READ_FOR_S
    vanished: set[Identity] = set()
    errors: list[AwsError] = []
    for done, portion in enumerate(chunks(wanted, CHUNK)):
        if time.monotonic() > deadline:
            left = len(wanted) - done * CHUNK
            return vanished, [*errors, _out_of_time(shard, left)]
        readings = reading.read(shard.scope, portion, _needs_config(known), keep_alive, library)
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            counts.written += mirror.write(shard, readings.rows, now=now, roster=roster)
        vanished |= {(s.name, s.created_at) for s in readings.vanished}
        errors += readings.errors
        counts.unreadable += len(readings.errors)
    return vanished, errors


def _out_of_time(shard: Shard, left: int) -> Unavailable:
    words = f"AWS answers too slowly to read everything in one run: {left} endpoints follow in the next."
    return _unfinished(shard, "sagemaker:DescribeEndpoint", "OutOfTime", words)


def _unfinished(shard: Shard, action: str, code: str, message: str) -> Unavailable:
    account_id = shard.account.account_id
    return Unavailable(account=account_id, region=shard.region, action=action, code=code, message=message)


def _needs_describe(summary: EndpointSummary, row: Endpoint | None, now: datetime) -> bool:
    if row is None or row.modified_at != summary.modified_at or row.status != summary.status:
        return True
    if row.unreadable:
        return not _was_just_denied(row.unreadable, now)
    if row.described_at is None:
        return True
    return summary.status in TRANSITIONAL_STATUSES or _is_full_check_due(row, row.described_at, now)


def _was_just_denied(unreadable: Mapping[str, Any], now: datetime) -> bool:
    """A permission that is missing is rarely back a minute later: such an endpoint is tried at a slower pace."""
    tried_at = unreadable.get("tried_at")
    return (
        unreadable.get("code") in DENIED_CODES
        and tried_at is not None
        and now - datetime.fromisoformat(tried_at) < DENIED_AGAIN
    )


def _is_full_check_due(row: Endpoint, described_at: datetime, now: datetime) -> bool:
    """Once an hour, each endpoint in a minute of its own, so that the checks of a large shard spread out."""
    minute = timedelta(minutes=zlib.crc32(row.name.encode()) % 60)
    hour = (now - minute).replace(minute=0, second=0, microsecond=0)
    return described_at < hour + minute and now - described_at > FULL_CHECK / 2


def _needs_config(known: Mapping[Identity, Endpoint]) -> Callable[[EndpointSummary, EndpointState], bool]:
    def needs(summary: EndpointSummary, state: EndpointState) -> bool:
        row = known.get((summary.name, summary.created_at))
        if row is None or row.config_id is None or row.unreadable:
            return True
        return row.config_name != state.config_name

    return needs


def _close(
    shard: Shard,
    known: Mapping[Identity, Endpoint],
    present: set[Identity],
    vanished: set[Identity],
    now: datetime,
    fence: int,
    held_since: datetime | None,
) -> tuple[list[Endpoint], list[AwsError]]:
    """Close what the complete listing lacks and AWS does not know by name either; which, and what speaks against it.

    When that is too much to believe at once it is held back for a while.
    """
    listed_names = {name for name, _ in present}
    missing = [row for key, row in known.items() if key not in present]
    # A name that came back with another creation time, and one that was gone when described, are proved gone.
    proved = [r for r in missing if r.name in listed_names or (r.name, r.created_at) in vanished]
    known_gone = {row.pk for row in proved}
    unproved = [row for row in missing if row.pk not in known_gone]
    is_mass = len(unproved) > HELD_BACK_ABOVE and len(unproved) > HELD_BACK_SHARE * len(known)
    is_believed = not is_mass or (held_since is not None and now - held_since >= CONFIRM_AFTER)
    gone, doubts = _asked_by_name(shard, unproved) if is_believed else ([], [])
    if proved or gone:
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            closing.close([*proved, *gone], now=now)
    if not is_believed:
        raise MassDisappearance(
            f"{len(unproved)} of {len(known)} endpoints are missing from AWS's listing at once. They are kept as they "
            f"were; each is asked for by name once this has lasted {CONFIRM_AFTER.seconds // 60} minutes."
        )
    return [*proved, *gone], doubts


def _asked_by_name(shard: Shard, rows: Sequence[Endpoint]) -> tuple[list[Endpoint], list[AwsError]]:
    """Those of `rows` that are gone, and why others are not believed to be.

    Where AWS may not be asked, its listing alone has to do.
    """
    gone: list[Endpoint] = []
    kept: list[Endpoint] = []
    doubts: list[AwsError] = []
    for row, answer in each(lambda row: sagemaker.describe_endpoint(shard.scope, row.name), rows):
        if isinstance(answer, AwsError):
            gone += [row] if isinstance(answer, NotFound | AccessDenied) else []
            doubts += [] if isinstance(answer, NotFound | AccessDenied) else [answer]
        else:
            (kept if answer.created_at == row.created_at else gone).append(row)
    return gone, [*doubts, *([_left_out(shard, kept)] if kept else [])]


def _left_out(shard: Shard, rows: Sequence[Endpoint]) -> Unavailable:
    names = ", ".join(row.name for row in rows[:3]) + (", …" if len(rows) > 3 else "")
    words = f"AWS's listing left out {len(rows)} of the endpoints that it still describes by name ({names})."
    return _unfinished(shard, "sagemaker:ListEndpoints", "IncompleteListing", words)
