"""Inputs of the cost tests: a price book with a handful of us-east-1 rates, and short ways to say usage."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fleet.costs.periods import Window
from fleet.costs.price_book import UNITS, PriceBook
from fleet.costs.usage import Observed
from fleet.types import Capacity, CostComponent, MetricRow, PricePoint, ServerlessCapacity

REGION = "us-east-1"
MIDNIGHT = datetime(2026, 11, 19, tzinfo=UTC)
C = CostComponent


def hour(n: float) -> datetime:
    return MIDNIGHT + timedelta(hours=n)


def window(start: float = 0, end: float = 24) -> Window:
    return Window(hour(start), hour(end))


def point(
    component: CostComponent, item: str, usd: str, *, assumed: bool = False, region: str = REGION
) -> PricePoint:
    return PricePoint(
        region, component, item, UNITS[component], Decimal(usd), "Price List", date(2026, 11, 1), assumed
    )


BOOK = PriceBook.layered(
    [
        point(C.INSTANCE_TIME, "ml.c5.large", "0.102"),
        point(C.INSTANCE_TIME, "ml.g5.xlarge", "1.4084"),
        point(C.STORAGE, "gp2", "0.14"),
        point(C.EXECUTION_ON_DEMAND, "2048", "0.00004"),
        point(C.EXECUTION_ON_DEMAND, "3072", "0.00006"),
        point(C.EXECUTION_ON_DEMAND, "4096", "0.00008"),
        point(C.EXECUTION_ON_DEMAND, "6144", "0.00012"),
        point(C.KEPT_WARM, "2048", "0.00001"),
        point(C.EXECUTION_PROVISIONED, "2048", "0.0000233"),
        point(C.KEPT_WARM, "3072", "0.000015", assumed=True),
    ]
)


def serverless(
    memory_mb: int, provisioned: int | None = None, start: float = 0, end: float | None = None
) -> Capacity:
    size = ServerlessCapacity(memory_mb, 20, provisioned)
    return Capacity(hour(start), None if end is None else hour(end), serverless=size)


def instances(
    instance_type: str = "ml.c5.large",
    count: int | None = 1,
    volume_gb: int | None = None,
    start: float = 0,
    end: float | None = None,
) -> Capacity:
    return Capacity(hour(start), None if end is None else hour(end), instance_type, count, volume_gb)


def row(at: float, period_s: int = 3600, **values: float | None) -> MetricRow:
    return MetricRow(1, hour(at), period_s, values)


def observed(
    *capacities: Capacity, rows: list[MetricRow] | None = None, read: bool = True, end: float = 24
) -> Observed:
    day = window(0, end)
    return Observed(day, capacities, tuple(rows or []), (day,) if read else ())
