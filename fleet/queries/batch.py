"""Transform jobs of a scope and window, each with its cost; the number of queries does not grow with the jobs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, TruncDate

from fleet.analysis.transform_settings import Hint, hints
from fleet.costs.batch import Job, cost_line, per_record
from fleet.costs.price_book import PriceBook
from fleet.models import TransformJob
from fleet.queries import keyset, prices
from fleet.queries.batch_jobs import RUNNING, Criteria, meant, timed
from fleet.queries.instance_sizes import vcpus
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.types import CostComponent, CostLine

RECORD_TAGS = ("records", "Records")
"""AWS counts no records of a transform job; a job that carries this tag tells us itself."""
_CHUNK = 500
SORTS = {
    "created": "created_at",
    "name": "name",
    "duration": "billed",
    "cost": "usd",
    "status": "status",
    "model": "model_name",
}


@dataclass(frozen=True)
class JobRow:
    """One job. billed: start on instances to end (or now), None = not reported; records None = nobody said."""

    job: TransformJob
    account: str
    region: str
    billed: timedelta | None
    line: CostLine
    records: int | None
    usd_per_record: Decimal | None
    hints: list[Hint]

    @property
    def is_running(self) -> bool:
        return self.job.status not in TransformJob.ENDED and not self.job.is_lost


@dataclass(frozen=True)
class Total:
    """What jobs cost together. usd: of the jobs with a price, None when there is none; unpriced and unknown: jobs that

    are not in it, because their type has no price, or because AWS reported no start or no instances.
    """

    jobs: int = 0
    usd: Decimal | None = None
    unpriced: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Summary:
    """All jobs the criteria mean. running: under way, whatever status is asked for.

    usd: of the jobs with a price, None when there is none; unpriced: ended or running jobs on instances without a
    price; unknown: jobs whose start or instances AWS did not report.
    """

    total: int
    running: int
    statuses: Mapping[str, int]
    models: Mapping[str, int]
    usd: Decimal | None
    unpriced: int
    unknown: int
    longest: TransformJob | None
    longest_billed: timedelta | None


def rows(
    criteria: Criteria,
    window: TimeRange,
    now: datetime,
    *,
    sort: str = "created",
    descending: bool = True,
    offset: int,
    limit: int,
    held: prices.Histories,
) -> list[JobRow]:
    """Jobs in the page's order, at `prices_of` their scope; unknown durations and costs stand last either way.

    Two queries.
    """
    found = _ordered(criteria, window, now, held, sort, descending)[offset : offset + limit]
    return [row(job, _book(held, job, now), now) for job in found]


def every(
    criteria: Criteria, window: TimeRange, now: datetime, *, sort: str, descending: bool
) -> Iterator[JobRow]:
    """All jobs in the page's order, read as they are asked for."""
    held = prices_of(criteria.scope)
    for job in _ordered(criteria, window, now, held, sort, descending).iterator(_CHUNK):
        yield row(job, _book(held, job, now), now)


def _ordered(
    criteria: Criteria, window: TimeRange, now: datetime, held: prices.Histories, sort: str, descending: bool
) -> QuerySet[Any]:
    found = timed(meant(criteria, window), now)
    if sort == "cost":
        found = _priced(found, held, criteria, window, now)
    key = F(SORTS[sort])
    order = key.desc(nulls_last=True) if descending else key.asc(nulls_last=True)
    return found.select_related("shard__account").order_by(order, "-created_at", "-id")


def by_key(
    criteria: Criteria, window: TimeRange, now: datetime, *, after: keyset.Key | None, limit: int
) -> keyset.Slice[JobRow]:
    """Jobs newest first, `limit` of them after a key (created at, id). Three queries."""
    held = prices_of(criteria.scope)
    chosen = meant(criteria, window).select_related("shard__account")
    found = keyset.rows(chosen, ("-created_at", "-pk"), after, limit)
    return keyset.Slice([row(job, _book(held, job, now), now) for job in found.rows], found.last)


def row(job: TransformJob, book: PriceBook, now: datetime) -> JobRow:
    """One job with its cost at the prices of `book`, its records and what its settings say against it."""
    until = job.billed_until
    line = cost_line(
        job.shard.region,
        Job(job.instance_type, job.instance_count, job.started_at, until, job.is_lost),
        book,
        now,
    )
    records = record_count(job.tags)
    return JobRow(
        job=job,
        account=job.shard.account.alias,
        region=job.shard.region,
        billed=None if job.started_at is None else max((until or now) - job.started_at, timedelta(0)),
        line=line,
        records=records,
        usd_per_record=per_record(line, records),
        hints=hints(job.document, vcpus(job.instance_type)),
    )


def one(job: TransformJob, now: datetime) -> JobRow:
    """The row of one job; `job` has its shard and account loaded."""
    day = _day(job, now)
    return row(job, prices.book(job.shard.region, on=day, account=job.shard.account_id), now)


def peers(job: TransformJob, limit: int = 10) -> list[TransformJob]:
    """Earlier and later jobs of the same model in the same account and region, newest first."""
    same = TransformJob.objects.filter(shard=job.shard, model_name=job.model_name).exclude(pk=job.pk)
    return list(same[:limit]) if job.model_name else []


def summary(criteria: Criteria, window: TimeRange, now: datetime, held: prices.Histories) -> Summary:
    """Counts, cost and the longest job. Statuses and models are counted without their own filter. Five queries."""
    found = timed(meant(criteria, window), now)
    sums = _added_up(_groups(found, now), held)
    longest = found.exclude(billed=None).order_by(F("billed").desc()).first()
    any_status = Criteria(criteria.scope, (), criteria.models, criteria.search)
    return Summary(
        total=sums.jobs,
        running=meant(any_status, window).filter(RUNNING).count(),
        statuses=_counts(any_status, window, "status"),
        models=_counts(
            Criteria(criteria.scope, criteria.statuses, (), criteria.search), window, "model_name"
        ),
        usd=sums.usd,
        unpriced=sums.unpriced,
        unknown=sums.unknown,
        longest=longest,
        longest_billed=longest.billed if longest else None,
    )


def total(scope: ScopeFilter, window: TimeRange, now: datetime) -> Total:
    """What all jobs of the scope cost that were created, ran or ended in the window, each as a whole.

    Three queries, one where there is no job.
    """
    groups = list(_groups(timed(meant(Criteria(scope), window), now), now))
    return _added_up(groups, prices_of(scope)) if groups else Total()


def record_count(tags: Mapping[str, str]) -> int | None:
    """Records as the job's own tag says; None without it, or when it is no whole number."""
    text = next((tags[key] for key in RECORD_TAGS if tags.get(key)), "").replace(",", "").replace("_", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _groups(found: QuerySet[Any], now: datetime) -> Iterable[Mapping[str, Any]]:
    """PostgreSQL adds the instance-time up by account, region, type and first day, which is the day of the price."""
    return (
        found.order_by()
        .annotate(day=TruncDate(Coalesce("started_at", Value(now)), tzinfo=UTC))
        .values("shard__account_id", "shard__region", "instance_type", "day")
        .annotate(
            jobs=Count("id"),
            billed_jobs=Count("id", filter=Q(started_at__isnull=False, instance_count__isnull=False)),
            time=Sum("instance_time"),
        )
    )


def _added_up(groups: Iterable[Mapping[str, Any]], held: prices.Histories) -> Total:
    usd, unpriced, unknown, jobs = None, 0, 0, 0
    for group in groups:
        jobs += group["jobs"]
        unknown += group["jobs"] - group["billed_jobs"]
        book = held.on(group["shard__account_id"], group["day"])
        rate = prices.net(book, group["shard__region"], CostComponent.BATCH_TIME, group["instance_type"])
        if rate is None:
            unpriced += group["billed_jobs"]
        elif group["time"] is not None:
            usd = (usd or Decimal(0)) + _hours(group["time"]) * rate
    return Total(jobs, usd, unpriced, unknown)


def _priced(
    found: QuerySet[Any], held: prices.Histories, criteria: Criteria, window: TimeRange, now: datetime
) -> QuerySet[Any]:
    """With usd, for sorting; the amounts shown come from the cost function."""
    found = found.annotate(day=TruncDate(Coalesce("started_at", Value(now)), tzinfo=UTC))
    places = (
        meant(criteria, window)
        .order_by()
        .values_list("shard__account_id", "shard__region", "instance_type")
        .distinct()
    )
    money = DecimalField(max_digits=30, decimal_places=12)
    cases = []
    for account, region, item in places:
        for first, last in held.stretches(account):
            rate = prices.net(held.on(account, first), region, CostComponent.BATCH_TIME, item)
            if rate is not None:
                place = Q(shard__account_id=account, shard__region=region, instance_type=item)
                cases.append(When(place & Q(day__gte=first, day__lte=last), then=Value(rate)))
    usd = Case(*cases, default=None, output_field=money)
    return found.annotate(usd=ExpressionWrapper(F("instance_time") * usd, output_field=money))


def _counts(criteria: Criteria, window: TimeRange, field: str) -> dict[str, int]:
    found = meant(criteria, window).order_by().values_list(field).annotate(jobs=Count("id"))
    return dict(found)


def prices_of(scope: ScopeFilter) -> prices.Histories:
    """What the jobs of a scope are priced by. Two queries."""
    return prices.histories(CostComponent.BATCH_TIME, scope.regions)


def _book(held: prices.Histories, job: TransformJob, now: datetime) -> PriceBook:
    return held.on(job.shard.account_id, _day(job, now))


def _day(job: TransformJob, now: datetime) -> date:
    """The UTC day whose prices a job has: the one it started on."""
    return (job.started_at or now).astimezone(UTC).date()


def _hours(seconds: Decimal) -> Decimal:
    return seconds / 3600
