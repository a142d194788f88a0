"""Estimated beside billed: where each account's bill stands, and both sides of its days as lines with their gaps."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Max, Min, OuterRef, Q, Subquery, Sum

from fleet.costs.observer import USD_PER_BILL_REQUEST
from fleet.costs.price_history import PriceHistory
from fleet.costs.reconcile import Bill, Estimate, Line, reconcile
from fleet.models import Account, BilledCost, BillReading, CallTally, DailyCost, Shard, TransformJob
from fleet.queries import prices
from fleet.queries.cost_scope import Span
from fleet.queries.scope import ScopeFilter
from fleet.types import Confidence, CostComponent

ACTION = "ce:GetCostAndUsage"
COST_EXPLORER = "ce:"
"""How every action begins that costs a request."""
USD = "USD"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """The bill of one account: whether it is read, the newest UTC day that is there, and what it costs to read.

    reading None: nobody ever switched it on. through None: no day is there yet. estimated_from: its first day with
    an estimate. requests and month_requests: asked of Cost Explorer today and this month (UTC). currencies: of its
    lines in the span that are not US dollars, and are in no figure.
    """

    account: Account
    reading: BillReading | None
    through: date | None
    estimated_from: date | None
    requests: int
    month_requests: int
    foreign: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        return self.reading is not None and self.reading.enabled

    @property
    def error(self) -> Mapping[str, str] | None:
        """What went wrong with the last reading of an account that is switched on."""
        return self.reading.error if self.reading is not None and self.reading.enabled else None

    @property
    def tag_key(self) -> str:
        """The tag by which the bill is read as well, "" where none is named or no bill is read."""
        return self.reading.tag_key if self.reading is not None and self.reading.enabled else ""

    @property
    def is_denied(self) -> bool:
        return self.error is not None and self.error["kind"] == "AccessDenied"

    @property
    def month_usd(self) -> Decimal:
        return self.month_requests * USD_PER_BILL_REQUEST


@dataclass(frozen=True)
class Compared:
    """The lines of one account over the days that both sides cover; days None when there is none."""

    standing: Standing
    days: Span | None
    lines: tuple[Line, ...]


def standings(scope: ScopeFilter, *, now: datetime) -> list[Standing]:
    """Every enabled account of the scope. Five queries. now: aware."""
    today = now.astimezone(UTC).date()
    accounts = Account.objects.filter(enabled=True)
    if scope.accounts:
        accounts = accounts.filter(account_id__in=scope.accounts)
    found = list(accounts.select_related("bill_reading"))
    billed = BilledCost.objects.filter(account__in=found).order_by()
    through = dict(billed.values_list("account_id").annotate(day=Max("day")))
    foreign: dict[int, set[str]] = {}
    for pk, currency in billed.exclude(currency=USD).values_list("account_id", "currency").distinct():
        foreign.setdefault(pk, set()).add(currency)
    costs = DailyCost.objects.filter(endpoint__shard__account__in=found).order_by()
    first = dict(costs.values_list("endpoint__shard__account_id").annotate(day=Min("day")))
    month = _requests(found, today.replace(day=1))
    spent = _requests(found, today)
    return [
        Standing(
            account=account,
            reading=getattr(account, "bill_reading", None),
            through=through.get(account.pk),
            estimated_from=first.get(account.pk),
            requests=spent.get(account.pk, 0),
            month_requests=month.get(account.pk, 0),
            foreign=tuple(sorted(foreign.get(account.pk, ()))),
        )
        for account in found
    ]


def billed_through(scope: ScopeFilter) -> date | None:
    """The newest day that all accounts whose bill is read have, None while one of them has none. One query."""
    on = BillReading.objects.filter(enabled=True, account__enabled=True)
    if scope.accounts:
        on = on.filter(account__account_id__in=scope.accounts)
    billed = BilledCost.objects.filter(account=OuterRef("account")).order_by("-day").values("day")[:1]
    days: list[date | None] = list(on.values_list(Subquery(billed), flat=True))
    known = [day for day in days if day is not None]
    return min(known) if known and len(known) == len(days) else None


def compared(scope: ScopeFilter, span: Span, found: Iterable[Standing], *, now: datetime) -> list[Compared]:
    """Both sides of each account whose bill is there, day by day; at most seven queries whatever the size."""
    spans = {each.account.pk: _covered(each, span) for each in found}
    wanted = {pk: days for pk, days in spans.items() if days is not None}
    bills = _bills(scope, wanted)
    estimates = _estimates(scope, wanted)
    for pk, jobs in jobs_by_day(scope, wanted, now).items():
        estimates.setdefault(pk, []).extend(each for _, each in jobs)
    watched: dict[int, set[str]] = {}
    for pk, region in Shard.objects.filter(account_id__in=wanted, enabled=True).values_list(
        "account_id", "region"
    ):
        watched.setdefault(pk, set()).add(region)
    return [
        Compared(
            each,
            spans[each.account.pk],
            tuple(
                reconcile(
                    bills.get(each.account.pk, ()),
                    estimates.get(each.account.pk, ()),
                    watched.get(each.account.pk, set()),
                )
            )
            if spans[each.account.pk]
            else (),
        )
        for each in found
    ]


def _covered(standing: Standing, span: Span) -> Span | None:
    """The days of `span` that both sides cover: read from Cost Explorer and there, and estimated at all."""
    reading = standing.reading
    if (
        reading is None
        or reading.read_from is None
        or standing.through is None
        or not standing.estimated_from
    ):
        return None
    first = max(span.first, reading.read_from, standing.estimated_from)
    last = min(span.last, standing.through)
    return Span(first, last) if first <= last else None


def on_days(wanted: Mapping[int, Span], account: str, day: str = "day") -> Q:
    """Condition on the days of each account, by its row id; `account` and `day` are lookup paths."""
    condition = Q(pk__in=[])
    for pk, span in wanted.items():
        condition |= Q(**{account: pk, f"{day}__gte": span.first, f"{day}__lte": span.last})
    return condition


def _bills(scope: ScopeFilter, wanted: Mapping[int, Span]) -> dict[int, list[Bill]]:
    rows = BilledCost.objects.filter(on_days(wanted, "account_id"), currency=USD)
    if scope.regions:
        rows = rows.filter(region__in=scope.regions)
    found: dict[int, list[Bill]] = {}
    columns = ("region", "record_type", "usage_type", "amount", "quantity", "unit", "is_estimated")
    for pk, day, *values in rows.values_list("account_id", "day", *columns):
        found.setdefault(pk, []).append(Bill(day, *values))
    return found


def _estimates(scope: ScopeFilter, wanted: Mapping[int, Span]) -> dict[int, list[Estimate]]:
    rows = DailyCost.objects.filter(
        on_days(wanted, "endpoint__shard__account_id"), scope.q("endpoint__shard")
    )
    groups = (
        rows.order_by()
        .values_list("endpoint__shard__account_id", "day", "endpoint__shard__region", "component", "item")
        .annotate(
            used=Sum("quantity", filter=~Q(amount=None)),
            usd=Sum("amount"),
            off=Sum("discount"),
            unpriced=Count("pk", filter=Q(confidence=Confidence.UNPRICED)),
            no_data=Count("pk", filter=Q(confidence=Confidence.NO_DATA)),
            until=Min("data_until"),
        )
    )
    found: dict[int, list[Estimate]] = {}
    for pk, day, region, component, item, used, usd, off, unpriced, no_data, until in groups:
        each = Estimate(
            day=day,
            region=region,
            component=component,
            item=item,
            quantity=used,
            amount=usd,
            discount=off or Decimal(0),
            is_unpriced=bool(unpriced),
            has_no_data=bool(no_data),
            is_whole=until >= _midnight(day + DAY),
        )
        found.setdefault(pk, []).append(each)
    return found


def jobs_by_day(
    scope: ScopeFilter, wanted: Mapping[int, Span], now: datetime
) -> dict[int, list[tuple[TransformJob, Estimate]]]:
    """What transform jobs cost in each UTC day that they ran in, by account: the daily costs hold endpoints only."""
    if not wanted:
        return {}
    since = _midnight(min(span.first for span in wanted.values()))
    until = _midnight(max(span.last for span in wanted.values()) + DAY)
    rows = TransformJob.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=since),
        scope.q("shard"),
        shard__account_id__in=wanted,
        started_at__lt=until,
    ).exclude(instance_count=None)
    jobs = list(rows.select_related("shard"))
    books = {pk: prices.history(account=pk) for pk in {job.shard.account_id for job in jobs}}
    found: dict[int, list[tuple[TransformJob, Estimate]]] = {}
    for job in jobs:
        pk = job.shard.account_id
        for day in wanted[pk].days:
            estimate = _job_day(job, day, books[pk], now)
            if estimate is not None:
                found.setdefault(pk, []).append((job, estimate))
    return found


def _job_day(job: TransformJob, day: date, book: PriceHistory, now: datetime) -> Estimate | None:
    assert job.started_at is not None
    start, end = max(job.started_at, _midnight(day)), min(job.billed_until or now, _midnight(day + DAY))
    if start >= end:
        return None
    hours = Decimal((end - start) // timedelta(microseconds=1)) / 3_600_000_000 * (job.instance_count or 0)
    component = CostComponent.BATCH_TIME
    point = book.on(day).find(job.shard.region, component, job.instance_type)
    return Estimate(
        day=day,
        region=job.shard.region,
        component=component.value,
        item=job.instance_type,
        quantity=hours if point else None,
        amount=hours * point.usd if point else None,
        is_unpriced=point is None,
    )


def _requests(accounts: Iterable[Account], since: date) -> dict[int, int]:
    rows = CallTally.objects.filter(
        shard__account__in=list(accounts), action__startswith=COST_EXPLORER, day__gte=since
    ).order_by()
    counted = rows.values_list("shard__account_id").annotate(n=Sum("calls"))
    return dict(counted.values_list("shard__account_id", "n"))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
