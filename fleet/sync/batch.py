"""The batch section: transform jobs, listed newest first until everything older is known, described until they end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fleet import locks
from fleet.aws import batch as aws_batch
from fleet.aws import tags as aws_tags
from fleet.aws.batch import JobSummary
from fleet.aws.sessions import each
from fleet.errors import AccessDenied, AwsError, CredentialsInvalid, NotFound
from fleet.models import Shard, TransformJob
from fleet.sync import batch_prices
from fleet.sync.chunks import chunks

EVERY = timedelta(minutes=5)
PAGE = 100
DESCRIBED_AT_ONCE = 500
"""Most jobs described in one run: a first look at years of jobs spreads over runs, the newest first."""
ENDED = ("Completed", "Failed", "Stopped")
"""Statuses after which AWS changes nothing about a job (API DescribeTransformJob)."""

Document = Mapping[str, Any]
_LISTED = ("status", "failure_reason", "ended_at", "modified_at")
_DESCRIBED = (
    "status",
    "failure_reason",
    "started_at",
    "ended_at",
    "model_name",
    "instance_type",
    "instance_count",
    "batch_strategy",
    "max_concurrent",
    "max_payload_mb",
    "input_uri",
    "output_uri",
    "document",
)


@dataclass
class Counts:
    """What one run did."""

    fresh: int = 0
    described: int = 0

    def __str__(self) -> str:
        return f"{self.fresh} new transform jobs, {self.described} described"


def is_due(shard: Shard, now: datetime) -> bool:
    """Every five minutes; in every run while a job is under way, or while jobs wait to be described."""
    tried = (shard.sections.get("batch") or {}).get("tried_at")
    if not tried or now - datetime.fromisoformat(tried) >= EVERY:
        return True
    has_error = (shard.sections.get("batch") or {}).get("error")
    return not has_error and TransformJob.objects.filter(shard=shard).exclude(status__in=ENDED).exists()


def run(shard: Shard, *, now: datetime, fence: int, keep_alive: Callable[[], None]) -> Counts:
    """Mirror the shard's transform jobs. Raises the first error of a describe after everything else is written."""
    counts = Counts()
    fresh, changed = _listed(shard, now)
    if fresh or changed:
        with transaction.atomic():
            # All at once: a stored job proves that every older one is, which is where the next listing stops.
            locks.guard(shard.pk, fence)
            TransformJob.objects.bulk_create(fresh, batch_size=1000)
            TransformJob.objects.bulk_update(changed, _LISTED, batch_size=1000)
    counts.fresh = len(fresh)
    failure: AwsError | None = None
    for chunk in chunks(_wanted(shard, changed), PAGE):
        keep_alive()
        error, is_hopeless = _describe(shard, chunk, counts, now, fence)
        failure = failure or error
        if is_hopeless:
            break
    batch_prices.refresh(shard, now=now)
    if failure is not None:
        raise failure
    return counts


def _listed(shard: Shard, now: datetime) -> tuple[list[TransformJob], list[TransformJob]]:
    """Jobs that are new and jobs whose listing says something else than the row; ends at a page that is all known."""
    fresh: list[TransformJob] = []
    changed: list[TransformJob] = []
    for page in chunks(aws_batch.list_transform_jobs(shard.scope), PAGE):
        rows = {
            (row.name, row.created_at): row
            for row in TransformJob.objects.filter(shard=shard, name__in=[s.name for s in page])
        }
        before = len(fresh) + len(changed)
        for summary in page:
            row = rows.get((summary.name, summary.created_at))
            if row is None:
                fresh.append(_new(shard, summary, now))
            elif _set(row, {field: getattr(summary, field) for field in _LISTED}):
                changed.append(row)
        if len(fresh) + len(changed) == before:
            break
    return fresh, changed


def _new(shard: Shard, summary: JobSummary, now: datetime) -> TransformJob:
    return TransformJob(
        shard=shard,
        name=summary.name,
        arn=summary.arn,
        created_at=summary.created_at,
        first_seen_at=now,
        **{field: getattr(summary, field) for field in _LISTED},
    )


def _set(row: TransformJob, values: Mapping[str, Any]) -> bool:
    """Set what differs; True when something did."""
    differing = {field: value for field, value in values.items() if getattr(row, field) != value}
    for field, value in differing.items():
        setattr(row, field, value)
    return bool(differing)


def _wanted(shard: Shard, changed: Sequence[TransformJob]) -> list[TransformJob]:
    """Jobs to describe: those under way, those that changed, then those never described, the newest first."""
    rows = TransformJob.objects.filter(shard=shard)
    first = list(rows.exclude(status__in=ENDED)[:DESCRIBED_AT_ONCE])
    known = {row.pk for row in first}
    first += [row for row in changed if row.pk not in known]
    known = {row.pk for row in first}
    room = max(DESCRIBED_AT_ONCE - len(first), 0)
    return first + list(rows.filter(described_at=None).exclude(pk__in=known)[:room])


def _describe(
    shard: Shard, rows: Iterable[TransformJob], counts: Counts, now: datetime, fence: int
) -> tuple[AwsError | None, bool]:
    """Describe and write these; the first error, and whether asking on is hopeless because all were denied."""
    answers = list(each(lambda row: aws_batch.describe_transform_job(shard.scope, row.name), rows))
    errors = [a for _, a in answers if isinstance(a, AwsError) and not isinstance(a, NotFound)]
    denied = [e for e in errors if isinstance(e, AccessDenied | CredentialsInvalid)]
    read = [(row, answer) for row, answer in answers if isinstance(answer, dict)]
    newcomers = [row for row, _ in read if row.described_at is None]
    tags = aws_tags.tags_of(shard.scope, [row.arn for row in newcomers]) if newcomers else {}
    changed = []
    for row, document in read:
        is_changed = _set(row, _values(document))
        if row.described_at is None:
            row.tags = tags.get(row.arn.lower(), {})
        if is_changed or row.described_at is None:
            row.described_at = now
            changed.append(row)
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        TransformJob.objects.bulk_update(changed, [*_DESCRIBED, "tags", "described_at"])
    counts.described += len(read)
    return (errors[0] if errors else None), len(denied) == len(answers)


def _values(document: Document) -> dict[str, Any]:
    source = ((document.get("TransformInput") or {}).get("DataSource") or {}).get("S3DataSource") or {}
    resources = document.get("TransformResources") or {}
    return {
        "status": document["TransformJobStatus"],
        "failure_reason": document.get("FailureReason") or "",
        "started_at": _instant(document.get("TransformStartTime")),
        "ended_at": _instant(document.get("TransformEndTime")),
        "model_name": document.get("ModelName", ""),
        "instance_type": resources.get("InstanceType", ""),
        "instance_count": resources.get("InstanceCount"),
        "batch_strategy": document.get("BatchStrategy", ""),
        "max_concurrent": document.get("MaxConcurrentTransforms"),
        "max_payload_mb": document.get("MaxPayloadInMB"),
        "input_uri": str(source.get("S3Uri") or "")[:1024],
        "output_uri": str((document.get("TransformOutput") or {}).get("S3OutputPath") or "")[:1024],
        "document": document,
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
