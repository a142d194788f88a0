"""Reads what AWS says of an account's Savings Plans, with its bill and where it has any: every request costs money."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q

from fleet.aws import savings_plans
from fleet.models import Account, BilledCost, BillReading, PlanCommitment, PlanDay
from fleet.types import AwsScope

# GetSavingsPlansUtilization, End: "before the current date" (AWS Cost Explorer API reference, botocore 1.44.5).
NEWEST = timedelta(days=1)
# "SavingsPlanNegation" and the like (AWS Cost and Usage Report, dictionary of lineItem/LineItemType).
OF_PLANS = "SavingsPlan"


def has_plans(account: Account, since: date) -> bool:
    """Whether the account is billed a commitment, or one was entered for it, or for all, that reaches to `since`."""
    entered = PlanCommitment.objects.filter(Q(account=account) | Q(account=None), last_day__gte=since)
    billed = BilledCost.objects.filter(account=account, record_type__startswith=OF_PLANS, day__gte=since)
    return account.partition == Account.Partition.AWS and (entered.exists() or billed.exists())


def read(
    reading: BillReading, scope: AwsScope, since: date, until: date, ask: Callable[[str], None], now: datetime
) -> None:
    """Put what AWS says of the UTC days [since, until) in the place of what was known of them; all of it or nothing."""
    used = savings_plans.utilisation(scope, since, until, ask=partial(ask, savings_plans.UTILISATION))
    covered = savings_plans.coverage(scope, since, until, ask=partial(ask, savings_plans.COVERAGE))
    rows = {day: PlanDay(account_id=reading.account_id, day=day, read_at=now) for day in _days(used, covered)}
    for use in used:
        row = rows[use.day]
        row.committed, row.used, row.saved = use.committed, use.used, use.saved
    for cover in covered:
        row = rows[cover.day]
        row.covered, row.spend = cover.covered, cover.spend
    with transaction.atomic():
        PlanDay.objects.filter(account_id=reading.account_id, day__gte=since, day__lt=until).delete()
        PlanDay.objects.bulk_create(rows.values())
        reading.plan_from = min(filter(None, (reading.plan_from, since)))
        reading.plan_until = until
        reading.save(update_fields=["plan_from", "plan_until"])


def _days(used: list[savings_plans.PlanUse], covered: list[savings_plans.PlanCover]) -> set[date]:
    return {each.day for each in used} | {each.day for each in covered}
