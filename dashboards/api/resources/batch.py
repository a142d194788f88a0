"""Batch transform jobs with their cost."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboards.api import paging
from dashboards.api.parameters import Listing, Text, Window
from dashboards.api.schemas import Listed, Money, Place, WindowOut, as_of, money, window_out
from fleet.queries import batch
from fleet.queries.batch import Criteria, JobRow

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
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    billed_s: float | None
    cost: Money
    confidence: str
    records: int | None = Field(description="As the job's tag says; AWS counts none.")


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
        "items": [_job(row) for row in found.rows],
        "next": paging.link(request, "batch", found),
        "as_of": as_of(scope),
    }


def _job(row: JobRow) -> dict[str, Any]:
    job, line = row.job, row.line
    return {
        **{name: getattr(job, name) for name in JobOut.model_fields if hasattr(job, name)},
        "account_id": job.shard.account.account_id,
        "account": row.account,
        "region": row.region,
        "billed_s": None if row.billed is None else row.billed.total_seconds(),
        "cost": money(line.amount, line.note or line.confidence.value),
        "confidence": line.confidence.value,
        "records": row.records,
    }
