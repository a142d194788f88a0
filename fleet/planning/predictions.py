"""What was forecast of a planned change, kept when it is planned, and held against what came after it."""

from datetime import datetime, timedelta

from django.db.models import Q

from fleet.analysis.planner import checks
from fleet.analysis.planner.interval import Range
from fleet.analysis.planner.options import Option
from fleet.analysis.planner.rows import observe
from fleet.models import Operation, PlannedForecast, Prediction, PredictionCheck, VariantStatus
from fleet.operations.kinds import OperationKind
from fleet.planning import forecasts
from fleet.planning.plans import Plan
from fleet.queries import planning as queries

DAYS = (1, 7, 14)
"""After so many days a prediction is compared."""
SETTLING = timedelta(minutes=15)
"""Set-ups right after a change are of the change."""
READ_AFTER = timedelta(hours=4)
"""So long after the end of its time every minute was read, late ones too."""
WAITS = timedelta(hours=12)
"""For minutes that were not read yet; the oldest of fourteen days go soon after."""
AT_ONCE = 50
_NEVER_APPLIED = tuple(state for state in Operation.ENDED if state != Operation.State.SUCCEEDED)


def keep(operation: Operation, *, now: datetime) -> Prediction | None:
    """Keep what the newest forecast says of the capacity an operation brings; None where it says nothing of it.

    The same operation always keeps the same prediction.
    """
    first = Prediction.objects.filter(operation=operation).first()
    if first is not None:
        return first
    row = (
        PlannedForecast.objects.filter(
            variant__endpoint=operation.endpoint_id,
            variant__name=operation.variant_name,
            variant__removed_at=None,
        )
        .exclude(computed_at=None)
        .select_related("variant")
        .first()
    )
    held = forecasts.plan_of(row) if row is not None else None
    if row is None or held is None or row.window_start is None or row.window_end is None:
        return None
    found = _option(operation, held, row.variant)
    if found is None:
        return None
    option, low, high = found
    prediction, _ = Prediction.objects.get_or_create(
        operation=operation,
        defaults={
            "variant": row.variant, "made_at": now, "option": option.name, "standing": option.standing,
            "level_low": low, "level_high": high, "window_start": row.window_start, "window_end": row.window_end,
            "calls": option.calls, "cold": option.cold.likely, "cold_low": option.cold.low,
            "cold_high": option.cold.high, "usd": option.usd, "next_days": DAYS[0],
        },
    )  # fmt: skip
    return prediction


def _option(operation: Operation, held: Plan, variant: VariantStatus) -> tuple[Option, int, int] | None:
    """The option that the operation makes live, with its lowest and highest level; None where none was forecast."""
    wanted = operation.parameters
    if operation.kind == OperationKind.CHANGE_SCHEDULE:
        for one in held.options:
            moving = held.moving(one)
            if moving is not None and all(
                _plain(wanted.get(name, "")) == value for name, value in moving.fields.items()
            ):
                return one, moving.least, moving.most
        return None
    if operation.kind != OperationKind.CHANGE_CONCURRENCY:
        return None
    # Under a lower limit calls are refused that the forecast served.
    if int(wanted["max_concurrency"]) < (variant.max_concurrency or 0):
        return None
    level = int(wanted["provisioned_concurrency"] or 0)
    option = held.of_level(level)
    return (option, level, level) if option is not None else None


def _plain(typed: str) -> str:
    """A field as a forecast has it: a browser ends the lines of a text in its own way."""
    return "\n".join(typed.splitlines())


def due(now: datetime) -> list[int]:
    """Predictions whose next comparison has come, and those whose change never came about. One query."""
    ready = Q()
    for days in DAYS:
        ended = now - timedelta(days=days) - READ_AFTER - SETTLING
        ready |= Q(next_days=days, operation__finished_at__lte=ended)
    over = Q(next_days__isnull=False, operation__state__in=_NEVER_APPLIED)
    found = Prediction.objects.filter((ready & Q(operation__state=Operation.State.SUCCEEDED)) | over)
    return list(found.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])


def compare(pk: int, *, now: datetime) -> PredictionCheck | None:
    """Hold one prediction against what happened, once per day of DAYS.

    None where the change never came about, or the minutes were not read yet.
    """
    prediction = Prediction.objects.select_related("operation", "variant__endpoint").get(pk=pk)
    days, operation = prediction.next_days, prediction.operation
    if days is None:
        return None
    if operation.state != Operation.State.SUCCEEDED or operation.finished_at is None:
        if operation.state in _NEVER_APPLIED:
            Prediction.objects.filter(pk=pk).update(next_days=None)
        return None
    start = _next_minute(operation.finished_at + SETTLING)
    end = start + timedelta(days=days)
    until = prediction.variant.metrics_until
    if (until is None or until < end) and now < end + READ_AFTER + WAITS:
        return None
    found = _compared(prediction, start, end)
    check, _ = PredictionCheck.objects.get_or_create(
        prediction=prediction, days=days, defaults={"start": start, "end": end, "checked_at": now, **found}
    )
    later = next((each for each in DAYS if each > days), None)
    Prediction.objects.filter(pk=pk, next_days=days).update(next_days=later)
    return check


def _compared(prediction: Prediction, start: datetime, end: datetime) -> dict[str, object]:
    """The fields of the check that say how it came out."""
    said = checks.Prediction(
        Range(prediction.cold, prediction.cold_low, prediction.cold_high),
        prediction.calls,
        (prediction.level_low, prediction.level_high),
    )
    seen = queries.stretch(prediction.variant, start, end)
    really = observe(seen.rows, seen.capacities, start, end, publishes_setups=seen.publishes_setups)
    found = checks.check(said, really)
    outcome, sentence = found.outcome, found.sentence
    if prediction.variant.metrics_until is None or prediction.variant.metrics_until < end:
        outcome, sentence = checks.Outcome.UNKNOWN, "CloudWatch was not read to the end of this time."
    return {
        "outcome": outcome, "sentence": sentence, "expected": found.expected.likely, "low": found.expected.low,
        "high": found.expected.high, "expected_calls": found.calls_expected, "seen": found.seen, "calls": found.calls,
    }  # fmt: skip


def _next_minute(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)
