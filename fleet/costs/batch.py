"""Cost of batch transform: instances for the time AWS bills, nothing for data. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from fleet.costs import lines
from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.types import Confidence, CostComponent, CostLine

RUNNING_NOTE = "still running: the time so far"
LOST_NOTE = "AWS no longer knows the job: the time until it was last seen running"
NOT_STARTED_NOTE = "AWS reports no start on instances"
NO_COUNT_NOTE = "the number of instances is not known"


@dataclass(frozen=True)
class Job:
    """What a transform job is billed by. None = not reported; ended_at None with a start = still running.

    is_lost: AWS no longer knows the job and never told its end; ended_at is then when it was last seen running.
    """

    instance_type: str
    instance_count: int | None
    started_at: datetime | None
    ended_at: datetime | None
    is_lost: bool = False


def cost_line(region: str, job: Job, book: PriceBook, now: datetime) -> CostLine:
    """Instance-time of one job, USD unrounded: instances × (TransformEndTime − TransformStartTime).

    "You are billed for the time interval between this time and the value of TransformEndTime" (API
    DescribeTransformJob); no data charge. A job without start or instance count gives a NO_DATA line, a type without a
    price an UNPRICED one, both with amount None. Every line is an estimate. Source: docs/costs.md#batch-transform.
    """
    quantity, note = None, ""
    if job.started_at is None:
        note = NOT_STARTED_NOTE
    elif job.instance_count is None:
        note = NO_COUNT_NOTE
    else:
        note = LOST_NOTE if job.is_lost else "" if job.ended_at else RUNNING_NOTE
        end = max(job.started_at, job.ended_at or now)
        quantity = job.instance_count * Window(job.started_at, end).hours
    return lines.price(
        book, region, CostComponent.BATCH_TIME, job.instance_type, quantity, Confidence.ESTIMATED, note
    )


def per_record(line: CostLine, records: int | None) -> Decimal | None:
    """USD per record; None when cost or records are unknown, or there is none."""
    if line.amount is None or not records:
        return None
    return line.amount / records
