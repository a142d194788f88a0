"""The quotas section: Service Quotas where it may be asked, over the limits AWS documents."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fleet import loading, locks, serverless_quotas
from fleet.aws import quotas as aws_quotas
from fleet.errors import AwsError
from fleet.models import Quota, Shard
from fleet.sync import rows
from fleet.sync.stock import Stock

EVERY = timedelta(hours=6)
RETRY_AFTER = timedelta(minutes=30)

REPORTED = "AWS Service Quotas"
CONCURRENCY_CODE = serverless_quotas.CONCURRENCY
ENDPOINTS_CODE = serverless_quotas.SERVERLESS_ENDPOINTS
# Service Quotas lists over a thousand SageMaker quotas; these words pick those about hosting.
_WANTED = ("endpoint",)
_IS = {
    CONCURRENCY_CODE: serverless_quotas.is_total_concurrency,
    ENDPOINTS_CODE: serverless_quotas.is_endpoint_count,
}

Row = tuple[str, str, float, str]


def is_due(shard: Shard, now: datetime) -> bool:
    """Quotas change rarely: every six hours, and half an hour after a failure."""
    section = shard.sections.get("quotas") or {}
    if not section.get("tried_at"):
        return True
    wait = RETRY_AFTER if section.get("error") else EVERY
    return now - datetime.fromisoformat(section["tried_at"]) >= wait


def run(shard: Shard, *, now: datetime, fence: int, stock: Stock | None = None) -> int:
    """Write the shard's quotas; the number known. Where AWS reports none, the documented default stands."""
    stock = stock or Stock()
    try:
        reported = [
            (str(row["QuotaCode"]), str(row["QuotaName"])[:255], float(row["Value"]), REPORTED)
            for row in aws_quotas.sagemaker_quotas(shard.scope)
            if _is_wanted(row)
        ]
    except AwsError:
        _write(shard, [], now, fence, stock)
        raise
    return _write(shard, reported, now, fence, stock)


def documented(region: str) -> Iterable[Row]:
    """(code, name, value, source) of the limits AWS documents for a region; none for a region its table lacks."""
    concurrency, source = serverless_quotas.documented_concurrency(region), serverless_quotas.DOCUMENTED
    if concurrency is not None:
        yield CONCURRENCY_CODE, serverless_quotas.TOTAL_CONCURRENCY, float(concurrency), source
        yield ENDPOINTS_CODE, serverless_quotas.ENDPOINTS, float(serverless_quotas.MAX_ENDPOINTS), source


def _is_wanted(row: dict[str, Any]) -> bool:
    return (
        any(word in str(row.get("QuotaName", "")).lower() for word in _WANTED)
        and row.get("Value") is not None
    )


def _write(shard: Shard, reported: list[Row], now: datetime, fence: int, stock: Stock) -> int:
    """Write what differs; how many are known then."""
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        held = loading.read(Quota, "WHERE t.shard_id = %s", [shard.pk]) if stock.has(Quota) else []
        known = {quota.code: quota for quota in held}
        names = [name for _, name, _, _ in reported] + [
            q.name for q in known.values() if q.source == REPORTED
        ]
        defaults = [row for row in documented(shard.region) if not _is_reported(row[0], names)]
        superseded = [
            q.pk
            for q in known.values()
            if q.source == serverless_quotas.DOCUMENTED and _is_reported(q.code, names)
        ]
        Quota.objects.filter(pk__in=superseded).delete()
        fresh, changed = [], []
        for code, name, value, source in [*reported, *defaults]:
            wanted = {"name": name, "subject": _subject(code, name), "value": value, "source": source}
            quota = known.get(code)
            if quota is None:
                fresh.append(Quota(shard=shard, code=code, fetched_at=now, **wanted))
            elif any(getattr(quota, field) != text for field, text in wanted.items()):
                for field, text in {**wanted, "fetched_at": now}.items():
                    setattr(quota, field, text)
                changed.append(quota)
        rows.insert(fresh)
        rows.update(changed, ["name", "subject", "value", "source", "fetched_at"])
    return len(known) - len(superseded) + len(fresh)


def _subject(code: str, name: str) -> str:
    """What the quota limits; the codes of documented defaults are subjects themselves."""
    return code if code in _IS else serverless_quotas.subject_of(name)


def _is_reported(code: str, names: Iterable[str]) -> bool:
    """Whether Service Quotas reports the limit that a documented default stands in for."""
    return any(_IS[code](name) for name in names)
