"""What a fleet's metrics add up to over an hour, by kind: as the simulator knows it, and as our buckets have it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from fleet.models import FineBucket, HourBucket
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync.company import KINDS

HOUR = timedelta(hours=1)
# The simulator's word → the column of a bucket.
METRICS = {
    "invocations": "invocations",
    "errors_5xx": "errors_5xx",
    "errors_4xx": "errors_4xx",
    "cold_starts": "setup_count",
    "cache_requests": "cache_hit_count",
    "cache_hits": "cache_hit_sum",
    "unloads": "unload_count",
    "provisioned_invocations": "provisioned_invocations",
    "instance_minutes": "instance_minutes",
    "busy_ms": "model_latency_ms_sum",
}
Key = tuple[str, str, str, str]
# Variant (account, region, endpoint, name) → metric → total.
Totals = dict[Key, dict[str, Decimal]]


def whole_hour(simulator: SimulatorProcess) -> datetime:
    """Move to a quarter past the hour, when the hour before has settled; that hour's start."""
    now = simulator.now()
    simulator.advance((75 - now.minute) % 60 * 60)
    return simulator.now().replace(minute=0, second=0, microsecond=0) - HOUR


def at_aws(
    simulator: SimulatorProcess, start: datetime, end: datetime | None = None
) -> tuple[Totals, dict[Key, str]]:
    """What every variant did in the hour from start, or up to end, without what it did not do; and its kind."""
    rows = simulator.truth(start, end or start + HOUR)["variants"]
    keys = [(row["account"], row["region"], row["endpoint"], row["variant"]) for row in rows]
    kinds = {key: KINDS.get(row["kind"], row["kind"]) for key, row in zip(keys, rows, strict=True)}
    return {key: _known(row) for key, row in zip(keys, rows, strict=True)}, kinds


def in_buckets(
    model: type[FineBucket] | type[HourBucket], start: datetime, end: datetime | None = None
) -> Totals:
    """The same as the buckets of that model have it."""
    columns = ("processed", *METRICS.values())
    rows = (
        model.objects.filter(at__gte=start, at__lt=end or start + HOUR)
        .order_by()
        .values_list(
            "variant__endpoint__shard__account__account_id",
            "variant__endpoint__shard__region",
            "variant__endpoint__name",
            "variant__name",
        )
        .annotate(*(Sum(column) for column in columns))
    )
    found = {}
    for account, region, endpoint, variant, processed, *sums in rows:
        figures = dict(zip(METRICS, sums, strict=True))
        # What asynchronous endpoints publish instead of Invocations.
        figures["invocations"] = figures["invocations"] if processed is None else processed
        found[account, region, endpoint, variant] = _known(figures)
    return found


def added_up(totals: Totals, metric: str, of: Iterable[Key]) -> Decimal:
    """What these variants add up to."""
    return sum((totals.get(key, {}).get(metric, Decimal(0)) for key in of), Decimal(0))


def differences(stored: Totals, true: Totals, most: int = 10) -> list[str]:
    """The first few differences, in words."""
    wrong = [key for key in sorted(stored.keys() | true.keys()) if stored.get(key, {}) != true.get(key, {})]
    return [f"{key}: {stored.get(key)} is {true.get(key)} at AWS" for key in wrong[:most]]


def _known(row: dict[str, Any]) -> dict[str, Decimal]:
    """Figures but zero ones. Milliseconds to the microsecond that CloudWatch counts, so that they compare exactly."""
    figures = {word: round(Decimal(str(row[word])), 3) for word in METRICS if row[word] is not None}
    return {word: figure for word, figure in figures.items() if figure}
