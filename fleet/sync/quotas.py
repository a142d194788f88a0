"""The quotas section: Service Quotas where it may be asked, over the limits AWS documents."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fleet import locks
from fleet.aws import quotas as aws_quotas
from fleet.errors import AwsError
from fleet.models import Quota, Shard

EVERY = timedelta(hours=6)
RETRY_AFTER = timedelta(minutes=30)

# Amazon SageMaker AI developer guide, "Serverless Inference: feature exclusions and quotas", read November 2026.
DOCUMENTED = "Documented default: SageMaker AI developer guide, Serverless Inference quotas (read 2026-11-21)"
REPORTED = "AWS Service Quotas"
LARGE_REGIONS = frozenset(
    {
        "us-east-1",
        "us-east-2",
        "us-west-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "eu-central-1",
        "eu-west-1",
    }
)
SMALL_REGIONS = frozenset(
    {
        "us-west-1",
        "af-south-1",
        "ap-east-1",
        "ap-south-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ca-central-1",
        "eu-west-2",
        "eu-west-3",
        "eu-south-1",
        "eu-north-1",
        "me-south-1",
        "sa-east-1",
    }
)
CONCURRENCY_CODE = "serverless-concurrency"
ENDPOINTS_CODE = "serverless-endpoints"
# Service Quotas lists over a thousand SageMaker quotas; these words pick those about hosting.
_WANTED = ("endpoint",)
_MARKS = {
    CONCURRENCY_CODE: ("total", "concurrency", "serverless"),
    ENDPOINTS_CODE: ("number", "serverless", "endpoints"),
}

Row = tuple[str, str, float, str]


def is_due(shard: Shard, now: datetime) -> bool:
    """Quotas change rarely: every six hours, and half an hour after a failure."""
    section = shard.sections.get("quotas") or {}
    if not section.get("tried_at"):
        return True
    wait = RETRY_AFTER if section.get("error") else EVERY
    return now - datetime.fromisoformat(section["tried_at"]) >= wait


def run(shard: Shard, *, now: datetime, fence: int) -> int:
    """Write the shard's quotas; the number known. Where AWS reports none, the documented default stands."""
    try:
        reported = [
            (str(row["QuotaCode"]), str(row["QuotaName"])[:255], float(row["Value"]), REPORTED)
            for row in aws_quotas.sagemaker_quotas(shard.scope)
            if _is_wanted(row)
        ]
    except AwsError:
        _write(shard, [], now, fence)
        raise
    _write(shard, reported, now, fence)
    return Quota.objects.filter(shard=shard).count()


def documented(region: str) -> Iterable[Row]:
    """(code, name, value, source) of the limits AWS documents for a region; none for a region its table lacks."""
    if region in LARGE_REGIONS | SMALL_REGIONS:
        concurrency = 1000.0 if region in LARGE_REGIONS else 500.0
        name = "Maximum total concurrency that can be allocated across all serverless endpoints"
        yield CONCURRENCY_CODE, name, concurrency, DOCUMENTED
        yield ENDPOINTS_CODE, "Maximum number of serverless endpoints", 50.0, DOCUMENTED


def _is_wanted(row: dict[str, Any]) -> bool:
    return (
        any(word in str(row.get("QuotaName", "")).lower() for word in _WANTED)
        and row.get("Value") is not None
    )


def _write(shard: Shard, reported: list[Row], now: datetime, fence: int) -> None:
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        known = {quota.code: quota for quota in Quota.objects.filter(shard=shard)}
        names = [name for _, name, _, _ in reported] + [
            q.name for q in known.values() if q.source == REPORTED
        ]
        defaults = [row for row in documented(shard.region) if not _is_reported(row[0], names)]
        superseded = [q.pk for q in known.values() if q.source == DOCUMENTED and _is_reported(q.code, names)]
        Quota.objects.filter(pk__in=superseded).delete()
        fresh, changed = [], []
        for code, name, value, source in [*reported, *defaults]:
            quota = known.get(code)
            if quota is None:
                fresh.append(
                    Quota(shard=shard, code=code, name=name, value=value, source=source, fetched_at=now)
                )
            elif (quota.name, quota.value, quota.source) != (name, value, source):
                quota.name, quota.value, quota.source, quota.fetched_at = name, value, source, now
                changed.append(quota)
        Quota.objects.bulk_create(fresh)
        Quota.objects.bulk_update(changed, ["name", "value", "source", "fetched_at"])


def _is_reported(code: str, names: Iterable[str]) -> bool:
    """Whether Service Quotas reports the limit that a documented default stands in for."""
    return any(all(word in name.lower() for word in _MARKS[code]) for name in names)
