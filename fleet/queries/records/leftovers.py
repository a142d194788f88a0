"""Transform jobs, and what no endpoint uses."""

from datetime import datetime
from decimal import Decimal

from fleet.queries.batch import JobRow
from fleet.queries.orphans import Orphan, What
from fleet.queries.records.place import Place, place


class Job(Place):
    """One transform job. cost_why: of a cost of None; records: as the job's tag says; hints: about its settings."""

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
    missing_since: datetime | None
    billed_s: float | None
    cost_usd: Decimal | None
    cost_why: str | None
    usd_per_instance_hour: Decimal | None
    price_source: str
    confidence: str
    records: int | None
    usd_per_record: Decimal | None
    hints: list[str]


class OrphanRecord(Place):
    """An endpoint config or model that no endpoint uses."""

    what: str
    name: str
    created_at: datetime
    last_used_at: datetime | None
    last_used_by: str
    verdict: str
    proof: str
    command: str


def job(row: JobRow) -> Job:
    """Of a row of fleet.queries.batch."""
    found, line = row.job, row.line
    return {
        **place(found.shard),
        "id": found.pk,
        "name": found.name,
        "arn": found.arn,
        "status": found.status,
        "failure_reason": found.failure_reason,
        "model_name": found.model_name,
        "instance_type": found.instance_type,
        "instance_count": found.instance_count,
        "batch_strategy": found.batch_strategy,
        "max_concurrent": found.max_concurrent,
        "max_payload_mb": found.max_payload_mb,
        "input_uri": found.input_uri,
        "output_uri": found.output_uri,
        "created_at": found.created_at,
        "started_at": found.started_at,
        "ended_at": found.ended_at,
        "missing_since": found.missing_since,
        "billed_s": None if row.billed is None else row.billed.total_seconds(),
        "cost_usd": line.amount,
        "cost_why": None if line.amount is not None else line.note or line.confidence.value,
        "usd_per_instance_hour": line.usd_per_unit,
        "price_source": line.price_source,
        "confidence": line.confidence.value,
        "records": row.records,
        "usd_per_record": row.usd_per_record,
        "hints": [hint.text for hint in row.hints],
    }


def orphan(row: Orphan, what: What) -> OrphanRecord:
    """Of a row of fleet.queries.orphans."""
    return {
        "account_id": row.account_id,
        "account": row.account,
        "region": row.region,
        "what": what.value,
        "name": row.name,
        "created_at": row.created_at,
        "last_used_at": row.last_used,
        "last_used_by": row.last_user,
        "verdict": row.verdict.value,
        "proof": " ".join(row.proof),
        "command": row.command,
    }
