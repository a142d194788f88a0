"""The daily CloudWatch budget of an account: what is asked is booked before it is asked, never above the budget."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from fleet.aws import meter
from fleet.costs.observer import USD_PER_METRIC
from fleet.errors import BudgetReached
from fleet.models import Account, Shard

ACTION = "cloudwatch:GetMetricData"
PROBE = "probe"
HISTORY = "history"
PARTS = "parts"
MINUTES = "minutes"
"""One-minute metrics of one variant from before it was first read, for its planner."""
_LOCK = 7_405_317


def limit_usd(account: Account) -> Decimal:
    """The account's own budget of a UTC day, else the installation's."""
    own = account.cloudwatch_daily_usd
    return Decimal(settings.CLOUDWATCH_DAILY_USD) if own is None else own


def check(shard: Shard, metrics: int, *, now: datetime) -> None:
    """Raise BudgetReached when so many more metrics would pass the account's budget of this UTC day."""
    with connection.cursor() as cursor:
        _check(cursor, shard, metrics, now)


def booking(shard: Shard, why: str, *, now: datetime) -> Callable[[int], None]:
    """A function that books so many metrics, about to be asked, on the shard's UTC day.

    It raises BudgetReached when they would pass the account's budget. A negative number gives back what AWS refused.
    A worker that is killed has booked what it asked: nothing is asked that the day does not know of.
    """

    def book(metrics: int) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            # One account at a time: two shards that look at once would both find room for the same metrics.
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, shard.account_id])
            if metrics > 0:
                _check(cursor, shard, metrics, now)
            cursor.execute(_BOOK, [shard.pk, now.date(), ACTION, max(metrics, 0), metrics])
            cursor.execute(_SPEND, [shard.pk, now.date(), why, max(metrics, 0), metrics])
        meter.add_booked(metrics)

    return book


def _check(cursor: CursorWrapper, shard: Shard, metrics: int, now: datetime) -> None:
    cursor.execute(_ASKED, [shard.account_id, now.date()])
    asked = int(cursor.fetchone()[0])
    limit = limit_usd(shard.account)
    if (asked + metrics) * USD_PER_METRIC > limit:
        raise BudgetReached(_words(asked * USD_PER_METRIC, limit))


def _words(spent: Decimal, limit: Decimal) -> str:
    return (
        f"Metrics of this account wait until 00:00 UTC: USD {spent:.2f} of today's CloudWatch budget of USD {limit} "
        "are spent and this reading would pass it. The account's settings, or FLOTILLA_CLOUDWATCH_DAILY_USD for "
        "accounts without a budget of their own, set it."
    )


_ASKED = """
SELECT coalesce(sum(t.metrics_requested), 0) FROM fleet_calltally t JOIN fleet_shard s ON s.id = t.shard_id
WHERE s.account_id = %s AND t.day = %s
"""
_BOOK = """
INSERT INTO fleet_calltally (shard_id, day, action, calls, throttles, errors, metrics_requested)
VALUES (%s, %s, %s, 0, 0, 0, %s)
ON CONFLICT (shard_id, day, action)
DO UPDATE SET metrics_requested = greatest(0, fleet_calltally.metrics_requested + %s)
"""
_SPEND = """
INSERT INTO fleet_metricspend (shard_id, day, why, metrics) VALUES (%s, %s, %s, %s)
ON CONFLICT (shard_id, day, why) DO UPDATE SET metrics = greatest(0, fleet_metricspend.metrics + %s)
"""
