"""The batch section: transform jobs, listed newest first until everything older is known, described until they end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet

from fleet import locks
from fleet.aws import batch as aws_batch
from fleet.aws import tags as aws_tags
from fleet.aws.batch import JobSummary
from fleet.aws.sessions import each
from fleet.errors import AccessDenied, AwsError, CredentialsInvalid, NotFound
from fleet.models import Shard, TransformJob
from fleet.sync import batch_prices
from fleet.sync.chunks import chunks
from fleet.sync.stock import Stock

EVERY = timedelta(minutes=5)
PAGE = 100
DESCRIBED_AT_ONCE = 500
"""Most jobs described in one run: a first look at years of jobs spreads over runs, the newest first."""
MISSING_AGAIN = timedelta(days=1)
"""How soon a job that AWS lists or listed, and does not know by name, is asked for again."""

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

_HERE = {"missing_at": None, "missing_since": None}
"""What is set of a job that AWS knows."""


@dataclass
class Counts:
    """What one run did."""

    fresh: int = 0
    described: int = 0

    def __str__(self) -> str:
        return f"{self.fresh} new transform jobs, {self.described} described"


def is_due(shard: Shard, now: datetime, stock: Stock | None = None) -> bool:
    """Every five minutes; in every run while a job is under way, or while jobs wait to be described."""
    tried = (shard.sections.get("batch") or {}).get("tried_at")
    if not tried or now - datetime.fromisoformat(tried) >= EVERY:
        return True
    if stock is not None and not stock.has(TransformJob):
        return False
    has_error = (shard.sections.get("batch") or {}).get("error")
    return not has_error and _under_way(shard, now).exists()


def run(
    shard: Shard, *, now: datetime, fence: int, keep_alive: Callable[[], None], stock: Stock | None = None
) -> Counts:
    """Mirror the shard's transform jobs. Raises the first error of a describe after everything else is written."""
    counts = Counts()
    if not _list(shard, counts, now, fence, keep_alive, stock or Stock()):
        return counts
    failure: AwsError | None = None
    for chunk in chunks(_wanted(shard, now), PAGE):
        keep_alive()
        error, is_hopeless = _describe(shard, chunk, counts, now, fence)
        failure = failure or error
        if is_hopeless:
            break
    failure = failure or _read_tags(shard, now, fence, keep_alive)
    batch_prices.refresh(shard, now=now)
    if failure is not None:
        raise failure
    return counts


def _list(
    shard: Shard, counts: Counts, now: datetime, fence: int, keep_alive: Callable[[], None], stock: Stock
) -> bool:
    """Store, page by page, jobs that are new and what the listing says anew; ends at a page that is all known.

    Whether there are jobs at all: most shards have none, and nothing more to be done.

    A stored job proves that every older one is, unless a listing broke off below it: then that place is passed first.
    """
    stored = TransformJob.objects.filter(shard=shard)
    is_unread = Q(is_older_unread=True)
    known, oldest = 0, None
    if stock.has(TransformJob):
        before = stored.aggregate(count=Count("pk"), unread_from=Min("created_at", filter=is_unread))
        known, oldest = before["count"], before["unread_from"]
    for page in chunks(aws_batch.list_transform_jobs(shard.scope), PAGE):
        keep_alive()
        fresh, changed = _differing(shard, page, now)
        if not fresh and not changed and (oldest is None or page[-1].created_at < oldest):
            break
        if fresh:
            fresh[-1].is_older_unread = True
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            TransformJob.objects.bulk_create(fresh)
            TransformJob.objects.bulk_update(
                changed, [*_LISTED, "described_at", "missing_at", "missing_since"]
            )
        counts.fresh += len(fresh)
    if oldest is not None or counts.fresh:
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            stored.filter(is_unread).update(is_older_unread=False)
    return bool(known or counts.fresh)


def _differing(
    shard: Shard, page: Sequence[JobSummary], now: datetime
) -> tuple[list[TransformJob], list[TransformJob]]:
    """Jobs of a page that are new, and those whose listing says something else than the row: to be described again."""
    rows = {
        (row.name, row.created_at): row
        for row in TransformJob.objects.filter(shard=shard, name__in=[s.name for s in page])
    }
    fresh, changed = [], []
    for summary in page:
        row = rows.get((summary.name, summary.created_at))
        if row is None:
            fresh.append(_new(shard, summary, now))
        elif _set(row, {field: getattr(summary, field) for field in _LISTED}):
            row.described_at = row.missing_at = row.missing_since = None
            changed.append(row)
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


def _known(shard: Shard, now: datetime) -> QuerySet[TransformJob]:
    """Jobs that AWS is believed to know by name."""
    is_missing = Q(missing_at__gt=now - MISSING_AGAIN)
    return TransformJob.objects.filter(shard=shard).exclude(is_missing)


def _under_way(shard: Shard, now: datetime) -> QuerySet[TransformJob]:
    return _known(shard, now).exclude(status__in=TransformJob.ENDED)


def _wanted(shard: Shard, now: datetime) -> list[TransformJob]:
    """Jobs to describe: those under way, then those never described or changed since, the newest first."""
    first = list(_under_way(shard, now)[:DESCRIBED_AT_ONCE])
    room = max(DESCRIBED_AT_ONCE - len(first), 0)
    ended = _known(shard, now).filter(described_at=None, status__in=TransformJob.ENDED)
    return first + list(ended[:room])


def _describe(
    shard: Shard, rows: Iterable[TransformJob], counts: Counts, now: datetime, fence: int
) -> tuple[AwsError | None, bool]:
    """Describe and write these; the first error, and whether asking on is hopeless because all were denied."""
    answers = list(each(lambda row: aws_batch.describe_transform_job(shard.scope, row.name), rows))
    errors = [a for _, a in answers if isinstance(a, AwsError) and not isinstance(a, NotFound)]
    denied = [e for e in errors if isinstance(e, AccessDenied | CredentialsInvalid)]
    changed: list[TransformJob] = []
    under_way: list[int] = []
    for row, answer in answers:
        if isinstance(answer, NotFound):
            row.missing_at, row.missing_since = now, row.missing_since or now
            changed.append(row)
        elif isinstance(answer, dict):
            counts.described += 1
            if _set(row, {**_values(answer), **_HERE}) or row.described_at is None:
                row.described_at = now
                changed.append(row)
            if row.status not in TransformJob.ENDED:
                under_way.append(row.pk)
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        TransformJob.objects.bulk_update(changed, [*_DESCRIBED, "described_at", *_HERE])
        TransformJob.objects.filter(pk__in=under_way).update(last_seen_at=now)
    return (errors[0] if errors else None), len(denied) == len(answers)


def _read_tags(shard: Shard, now: datetime, fence: int, keep_alive: Callable[[], None]) -> AwsError | None:
    """Fill in the tags that were not read yet; an error that will pass.

    A refusal is none: the tags section, which needs the same permission, records it in every run, and what else is
    known of the jobs stands.
    """
    rows = TransformJob.objects.filter(shard=shard, tags_read_at=None)
    for chunk in chunks(rows[:DESCRIBED_AT_ONCE], PAGE):
        keep_alive()
        try:
            tags = aws_tags.tags_of(shard.scope, [row.arn for row in chunk])
        except AccessDenied:
            return None
        except AwsError as error:
            return error
        for row in chunk:
            row.tags, row.tags_read_at = tags.get(row.arn.lower(), {}), now
        with transaction.atomic():
            locks.guard(shard.pk, fence)
            TransformJob.objects.bulk_update(chunk, ["tags", "tags_read_at"])
    return None


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
