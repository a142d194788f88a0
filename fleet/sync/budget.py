"""The daily CloudWatch budget of an account: what may still be asked today."""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum

from fleet.errors import BudgetReached
from fleet.models import CallTally, Shard

# GetMetricData, Amazon CloudWatch pricing: USD 0.01 per 1,000 metrics requested.
USD_PER_METRIC = Decimal("0.00001")


def check(shard: Shard, metrics: int, *, now: datetime) -> None:
    """Raise BudgetReached when asking for so many more metrics would pass the account's budget of this UTC day."""
    limit = Decimal(settings.CLOUDWATCH_DAILY_USD)
    asked = CallTally.objects.filter(shard__account=shard.account_id, day=now.date()).aggregate(
        total=Sum("metrics_requested")
    )["total"]
    if ((asked or 0) + metrics) * USD_PER_METRIC > limit:
        spent = (asked or 0) * USD_PER_METRIC
        raise BudgetReached(
            f"Metrics of this account wait until 00:00 UTC: USD {spent:.2f} of today's CloudWatch budget of "
            f"USD {limit} are spent and this reading would pass it. FLOTILLA_CLOUDWATCH_DAILY_USD sets the budget."
        )
