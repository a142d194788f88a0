"""Batch transform jobs with their cost."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboards.api import paging
from dashboards.api.parameters import Listing, Text, Window
from dashboards.api.schemas import Listed, Money, Place, WindowOut, money, window_out
from fleet.queries import batch
from fleet.queries.batch import JobRow
from fleet.queries.batch_jobs import Criteria
from fleet.queries.records import leftovers

router = Router(tags=["batch"])


class JobsQuery(Listing, Window):
    """Which jobs: those created, running or ended in the window."""

    status: list[Text] = Field([], max_length=20, description="AWS's word; repeatable.")
    model: list[Text] = Field([], max_length=50, description="Model name; repeatable.")
    q: Text = Field("", description="Part of name, model or failure reason.")


class JobOut(Place):
    """One transform job. started_at to ended_at is what AWS bills."""

    id: int
    name: str
    arn: str
    status: str
    failure_reason: str
    model_name: str
    instance_type: str
    instance_count: int | None
    batch_strategy: str
    max_concurrent: int | None
    max_payload_mb: int | None
    input_uri: str
    output_uri: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    missing_since: datetime | None = Field(description="Since when AWS, asked by name, knows no such job.")
    billed_s: float | None
    cost: Money
    usd_per_instance_hour: Money
    price_source: str
    confidence: str
    records: int | None = Field(description="As the job's tag says; AWS counts none.")
    usd_per_record: Money
    hints: list[str] = Field(description="What stands out in the settings.")


class Jobs(Listed):
    """A page of jobs, newest first."""

    window: WindowOut
    items: list[JobOut]


@router.get("/batch", response=Jobs, summary="Batch transform jobs")
def batch_jobs(request: HttpRequest, query: Query[JobsQuery]) -> dict[str, Any]:
    """Duration, instances, settings, failure and estimated cost of each."""
    scope, window = query.filter(request), query.window()
    criteria = Criteria(scope, tuple(query.status), tuple(query.model), query.q.strip())
    after = paging.after(query.cursor, "batch", (datetime, int))
    # At the full minute, so that a running job's cost does not make every answer a new one.
    now = timezone.now().replace(second=0, microsecond=0)
    found = batch.by_key(criteria, window, now, after=after, limit=query.limit)
    return {
        "window": window_out(window),
        **paging.listed(request, "batch", found, scope, _job),
    }


def _job(row: JobRow) -> dict[str, Any]:
    record = leftovers.job(row)
    why = record["cost_why"] or ""
    per_record = why if record["records"] else "No tag says how many records there were"
    return {
        **record,
        "cost": money(record["cost_usd"], why),
        "usd_per_instance_hour": money(record["usd_per_instance_hour"], why),
        "usd_per_record": money(record["usd_per_record"], per_record),
    }
