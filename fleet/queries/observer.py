"""What watching costs: CloudWatch dollars by account and by reason, where the month is heading, what cadence saves."""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

from django.conf import settings
from django.db.models import Case, Count, F, Q, QuerySet, Sum, When

from fleet.catalogue import HISTORY_SLICE, metrics_for
from fleet.costs.observer import USD_PER_BILL_REQUEST, USD_PER_METRIC
from fleet.instance_types import has_gpu
from fleet.models import Account, CallTally, MetricSpend, Shard, VariantStatus
from fleet.queries.scope import ScopeFilter
from fleet.types import Kind

HISTORY = "history"
PROBE = "probe"
PARTS = "parts"
MINUTES = "minutes"
ONCE = frozenset({HISTORY, MINUTES})
"""Reasons that are paid once, so that no day to come is like theirs."""
BILLS = "ce:"
"""How the actions of Cost Explorer begin, each request of which is billed."""
NOTHING = (0, 0)
READINGS_PER_DAY = 24 * 12
"""Of one metric, were everything polled each five minutes."""
DAY_S = Decimal(86400)
_Unread = tuple[int, datetime | None, datetime | None, datetime | None]


@dataclass(frozen=True)
class AccountSpend:
    """One account: metrics asked today and this month (UTC), what a day may cost, and the month's asking for bills.

    bills: requests to Cost Explorer this month, each billed by itself.
    """

    account: Account
    today: int
    month: int
    limit_usd: Decimal
    bills: int = 0

    @property
    def today_usd(self) -> Decimal:
        return self.today * USD_PER_METRIC

    @property
    def month_usd(self) -> Decimal:
        return self.month * USD_PER_METRIC

    @property
    def share(self) -> float | None:
        """Of today's budget, None where it is zero."""
        return float(self.today_usd / self.limit_usd) if self.limit_usd else None


@dataclass(frozen=True)
class CadenceSpend:
    """One reason to ask: how many variants are read for it now, and what it cost today."""

    why: str
    variants: int
    metrics: int

    @property
    def usd(self) -> Decimal:
        return self.metrics * USD_PER_METRIC


@dataclass(frozen=True)
class Observer:
    """Figures of one UTC day and its month so far. metrics counts are CloudWatch's billing unit.

    yesterday: of the whole UTC day before without history, None when nothing was asked then. polled: metrics that one
    reading of everything asks for. history_left: metrics the unfinished back-fills still ask for.
    """

    now: datetime
    accounts: list[AccountSpend]
    cadences: list[CadenceSpend]
    yesterday: int | None
    polled: int
    history_left: int = 0

    @property
    def history_left_usd(self) -> Decimal:
        """What the history that is still to be fetched will cost, paid once."""
        return self.history_left * USD_PER_METRIC

    @property
    def today(self) -> int:
        return sum(row.today for row in self.accounts)

    @property
    def month(self) -> int:
        return sum(row.month for row in self.accounts)

    @property
    def today_usd(self) -> Decimal:
        return self.today * USD_PER_METRIC

    @property
    def month_usd(self) -> Decimal:
        return self.month * USD_PER_METRIC

    @property
    def bills(self) -> int:
        """Requests to Cost Explorer this month."""
        return sum(row.bills for row in self.accounts)

    @property
    def bills_usd(self) -> Decimal:
        return self.bills * USD_PER_BILL_REQUEST

    @property
    def steady(self) -> int:
        """Asked today without history, which is paid once."""
        return sum(row.metrics for row in self.cadences if row.why not in ONCE)

    @property
    def elapsed(self) -> Decimal:
        """Share of a day that was watched since 00:00 UTC, or since the first account was connected."""
        first = min((row.account.created_at for row in self.accounts), default=self.now)
        return Decimal((self.now - min(self.now, max(first, midnight(self.now)))).total_seconds()) / DAY_S

    @property
    def per_day(self) -> Decimal | None:
        """Metrics a steady day asks for: yesterday's, else today's stretched; None in the first hour without either."""
        if self.yesterday is not None:
            return Decimal(self.yesterday)
        return self.steady / self.elapsed if self.elapsed * 24 >= 1 else None

    @property
    def days_left(self) -> int:
        """Whole days of the month after today."""
        return calendar.monthrange(self.now.year, self.now.month)[1] - self.now.day

    @property
    def forecast_usd(self) -> Decimal | None:
        """At the month's end: so far, the rest of today, each day left like a steady one. None without a steady day."""
        if self.per_day is None:
            return None
        rest = max(Decimal(0), self.per_day - self.steady)
        return (self.month + rest + self.per_day * self.days_left) * USD_PER_METRIC

    @property
    def polling_usd(self) -> Decimal:
        """What polling everything each five minutes would have cost today so far."""
        return self.polled * READINGS_PER_DAY * self.elapsed * USD_PER_METRIC

    @property
    def saved_usd(self) -> Decimal:
        """What the cadence spared today so far; negative when it cost more."""
        return self.polling_usd - self.steady * USD_PER_METRIC

    @property
    def capped(self) -> list[AccountSpend]:
        """Accounts whose budget of today is all but spent."""
        return [row for row in self.accounts if row.share is None or row.share >= 0.99]


def midnight(now: datetime) -> datetime:
    """The start of the UTC day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def read(scope: ScopeFilter, *, now: datetime) -> Observer:
    """Eight queries, whatever the size of the fleet. now: aware."""
    now = now.astimezone(UTC)
    day = now.date()
    month = _asked(scope, day.replace(day=1))
    today = _asked(scope, day)
    unread = list(_unread(scope))
    polled = _polled(scope, [pk for pk, *_ in unread])
    wanted = Q(enabled=True) | Q(pk__in=list(month))
    if scope.accounts:
        wanted &= Q(account_id__in=scope.accounts)
    return Observer(
        now=now,
        accounts=[
            AccountSpend(
                account,
                today.get(account.pk, NOTHING)[0],
                month.get(account.pk, NOTHING)[0],
                _limit(account),
                month.get(account.pk, NOTHING)[1],
            )
            for account in Account.objects.filter(wanted)
        ],
        cadences=_cadences(scope, day),
        yesterday=_steady(scope, day - timedelta(days=1)),
        polled=sum(polled.values()),
        history_left=_history_left(unread, polled, now),
    )


def _asked(scope: ScopeFilter, since: date) -> dict[int, tuple[int, int]]:
    """Metrics asked, and requests for bills, since the start of a UTC day, by account."""
    rows = CallTally.objects.filter(scope.q("shard"), day__gte=since).order_by()
    groups = rows.values_list("shard__account_id").annotate(
        metrics=Sum("metrics_requested"), bills=Sum("calls", filter=Q(action__startswith=BILLS), default=0)
    )
    return {pk: (metrics, bills) for pk, metrics, bills in groups}


def left_usd(account: Account, *, now: datetime) -> Decimal:
    """What is left of the account's CloudWatch budget of this UTC day. One query."""
    rows = CallTally.objects.filter(shard__account=account, day=now.astimezone(UTC).date())
    asked = rows.aggregate(metrics=Sum("metrics_requested", default=0))["metrics"]
    return max(Decimal(0), _limit(account) - asked * USD_PER_METRIC)


def _limit(account: Account) -> Decimal:
    own = account.cloudwatch_daily_usd
    return Decimal(settings.CLOUDWATCH_DAILY_USD) if own is None else own


def _cadences(scope: ScopeFilter, day: date) -> list[CadenceSpend]:
    spent = _spent(scope, day)
    live: dict[str, int] = dict(
        _live(scope)
        .order_by()
        .values_list("metrics_why")
        .annotate(n=Count("pk"))
        .values_list("metrics_why", "n")
    )
    order = [*VariantStatus.Cadence.values, PROBE, PARTS, MINUTES, HISTORY]
    return [
        CadenceSpend(why, live.get(why, 0), spent.get(why, 0))
        for why in order
        if live.get(why) or spent.get(why)
    ]


def _spent(scope: ScopeFilter, day: date) -> Mapping[str, int]:
    rows = MetricSpend.objects.filter(scope.q("shard"), day=day).order_by()
    return dict(rows.values_list("why").annotate(n=Sum("metrics")).values_list("why", "n"))


def _steady(scope: ScopeFilter, day: date) -> int | None:
    spent = _spent(scope, day)
    return sum(n for why, n in spent.items() if why not in ONCE) if spent else None


def _polled(scope: ScopeFilter, apart: Sequence[int]) -> dict[int, int]:
    """Metrics of one reading of everything: by shard of those `apart`, of all others together as 0."""
    has_provisioned = Q(provisioned_concurrency__isnull=False) | Q(
        desired_provisioned_concurrency__isnull=False
    )
    groups = (
        _live(scope)
        .order_by()
        .annotate(of=Case(When(endpoint__shard__in=apart, then=F("endpoint__shard_id")), default=0))
        .values_list("of", "endpoint__kind", "instance_type")
        .annotate(plain=Count("pk", filter=~has_provisioned), provisioned=Count("pk", filter=has_provisioned))
    )
    found: dict[int, int] = {}
    for shard_id, kind, instance_type, plain, provisioned in groups:
        metrics = plain * _metrics_of(kind, instance_type, has_provisioned=False)
        metrics += provisioned * _metrics_of(kind, instance_type, has_provisioned=True)
        found[shard_id] = found.get(shard_id, 0) + metrics
    return found


@cache
def _metrics_of(kind: str, instance_type: str, *, has_provisioned: bool) -> int:
    return len(metrics_for(Kind(kind), has_provisioned=has_provisioned, has_gpu=has_gpu(instance_type)))


def _unread(scope: ScopeFilter) -> QuerySet[Shard, _Unread]:
    """Shards whose history is still to be fetched: id, its start, its end, and until when it has been."""
    rows = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True).exclude(
        backfill_done_until__gte=F("backfill_until")
    )
    return rows.values_list("pk", "backfill_from", "backfill_until", "backfill_done_until")


def _history_left(unread: Iterable[_Unread], polled: dict[int, int], now: datetime) -> int:
    """Every metric once per slice of the hours still to be fetched."""
    span = timedelta(days=settings.BACKFILL_DAYS)
    left = 0
    for pk, start, until, done in unread:
        since = done or start or midnight(now - span)
        end = until or now.replace(minute=0, second=0, microsecond=0)
        left += polled.get(pk, 0) * max(0, -(-(end - since) // HISTORY_SLICE))
    return left


def _live(scope: ScopeFilter) -> QuerySet[VariantStatus]:
    return VariantStatus.objects.filter(scope.q("endpoint__shard"), removed_at=None, endpoint__closed_at=None)
