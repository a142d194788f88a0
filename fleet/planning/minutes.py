"""Minutes that a planner lacks: asked for once when it is opened, with their price, and what came of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from fleet.catalogue import MINUTE_SLICE, metrics_for
from fleet.costs.observer import USD_PER_METRIC
from fleet.doorbell import ring_after_commit
from fleet.models import MinuteFetch, PlannedForecast, VariantStatus
from fleet.queries import planning as queries
from fleet.types import Kind

TASK = "fleet.fetch_minutes"
FORECAST_TASK = "fleet.plan_variant"
RING_AGAIN = timedelta(minutes=1)
"""A ring may be lost: whoever still waits after this long rings again."""
TRY_AGAIN = timedelta(hours=1)
"""After AWS refused or failed."""


@dataclass(frozen=True)
class Price:
    """What fetching a stretch of minutes asks of CloudWatch: metrics are its billing unit."""

    metrics: int

    @property
    def usd(self) -> Decimal:
        return self.metrics * USD_PER_METRIC


def price(variant: VariantStatus, length: timedelta) -> Price:
    """Each metric of the variant once for each slice."""
    has_provisioned = (
        variant.provisioned_concurrency is not None or variant.desired_provisioned_concurrency is not None
    )
    slices = -(-length // MINUTE_SLICE)
    return Price(slices * len(metrics_for(Kind.SERVERLESS, has_provisioned=has_provisioned)))


def stored(variant: VariantStatus) -> MinuteFetch | None:
    """The wish for a variant's older minutes and how far it came; None where none was ever needed."""
    return MinuteFetch.objects.filter(variant=variant).first()


def is_due(row: MinuteFetch, now: datetime) -> bool:
    """Whether what stopped the last attempt is over: the day whose budget was spent, or some time after a failure."""
    if row.is_complete or row.ended_at is None or row.is_waited_for:
        return False
    if row.stop == MinuteFetch.Stop.BUDGET:
        return row.ended_at.astimezone(UTC).date() < now.astimezone(UTC).date()
    return now - row.ended_at >= TRY_AGAIN


def ask(variant: VariantStatus, row: MinuteFetch | None, *, now: datetime) -> MinuteFetch | None:
    """Have the minutes fetched that the planner lacks, once, however many look; None where it lacks none."""
    if row is None:
        span = queries.unread(variant, now)
        if span is None:
            return None
        wish = {"asked_at": now, "wanted_from": span[0], "wanted_until": span[1], "done_from": span[1]}
        row, is_new = MinuteFetch.objects.get_or_create(variant=variant, defaults=wish)
        if is_new:
            ring_after_commit(TASK, row.pk)
        return row
    is_claimed = row.claimed_until is not None and row.claimed_until > now
    is_lost = row.is_waited_for and not is_claimed and now - row.asked_at >= RING_AGAIN
    if is_lost or is_due(row, now):
        # Of two who look at once, one moves the row on and rings.
        if MinuteFetch.objects.filter(pk=row.pk, asked_at=row.asked_at).update(asked_at=now):
            ring_after_commit(TASK, row.pk)
        row.asked_at = now
    return row


def fetched(pk: int, *, now: datetime) -> None:
    """Have the forecast of the variant worked out anew, now that an attempt to fetch its minutes has ended."""
    for forecast in PlannedForecast.objects.filter(variant__minute_fetch=pk):
        PlannedForecast.objects.filter(pk=forecast.pk).update(asked_at=now)
        ring_after_commit(FORECAST_TASK, forecast.pk)
