"""One stored metric of one endpoint over time: a value per variant and bucket, None where nothing was reported."""

from dataclasses import dataclass
from datetime import UTC, datetime

from fleet.models import Endpoint, FineBucket, HourBucket, VariantStatus
from fleet.queries.scope import TimeRange
from fleet.types import Kind

HOUR_S = 3600


@dataclass(frozen=True)
class VariantSeries:
    """Values on the grid of the asked period, oldest first; data_until: end of the variant's newest bucket."""

    variant: str
    is_shadow: bool
    data_until: datetime | None
    values: list[float | None]


def fine_period_s(endpoint: Endpoint) -> int:
    """The finest period kept for the endpoint: serverless needs the minute for peaks, others five minutes do."""
    return 60 if endpoint.kind == Kind.SERVERLESS else 300


def grid(window: TimeRange, period_s: int) -> list[datetime]:
    """Starts of the buckets that begin inside the window, aligned as CloudWatch aligns them."""
    first = -(-int(window.start.timestamp()) // period_s) * period_s
    return [datetime.fromtimestamp(at, UTC) for at in range(first, int(window.end.timestamp()), period_s)]


def series(endpoint: Endpoint, column: str, window: TimeRange, period_s: int) -> list[VariantSeries]:
    """Every live variant's values of a bucket column on grid(window, period_s). Two queries.

    Buckets of another period than asked are left out: a percentile of five minutes cannot be made of five.
    """
    starts = grid(window, period_s)
    place = {at: n for n, at in enumerate(starts)}
    found = {
        variant.pk: VariantSeries(
            variant.name, variant.is_shadow, variant.metrics_until, [None] * len(starts)
        )
        for variant in VariantStatus.objects.filter(endpoint=endpoint, removed_at=None)
    }
    model = HourBucket if period_s == HOUR_S else FineBucket
    rows = model.objects.filter(
        variant_id__in=list(found), at__gte=window.start, at__lt=window.end, period_s=period_s
    ).values_list("variant_id", "at", column)
    for variant_id, at, value in rows:
        if at in place:
            found[variant_id].values[place[at]] = value
    return list(found.values())
