"""What advice really saved: changes that carried one out, and what the endpoint cost afterwards."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from fleet.costs.periods import exact
from fleet.costs.realised import Stretch, realised
from fleet.models import Advice, DailyCost, Operation, Saving, SavingLook, UsePeriod
from fleet.queries.cost_cover import DAY
from fleet.types import CostComponent

LOOKS = (7, 30)
"""Whole UTC days before and after the day of the change."""
GRACE = timedelta(days=1)
"""The costs of a day are complete a day later."""
FOLLOWED_FOR = timedelta(days=31)
_CANDIDATES = Q(state=Operation.State.SUCCEEDED, saving=None, finished_at__isnull=False)


def follow(now: datetime) -> int:
    """Find changes that were done and carried out an advice; keep what it promised and call it done. How many."""
    operations = Operation.objects.filter(_CANDIDATES, finished_at__gte=now - FOLLOWED_FOR).select_related(
        "endpoint"
    )
    proposed = Advice.objects.filter(endpoint__in=operations.values("endpoint")).exclude(operation_kind="")
    by_endpoint: dict[int, list[Advice]] = defaultdict(list)
    for each in proposed:
        by_endpoint[each.endpoint_id].append(each)
    found = 0
    for operation in operations:
        advice = next(
            (each for each in by_endpoint[operation.endpoint_id] if carries_out(operation, each)), None
        )
        if advice is not None:
            _keep(operation, advice)
            found += 1
    return found


def carries_out(operation: Operation, advice: Advice) -> bool:
    """Whether a change is the one that an advice proposed, by the values of its form, while the advice held."""
    if operation.kind != advice.operation_kind or operation.planned_at < advice.first_seen_at:
        return False
    if advice.gone_at is not None and operation.planned_at > advice.gone_at:
        return False
    done, wanted = operation.parameters, advice.operation_fields
    same = [_text(done[name]) == _text(value) for name, value in wanted.items() if name in done]
    return bool(same) and all(same)


def look(now: datetime) -> int:
    """Work out what changes saved whose days are over by now; how many looks were kept."""
    kept = 0
    for days in LOOKS:
        last = now - timedelta(days=days + 1) - GRACE
        looked = SavingLook.objects.filter(saving=OuterRef("pk"), days=days)
        due = Saving.objects.filter(~Exists(looked), done_at__lt=last).select_related("operation")
        for saving in due.order_by("pk"):
            kept += _look(saving, days, now)
    return kept


def _keep(operation: Operation, advice: Advice) -> None:
    assert operation.finished_at is not None
    with transaction.atomic():
        Saving.objects.create(
            operation=operation,
            advice=advice,
            rule=advice.rule,
            version=advice.version,
            title=advice.title,
            expected_low=advice.saving_low,
            expected_high=advice.saving_high,
            done_at=operation.finished_at,
        )
        Advice.objects.filter(pk=advice.pk).exclude(state=Advice.State.DISMISSED).update(
            state=Advice.State.DONE
        )


def _look(saving: Saving, days: int, now: datetime) -> int:
    day = saving.done_at.astimezone(UTC).date()
    endpoint = saving.operation.endpoint_id
    before = stretch(endpoint, day - timedelta(days=days), days)
    found = realised(before, stretch(endpoint, day + timedelta(days=1), days))
    SavingLook.objects.update_or_create(
        saving=saving,
        days=days,
        defaults={
            "looked_at": now, "before": found.before, "without": found.without, "after": found.after,
            "times": found.times, "why_unknown": found.why_unknown,
        },
    )  # fmt: skip
    return 1


def stretch(endpoint: int, first: date, days: int) -> Stretch:
    """What an endpoint cost and did on `days` UTC days from `first` on. Two queries."""
    span = [first + timedelta(days=n) for n in range(days)]
    lines = DailyCost.objects.filter(endpoint=endpoint, day__gte=span[0], day__lte=span[-1])
    usd, missing = _costs(lines.values_list("day", "component", "item", "amount"), span)
    calls = UsePeriod.objects.filter(
        endpoint=endpoint, grain=DAY, first__gte=span[0], first__lte=span[-1], calls__isnull=False
    ).values_list("calls", flat=True)
    known = [exact(each) for each in calls if each is not None]
    return Stretch(days, usd, sum(known, Decimal(0)) if known else None, missing)


def _costs(
    lines: Iterable[tuple[date, str, str, Decimal | None]], span: Sequence[date]
) -> tuple[Mapping[CostComponent, Decimal] | None, str]:
    usd: dict[CostComponent, Decimal] = defaultdict(Decimal)
    days: set[date] = set()
    for day, component, item, amount in lines:
        part = CostComponent(component)
        if amount is None and part is not CostComponent.STORAGE:
            return None, f"{day:%-d %b} has no amount for {item or part.value}"
        days.add(day)
        usd[part] += amount or Decimal(0)
    left = [day for day in span if day not in days]
    if left:
        return None, f"{left[0]:%-d %b} has no cost line"
    return usd, ""


def _text(value: Any) -> str:
    return "" if value is None else str(value)
