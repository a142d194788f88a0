"""What AWS says of the Savings Plans of a scope's accounts, to stand beside what is worked out from the hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Max, Min, Q, Sum

from fleet.models import Account, BillReading, PlanDay
from fleet.queries.cost_scope import Span
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class Told:
    """One account over the days that AWS told of; USD, None where it told nothing.

    committed, used, saved: of all its plans, whatever they cover. spend: SageMaker's use that a plan could cover, at
    on-demand prices; covered: of it by plans. error: why the last reading failed.
    """

    account: Account
    first: date | None
    last: date | None
    committed: Decimal | None
    used: Decimal | None
    saved: Decimal | None
    covered: Decimal | None
    spend: Decimal | None
    error: Mapping[str, str] | None

    @property
    def utilisation(self) -> Decimal | None:
        """Part of the commitments that was used, 0 to 1; None without one."""
        return self.used / self.committed if self.committed and self.used is not None else None

    @property
    def coverage(self) -> Decimal | None:
        """Part of the spend that plans covered, 0 to 1; None without any."""
        return self.covered / self.spend if self.spend and self.covered is not None else None


def told(scope: ScopeFilter, span: Span | None) -> list[Told]:
    """The accounts whose plans were asked for, by alias. span None: no days, so nothing is told. Two queries."""
    has_word = Q(plan_until__isnull=False) | Q(plan_error__isnull=False)
    asked = BillReading.objects.filter(has_word, enabled=True, account__enabled=True)
    asked = asked.select_related("account").order_by("account__alias")
    if scope.accounts:
        asked = asked.filter(account__account_id__in=scope.accounts)
    readings = list(asked) if span else []
    days = PlanDay.objects.filter(account__in=[each.account_id for each in readings])
    if span:
        days = days.filter(day__gte=span.first, day__lte=span.last)
    is_used, is_spent = Q(committed__isnull=False), Q(spend__isnull=False)
    sums: dict[Any, Mapping[str, object]] = {
        row["account"]: row
        for row in days.order_by()
        .values("account")
        .annotate(
            a=Min("day"), z=Max("day"), of=Sum("committed"), use=Sum("used"), net=Sum("saved", filter=is_used),
            cover=Sum("covered"), usd=Sum("spend", filter=is_spent),
        )
    }  # fmt: skip
    return [_told(each, sums.get(each.account_id, {})) for each in readings]


def _told(reading: BillReading, row: Mapping[str, object]) -> Told:
    def usd(name: str) -> Decimal | None:
        value = row.get(name)
        return value if isinstance(value, Decimal) else None

    first, last = row.get("a"), row.get("z")
    return Told(
        account=reading.account,
        first=first if isinstance(first, date) else None,
        last=last if isinstance(last, date) else None,
        committed=usd("of"),
        used=usd("use"),
        saved=usd("net"),
        covered=usd("cover"),
        spend=usd("usd"),
        error=reading.plan_error,
    )
