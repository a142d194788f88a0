"""Brings DailyCost up to date with the mirror: which days are due, their lines, and only the rows that differ."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.costs.usage import Observed
from fleet.costs.variant import cost_lines
from fleet.ledger import reading, signatures
from fleet.ledger.reading import Subject
from fleet.models import CostLedger, DailyCost, Shard, StaleDay
from fleet.queries import prices
from fleet.types import Capacity, CostLine, MetricRow

HISTORY_EVERY = timedelta(hours=1)
"""How often days before yesterday are compared when nothing else says that they changed."""

LONGEST_HISTORY = timedelta(days=455)
AMOUNT_QUANTUM = Decimal("0.000000000001")

_VALUES = (
    "endpoint_id",
    "quantity",
    "unit",
    "usd_per_unit",
    "discount",
    "discount_note",
    "amount",
    "confidence",
    "price_source",
    "note",
    "data_until",
)

Key = tuple[int, str, str]


def update_shard(shard_id: int, *, now: datetime) -> int:
    """Recompute the daily costs of one shard where their inputs changed; how many days were written.

    Today and yesterday are compared each time, older days when prices, formulas or the back-fill moved, else hourly.
    One transaction, serialised per shard. A shard that is gone costs nothing. now: aware.
    """
    with transaction.atomic():
        shard = Shard.objects.filter(pk=shard_id).first()
        if shard is None:
            return 0
        CostLedger.objects.get_or_create(shard=shard)
        ledger = CostLedger.objects.select_for_update().get(shard=shard)
        return _update(shard, ledger, now)


def _update(shard: Shard, ledger: CostLedger, now: datetime) -> int:
    history = prices.history(shard.region, account=shard.account_id)
    today = now.astimezone(UTC).date()
    epoch = signatures.epoch(shard, prices.digest(history))
    since = today - timedelta(days=1)
    if ledger.epoch != epoch or _is_history_due(ledger, now):
        since = max(reading.first_day(shard, today), today - LONGEST_HISTORY)
        ledger.epoch, ledger.history_checked_at = epoch, now
    found = reading.subjects(shard, now=now, since=reading.day_window(since).start)
    wanted = [since + timedelta(days=n) for n in range((today - since).days + 1)]
    fresh = signatures.days(
        wanted, found, reading.bucket_sums(shard, since, today), prices.digests(history, wanted)
    )
    changed = [day for day in wanted if ledger.day_signatures.get(day.isoformat()) != fresh[day]]
    for day in changed:
        _write_day(shard, day, found, history.on(day), now)
        ledger.day_signatures[day.isoformat()] = fresh[day]
    StaleDay.objects.bulk_create(StaleDay(shard=shard, day=day) for day in changed)
    ledger.save(update_fields=["epoch", "history_checked_at", "day_signatures"])
    return len(changed)


def _is_history_due(ledger: CostLedger, now: datetime) -> bool:
    return ledger.history_checked_at is None or now - ledger.history_checked_at >= HISTORY_EVERY


def _write_day(shard: Shard, day: date, found: Sequence[Subject], book: PriceBook, now: datetime) -> None:
    rows = reading.day_rows(shard, day)
    wanted: dict[Key, DailyCost] = {}
    for subject in found:
        for cost in _day_costs(shard, subject, day, rows.get(subject.variant_id, ()), book, now):
            _keep(wanted, cost)
    stored = {
        (cost.variant_id, cost.component, cost.item): cost
        for cost in DailyCost.objects.filter(endpoint__shard=shard, day=day)
    }
    _save(stored, wanted)


def _day_costs(
    shard: Shard, subject: Subject, day: date, rows: tuple[MetricRow, ...], book: PriceBook, now: datetime
) -> list[DailyCost]:
    whole = reading.history(shard, day)
    if whole is None or subject.until <= whole.start:
        return []
    window = Window(whole.start, min(whole.end, subject.until))
    settled = tuple(row for row in rows if subject.growing_from is None or row.at < subject.growing_from)
    observed = Observed(window, _held_near(subject, window), settled, subject.reported)
    if subject.kind not in prices.KINDS_IN_PLANS:
        book = book.without_plans()
    lines = cost_lines(shard.region, subject.kind, observed, book, subject.sizes)
    return [_cost(subject, day, line, window.end, now) for line in lines]


def _held_near(subject: Subject, window: Window) -> tuple[Capacity, ...]:
    """What a variant held around a day, to the bucket: one that scales has thousands of levels in a year."""
    start, end = window.start - reading.HOUR, window.end + reading.HOUR
    return tuple(
        each for each in subject.capacities if each.start < end and (not each.end or each.end > start)
    )


def _cost(subject: Subject, day: date, line: CostLine, data_until: datetime, now: datetime) -> DailyCost:
    return DailyCost(
        endpoint_id=subject.endpoint_id,
        variant_id=subject.variant_id,
        day=day,
        component=line.component.value,
        item=line.item,
        quantity=line.quantity,
        unit=line.unit,
        usd_per_unit=line.usd_per_unit,
        discount=line.discount.quantize(AMOUNT_QUANTUM),
        discount_note=line.discount_note[:512],
        amount=None if line.amount is None else line.amount.quantize(AMOUNT_QUANTUM),
        confidence=line.confidence.value,
        price_source=line.price_source[:512],
        note=line.note[:512],
        computed_at=now,
        data_until=data_until,
    )


def _keep(wanted: dict[Key, DailyCost], cost: DailyCost) -> None:
    """One row per component and item: a line without amount gives way to one that has it, and leaves its reason."""
    key = (cost.variant_id, cost.component, cost.item)
    other = wanted.get(key)
    if other is None:
        wanted[key] = cost
        return
    kept, dropped = (other, cost) if other.amount is not None else (cost, other)
    kept.note = f"{kept.note}; partly: {dropped.note}"[:512]
    wanted[key] = kept


def _save(stored: Mapping[Key, DailyCost], wanted: Mapping[Key, DailyCost]) -> None:
    fresh = [cost for key, cost in wanted.items() if key not in stored]
    moved = []
    for key, cost in wanted.items():
        before = stored.get(key)
        if before is not None and any(getattr(before, name) != getattr(cost, name) for name in _VALUES):
            cost.pk = before.pk
            moved.append(cost)
    gone = [cost.pk for key, cost in stored.items() if key not in wanted]
    DailyCost.objects.bulk_create(fresh, batch_size=2_000)
    DailyCost.objects.bulk_update(moved, [*_VALUES, "computed_at"], batch_size=500)
    if gone:
        DailyCost.objects.filter(pk__in=gone).delete()
