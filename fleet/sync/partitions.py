"""Partitions of the bucket tables: made ahead of need, dropped whole when their time is over."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

FINE_TABLE = "fleet_finebucket"
HOUR_TABLE = "fleet_hourbucket"
# As long as CloudWatch itself keeps one-minute and one-hour data.
RETENTION = {FINE_TABLE: timedelta(days=15), HOUR_TABLE: timedelta(days=455)}
AHEAD = timedelta(days=2)
_LOCK = 7_405_316


def ensure(table: str, start: datetime, end: datetime) -> None:
    """Have a partition for every part of [start, end]; rows that waited in the default one move over."""
    wanted = list(_ranges(table, start, end))
    missing = {name for name, _, _ in wanted} - set(existing(table))
    if not missing:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        present = set(existing(table))
        for name, first, last in wanted:
            if name not in present:
                _create(table, name, first, last)


def drop_expired(now: datetime) -> list[str]:
    """Drop partitions that lie wholly before their table's retention; their names."""
    dropped = []
    for table, kept in RETENTION.items():
        for name in existing(table):
            end = _end_of(table, name)
            if end is not None and end <= now - kept:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                    cursor.execute(f"DROP TABLE IF EXISTS {_quoted(name)}")
                dropped.append(name)
    return dropped


def existing(table: str) -> list[str]:
    """Names of the table's partitions, the default one left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = %s::regclass AND child.relname LIKE %s",
            [table, f"{table}_p%"],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _create(table: str, name: str, first: datetime, last: datetime) -> None:
    """A plain table is filled from the default partition before it is attached: attaching over rows there fails."""
    part, parent, default = _quoted(name), _quoted(table), _quoted(f"{table}_default")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {part} (LIKE {parent} INCLUDING ALL)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {default} WHERE at >= %s AND at < %s RETURNING *) "  # noqa: S608
            f"INSERT INTO {part} SELECT * FROM moved",
            [first, last],
        )
        cursor.execute(
            f"ALTER TABLE {parent} ATTACH PARTITION {part} "
            f"FOR VALUES FROM ('{first.isoformat()}') TO ('{last.isoformat()}')"
        )


def _ranges(table: str, start: datetime, end: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    at = _floor(table, start)
    while at <= end:
        following = _next(table, at)
        pattern = "%Y%m%d" if table == FINE_TABLE else "%Y%m"
        yield f"{table}_p{at:{pattern}}", at, following
        at = following


def _floor(table: str, moment: datetime) -> datetime:
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if table == FINE_TABLE else day.replace(day=1)


def _next(table: str, start: datetime) -> datetime:
    if table == FINE_TABLE:
        return start + timedelta(days=1)
    return (start + timedelta(days=32)).replace(day=1)


def _end_of(table: str, name: str) -> datetime | None:
    text = name.removeprefix(f"{table}_p")
    if not text.isdigit() or len(text) not in {6, 8}:
        return None
    start = datetime.strptime(text if len(text) == 8 else f"{text}01", "%Y%m%d").replace(tzinfo=UTC)
    return _next(table, start)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
