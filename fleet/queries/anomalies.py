"""Where to look for rises of cost, and what the mirror knows of their cause."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DateField,
    DecimalField,
    F,
    Field,
    JSONField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import TruncDate

from fleet.costs.anomalies import Rise
from fleet.costs.forecast import LOOK_BACK
from fleet.models import (
    Account,
    ChangeEvent,
    CostRise,
    DailyCost,
    Endpoint,
    HourBucket,
    PlaceRise,
    RiseCheck,
)
from fleet.queries import rise_lines
from fleet.queries.cost_scope import CostFilter
from fleet.texts import shortened
from fleet.types import Kind

CANDIDATES = 60
"""Endpoints looked at closely: those whose day cost most above the mean of the four weeks before."""
_DAY = timedelta(days=1)
_WEEKS = timedelta(days=28)
_TOLD = (
    ChangeEvent.Category.CONFIG,
    ChangeEvent.Category.CAPACITY,
    ChangeEvent.Category.SCALING,
    ChangeEvent.Category.CREATED,
)
_MORE = 1.25
"""Calls, or the time of one, that are up by a quarter explain something."""


@dataclass(frozen=True)
class Cause:
    """One thing that happened before or with a rise. operation: the code of ours that did it, "" for others."""

    text: str
    operation: str = ""
    operation_id: int | None = None


@dataclass(frozen=True)
class Risen:
    """A stored rise (fleet.models.CostRise) with the names that a page shows; operation: its code."""

    endpoint_id: int
    endpoint: str
    since: date
    is_week: bool
    actual: Decimal
    expected: Decimal
    high: Decimal
    cause: str
    causes: Sequence[tuple[str, str]]
    operation: str | None

    @property
    def excess(self) -> Decimal:
        return self.actual - self.expected


@dataclass(frozen=True)
class RisenPlace:
    """A stored rise of an account or of the fleet (fleet.models.PlaceRise); alias: the account's, None of the fleet."""

    place: str
    since: date
    is_week: bool
    actual: Decimal
    expected: Decimal
    high: Decimal
    cause: str
    parts: Mapping[str, Any]
    alias: str | None

    @property
    def excess(self) -> Decimal:
        return self.actual - self.expected


_USD = DecimalField(max_digits=20, decimal_places=6)
_COLUMNS: tuple["Field[Any, Any]", ...] = (
    BigIntegerField(), CharField(), DateField(), BooleanField(), _USD, _USD, _USD, CharField(), JSONField(),
    CharField(),
)  # fmt: skip
"""What the columns of a rise are, for the row that says that a day was looked at."""


def candidates(day: date, least_usd: float) -> list[int]:
    """Endpoints whose `day` cost at least `least_usd` above the mean of the 28 days before, the most first. One query.

    Endpoints younger than that count with what they cost: their own weeks judge them, or that they are new.
    """
    known = Q(amount__isnull=False)
    zero = DecimalField(max_digits=24, decimal_places=12)
    of_day = Sum(Case(When(day=day, then=F("amount")), default=Decimal(0), output_field=zero))
    before = Sum(Case(When(day__lt=day, then=F("amount")), default=Decimal(0), output_field=zero))
    rows = (
        DailyCost.objects.filter(known, day__gte=day - _WEEKS, day__lte=day, endpoint__closed_at=None)
        .values_list("endpoint")
        .annotate(excess=of_day - before / 28)
        .filter(excess__gte=Decimal(repr(least_usd)) / 2)
        .order_by("-excess", "endpoint")
    )
    return [pk for pk, _ in rows[:CANDIDATES]]


def histories(endpoints: Sequence[int], day: date) -> dict[int, dict[date, float]]:
    """Cost by day of each endpoint up to `day`; days without an amount are absent. One query."""
    rows = (
        DailyCost.objects.filter(
            endpoint__in=endpoints, day__gt=day - timedelta(days=LOOK_BACK + 7), day__lte=day
        )
        .values_list("endpoint", "day")
        .annotate(usd=Sum("amount"))
        .order_by("endpoint", "day")
    )
    found: dict[int, dict[date, float]] = {pk: {} for pk in endpoints}
    for pk, at, usd in rows:
        if usd is not None:
            found[pk][at] = float(usd)
    return found


def causes(rises: Mapping[int, Rise]) -> dict[int, list[Cause]]:
    """What explains each endpoint's rise, the likeliest first; [] where no change was found. Four queries.

    Somebody's change comes before a price, both before more capacity whose change was not seen, and that before more
    or longer calls, which explain what nobody did.
    """
    if not rises:
        return {}
    found: dict[int, list[Cause]] = {pk: [] for pk in rises}
    lines = {pk: [Cause(text) for text in texts] for pk, texts in rise_lines.causes(rises).items()}
    for part in (_changes(rises), lines, _traffic(rises)):
        for pk, more in part.items():
            found[pk] += more
    return found


def _changes(rises: Mapping[int, Rise]) -> dict[int, list[Cause]]:
    """Configs, capacities and scaling that changed from the day before a rise on, and endpoints that are new."""
    start = min(rise.since for rise in rises.values()) - _DAY
    end = max(rise.day for rise in rises.values()) + _DAY
    rows = ChangeEvent.objects.filter(
        endpoint__in=list(rises), category__in=_TOLD, at__gte=_midnight(start), at__lt=_midnight(end)
    ).select_related("operation")
    found: dict[int, list[Cause]] = defaultdict(list)
    seen: set[tuple[int, str]] = set()
    for event in rows.order_by("at", "id"):
        rise = rises[event.endpoint_id]
        text = f"{shortened(event.summary, 160)} on {_when(event.at)}"
        if (
            not rise.since - _DAY <= event.at.astimezone(UTC).date() <= rise.day
            or (event.endpoint_id, text) in seen
        ):
            continue
        seen.add((event.endpoint_id, text))
        operation = event.operation
        found[event.endpoint_id].append(
            Cause(f"{text}, operation {operation.code}", operation.code, operation.pk)
            if operation
            else Cause(text)
        )
    # A capacity says in plain words what the config before it only names, and what somebody did here comes first.
    return {pk: sorted(each, key=lambda cause: not cause.operation) for pk, each in found.items()}


def _traffic(rises: Mapping[int, Rise]) -> dict[int, list[Cause]]:
    """More calls, or longer ones, than on the same weekdays of the four weeks before."""
    days = {rise.day - n * timedelta(days=7) for rise in rises.values() for n in range(5)}
    at = Q()
    for day in sorted(days):
        at |= Q(at__gte=_midnight(day), at__lt=_midnight(day + _DAY))
    calls = Case(
        When(variant__endpoint__kind=Kind.ASYNCHRONOUS, then=F("processed")), default=F("invocations")
    )
    rows = (
        HourBucket.objects.filter(at, variant__endpoint__in=list(rises), variant__is_shadow=False)
        .values_list("variant__endpoint", TruncDate("at", tzinfo=UTC))
        .annotate(calls=Sum(calls), ms=Sum("model_latency_ms_sum"), timed=Sum("model_latency_count"))
        .order_by()
    )
    seen: dict[int, dict[date, tuple[float | None, float | None]]] = defaultdict(dict)
    for pk, day, number, ms, timed in rows:
        seen[pk][day] = (number, ms / timed if ms and timed else None)
    return {pk: _compared(seen[pk], rise.day) for pk, rise in rises.items() if rise.day in seen.get(pk, {})}


def _compared(by_day: Mapping[date, tuple[float | None, float | None]], day: date) -> list[Cause]:
    before = [by_day[at] for n in range(1, 5) if (at := day - n * timedelta(days=7)) in by_day]
    now, found = by_day[day], []
    for place, words in enumerate(
        ("calls rose from {:,.0f} to {:,.0f} a day", "a call took {1:,.0f} ms, not {0:,.0f}")
    ):
        usual = [value for each in before if (value := each[place]) is not None]
        value = now[place]
        if usual and value is not None and value > _MORE * median(usual):
            found.append(Cause(words.format(median(usual), value)))
    return found


def of_day(where: CostFilter, day: date) -> list[CostRise]:
    """The rises that held on a day, the dearest first. One query."""
    excess = F("actual") - F("expected")
    rows = CostRise.objects.filter(where.q(), day=day).select_related("endpoint__shard__account")
    return list(rows.annotate(excess=excess).order_by("-excess", "pk"))


@dataclass(frozen=True)
class Found:
    """The rises that held on a day, the dearest first; is_checked: whether they were looked for."""

    endpoints: Sequence[Risen]
    places: Sequence[RisenPlace]
    is_checked: bool


def looked_up(where: CostFilter, day: date) -> Found:
    """What rose on a day: endpoints of the filter, and the whole accounts in it, or the fleet. One query."""
    names = ("endpoint__name", "since", "is_week", "actual", "expected", "high", "cause", "causes")
    found = CostRise.objects.filter(where.q(), day=day).order_by()
    rises = found.values_list("endpoint_id", *names, "operation__code")
    check = RiseCheck.objects.filter(day=day).order_by()
    nothing = {f"no_{n}": Value(None, output_field=rise) for n, rise in enumerate(_COLUMNS)}
    of_places = PlaceRise.objects.filter(_of_places(where), day=day).order_by()
    alias = Account.objects.filter(account_id=OuterRef("place")).values("alias")
    fields = ("since", "is_week", "actual", "expected", "high", "cause", "parts")
    places = of_places.annotate(no_0=nothing["no_0"], alias=Subquery(alias)).values_list(
        "no_0", "place", *fields, "alias"
    )
    rows = list(rises.union(places, check.annotate(**nothing).values_list(*nothing), all=True))
    risen = [Risen(*row) for row in rows if row[0] is not None]
    risen_places = [RisenPlace(*row[1:]) for row in rows if row[0] is None and row[1] is not None]
    return Found(
        sorted(risen, key=lambda rise: (-rise.excess, rise.endpoint_id)),
        sorted(risen_places, key=lambda rise: (-rise.excess, rise.place)),
        bool(rows),
    )


def _of_places(where: CostFilter) -> Q:
    """Condition on PlaceRise: an account rises as a whole, so a filter that takes a part of it shows none."""
    if not where.is_of_places or where.kinds or where.scope.regions:
        return Q(pk=None)
    return Q(place__in=where.scope.accounts) if where.scope.accounts else Q()


def made_on(endpoints: Iterable[int]) -> dict[int, date]:
    """The UTC day on which each endpoint was created. One query."""
    rows = Endpoint.objects.filter(pk__in=list(endpoints)).values_list("pk", "created_at")
    return {pk: at.astimezone(UTC).date() for pk, at in rows}


def without_cost(endpoints: Iterable[int], day: date) -> set[int]:
    """Those of the endpoints whose cost of the day is not known. One query."""
    known = DailyCost.objects.filter(endpoint__in=list(endpoints), day=day, amount__isnull=False)
    return set(endpoints) - set(known.values_list("endpoint", flat=True))


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%a %-d %b, %H:%M} UTC"


def _day(day: date) -> str:
    return f"{day:%a %-d %b}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
