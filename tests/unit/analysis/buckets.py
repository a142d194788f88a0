"""Short ways to write metric buckets."""

from datetime import UTC, datetime, timedelta

from fleet.types import MetricRow

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)


def minute(n: int, **values: float | None) -> MetricRow:
    return MetricRow(1, MONDAY + timedelta(minutes=n), 60, values)


def hour(n: int, **values: float | None) -> MetricRow:
    return MetricRow(1, MONDAY + timedelta(hours=n), 3600, values)
