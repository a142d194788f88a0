"""An endpoint with minutes whose truth is known: a burst of calls each hour, served by a simulated pool."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from fleet.analysis.planner.draws import Effort
from fleet.models import CapacityPeriod, Endpoint, FineBucket, HourBucket, PlannedForecast, VariantStatus
from fleet.planning import forecasts
from simulator.request_pool import Call, Row, Rules, published, serve
from tests.data.dashboards import rows
from tests.data.operations import cast

QUICK = Effort(times=3, calls_per_draw=1000, calls_of_habits=500)
LIMIT = 20


def serverless(name: str = "chat-faq", provisioned: int | None = None) -> Endpoint:
    """In us-east-1, where every rate of 4 GB is known or assumed; held so for 90 days."""
    found = cast.endpoint(name, shard=rows.shard("us-east-1"), live={"provisioned_concurrency": provisioned})
    capacity = {"memory_mb": 4096, "max_concurrency": LIMIT, "provisioned_concurrency": provisioned}
    CapacityPeriod.objects.create(
        variant=rows.variant(found), start=rows.now() - timedelta(days=90), **capacity
    )
    return found


def bursts(of: Endpoint, start: datetime, hours: int, *, provisioned: int = 0, at_once: int = 4) -> int:
    """Store the minutes and hours of one burst an hour; the number of cold starts there really were."""
    first = start.timestamp() + 90
    calls = [Call(first + 3600 * hour + n / 5, 0.6, 6.0) for hour in range(hours) for n in range(at_once)]
    return _served(of, calls, provisioned)


def office_weeks(of: Endpoint, *, provisioned: int) -> int:
    """Store two weeks that end now: six at once twice an hour on weekday mornings, three in the afternoon."""
    calls = []
    for back in range(14 * 24, 0, -1):
        hour = rows.hour() - timedelta(hours=back)
        at_once = 0 if hour.weekday() > 4 else 6 if 8 <= hour.hour < 12 else 3 if 12 <= hour.hour < 18 else 0
        for burst in (130, 1930):
            first = hour.timestamp() + burst
            calls += [Call(first + n / 5, 0.6, 6.0) for n in range(at_once)]
    return _served(of, calls, provisioned)


def _served(of: Endpoint, calls: list[Call], provisioned: int) -> int:
    """Store what a pool makes of the calls; the number of cold starts."""
    truth = serve(calls, Rules(600, max_concurrency=LIMIT, provisioned=provisioned))
    variant = rows.variant(of)
    FineBucket.objects.bulk_create(
        FineBucket(variant=variant, **row) for row in _columns(published(truth, 60))
    )
    HourBucket.objects.bulk_create(
        HourBucket(variant=variant, **row) for row in _columns(published(truth, 3600))
    )
    return truth.cold


def _columns(found: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """The rows as the product stores them: what it does not ask for is left out."""
    known = {field.name for field in FineBucket._meta.get_fields()}
    for row in found:
        at = datetime.fromtimestamp(row["at_s"] or 0, UTC)
        yield {
            "at": at,
            **{name: value for name, value in row.items() if value is not None and name in known},
        }


def planned(of: Endpoint) -> VariantStatus:
    """Ask for the endpoint's forecast and have it worked out, as a worker would."""
    variant = rows.variant(of)
    forecasts.ask(variant, now=timezone.now())
    assert forecasts.work_out(PlannedForecast.objects.get().pk, clock=timezone.now, effort=QUICK)
    return variant
