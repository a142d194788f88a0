"""Reads what AWS billed, once a day and account, where somebody switched it on: every request costs money."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction

from fleet.aws import billing, meter
from fleet.aws.billing import ACTION, HOMES, SERVICE, Billed, Tagged
from fleet.costs.observer import USD_PER_BILL_REQUEST
from fleet.errors import BudgetReached, FleetError, Throttled, Unavailable
from fleet.models import BilledCost, BilledTag, BillReading, CallTally, Shard
from fleet.sync import plan_use
from fleet.sync.outcome import error_document, write_tally
from fleet.types import AwsScope

EVERY = timedelta(hours=24)
RETRY_AFTER = timedelta(hours=6)
"""After a failure that may pass by itself: sooner would only cost more."""
REREAD = timedelta(days=7)
"""How far back a daily reading goes: the newest days arrive late and are revised."""
FINAL_DAY = 6
"""Of a month: by then AWS has closed the month before, which is read once more as a whole."""
_LOCK = 7_405_318

_QUANTUM = Decimal("0.0000000001")


def claim(now: datetime) -> list[int]:
    """Accounts whose bill is to be read now. Each is claimed for a day: a crashed reading costs no second one."""
    due = models.Q(due_at=None) | models.Q(due_at__lte=now)
    rows = BillReading.objects.filter(due, enabled=True, account__enabled=True)
    return [
        account_id
        for pk, account_id, due_at in rows.values_list("pk", "account_id", "due_at")
        if BillReading.objects.filter(pk=pk, due_at=due_at).update(due_at=now + EVERY)
    ]


def read(account_id: int, *, now: datetime) -> BillReading | None:
    """Read the bill of one account into BilledCost; None when that is switched off. now: aware.

    Where a tag is named, the bill is then read by its values into BilledTag, and where the account has Savings Plans,
    what AWS says of them into PlanDay. Of each nothing is stored unless all of it was read. What went wrong stands on
    the BillReading.
    """
    reading = (
        BillReading.objects.select_related("account").filter(account_id=account_id, enabled=True).first()
    )
    shard = Shard.objects.select_related("account").filter(account_id=account_id).order_by("pk").first()
    if reading is None or shard is None or not reading.account.enabled:
        return None
    booked = _Booked(shard, now)
    tag_error: FleetError | None = None
    plan_error: FleetError | None = None
    with meter.recording() as tally:
        error = _attempt(lambda: _read_bill(reading, shard, booked, now))
        if error is None and reading.tag_key:
            tag_error = _attempt(lambda: _read_tags(reading, shard, booked, now))
        if error is None:
            plan_error = _attempt(lambda: _read_plans(reading, shard, booked, now))
    for action, requests in booked.requests.items():
        # What was booked before it was asked stands in the day's account already; repeats on the wire do not.
        if count := tally.actions.get(action):
            count.calls = max(0, count.calls - requests)
    write_tally(shard.pk, tally, now=now)
    _note(reading, error, {"tag_error": tag_error, "plan_error": plan_error}, now)
    return reading


def _attempt(reading: Callable[[], None]) -> FleetError | None:
    try:
        reading()
    except FleetError as failure:
        return failure
    return None


def _read_bill(reading: BillReading, shard: Shard, ask: Callable[[], None], now: datetime) -> None:
    since, until = _window(reading.read_until, now.date())
    _store(reading, _rows(_scope(shard), since, until, ask), since, until, now)


def _read_tags(reading: BillReading, shard: Shard, ask: Callable[[], None], now: datetime) -> None:
    since, until = _window(reading.tag_until, now.date())
    rows = list(billing.tagged(_scope(shard), reading.tag_key, since, until, ask=ask))
    _store_tags(reading, rows, since, until, now)


def _read_plans(reading: BillReading, shard: Shard, ask: Callable[[str], None], now: datetime) -> None:
    since, until = _window(reading.plan_until, now.date() - plan_use.NEWEST)
    if plan_use.has_plans(reading.account, since):
        plan_use.read(reading, _scope(shard), since, until, ask, now)


def _window(read_until: date | None, today: date) -> tuple[date, date]:
    """The UTC days [since, until) to read: today is not billed yet. read_until: of the one before, None: the first."""
    if read_until is None or today.day == FINAL_DAY:
        return (today.replace(day=1) - timedelta(days=1)).replace(day=1), today
    return min(read_until, today) - REREAD, today


def _scope(shard: Shard) -> AwsScope:
    home = HOMES.get(shard.account.partition)
    if home is None:
        raise FleetError(
            f"Cost Explorer is not served in {shard.account.get_partition_display()}: its bills stand in the "
            "commercial account that the account is linked to."
        )
    return replace(shard.scope, region=home)


def _rows(scope: AwsScope, since: date, until: date, ask: Callable[[], None]) -> list[Billed]:
    return [
        *billing.usage(scope, since, until, ask=ask),
        *billing.adjustments(scope, since, until, ask=ask),
    ]


class _Booked:
    """Books each request on the shard's UTC day before it is sent, never above the account's limit of the day."""

    def __init__(self, shard: Shard, now: datetime) -> None:
        self.shard, self.day, self.requests = shard, now.date(), Counter[str]()

    def __call__(self, action: str = ACTION) -> None:
        """Raises BudgetReached when one more request would pass the limit."""
        limit = settings.COST_EXPLORER_DAILY_REQUESTS
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, self.shard.account_id])
            tallies = CallTally.objects.filter(
                shard__account_id=self.shard.account_id, day=self.day, action__startswith=f"{SERVICE}:"
            )
            asked = tallies.aggregate(n=models.Sum("calls"))["n"] or 0
            if asked >= limit:
                raise BudgetReached(
                    f"Cost Explorer waits until 00:00 UTC: {asked} requests at USD {USD_PER_BILL_REQUEST} were "
                    "sent today, as many as FLOTILLA_COST_EXPLORER_DAILY_REQUESTS allows."
                )
            cursor.execute(_BOOK, [self.shard.pk, self.day, action])
        self.requests[action] += 1


def _store(reading: BillReading, rows: Iterable[Billed], since: date, until: date, now: datetime) -> None:
    """Put what was read in the place of what was known of these days: AWS adds, changes and takes back lines."""
    found = {
        (row.day, row.region, row.record_type, row.usage_type): BilledCost(
            account_id=reading.account_id,
            day=row.day,
            region=row.region[:32],
            record_type=row.record_type[:64],
            usage_type=row.usage_type[:128],
            amount=row.amount.quantize(_QUANTUM),
            currency=row.currency[:8],
            quantity=row.quantity.quantize(_QUANTUM),
            unit=row.unit[:64],
            is_estimated=row.is_estimated,
            read_at=now,
        )
        for row in rows
    }
    with transaction.atomic():
        BilledCost.objects.filter(account_id=reading.account_id, day__gte=since, day__lt=until).delete()
        BilledCost.objects.bulk_create(found.values(), batch_size=1_000)
        reading.read_from = min(filter(None, (reading.read_from, since)))
        reading.read_until = until
        reading.save(update_fields=["read_from", "read_until"])


def _store_tags(
    reading: BillReading, rows: Iterable[Tagged], since: date, until: date, now: datetime
) -> None:
    """The same by value of the tag, unless another one was named meanwhile."""
    found = {
        (row.day, row.value, row.usage_type): BilledTag(
            account_id=reading.account_id,
            day=row.day,
            tag_value=row.value[:256],
            usage_type=row.usage_type[:128],
            amount=row.amount.quantize(_QUANTUM),
            currency=row.currency[:8],
            is_estimated=row.is_estimated,
            read_at=now,
        )
        for row in rows
    }
    with transaction.atomic():
        held = BillReading.objects.select_for_update().get(pk=reading.pk)
        if held.tag_key != reading.tag_key:
            return
        BilledTag.objects.filter(account_id=reading.account_id, day__gte=since, day__lt=until).delete()
        BilledTag.objects.bulk_create(found.values(), batch_size=1_000)
        held.tag_from, held.tag_until = min(filter(None, (held.tag_from, since))), until
        held.save(update_fields=["tag_from", "tag_until"])


def _note(
    reading: BillReading, error: FleetError | None, others: dict[str, FleetError | None], now: datetime
) -> None:
    """How it went; a failure of the bill leaves what stands of the others, which were not asked for.

    others: what went wrong by tag and of Savings Plans, by the field that tells it.
    """
    fields: dict[str, Any] = {
        "tried_at": now,
        "error": error_document(error, reading.error, now) if error else None,
        "ok_at": now if error is None else reading.ok_at,
    }
    may_pass = any(isinstance(each, Throttled | Unavailable) for each in (error, *others.values()))
    more: dict[str, Any] = {"due_at": now + (RETRY_AFTER if may_pass else EVERY)}
    if error is None:
        for name, failure in others.items():
            known = getattr(reading, name)
            more[name] = error_document(failure, known, now) if failure else None
    # Where another tag was named meanwhile, its own reading is due already.
    mine = BillReading.objects.filter(pk=reading.pk, tag_key=reading.tag_key)
    if not mine.update(**fields, **more):
        BillReading.objects.filter(pk=reading.pk).update(**fields)
    reading.refresh_from_db()


_BOOK = """
INSERT INTO fleet_calltally (shard_id, day, action, calls, throttles, errors, metrics_requested)
VALUES (%s, %s, %s, 1, 0, 0, 0)
ON CONFLICT (shard_id, day, action) DO UPDATE SET calls = fleet_calltally.calls + 1
"""
