"""What the containers or inference components of an endpoint cost: its own cost of some days, shared out exactly."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.db.models import Max, Q, QuerySet, Sum

from fleet.costs import sharing
from fleet.costs.accelerators import ACCELERATORS
from fleet.costs.periods import Window
from fleet.costs.sharing import Basis, Holding, Room, Split
from fleet.models import ComponentPeriod, DailyCost, PartHour
from fleet.queries import instance_sizes
from fleet.queries.cost_scope import Span, Sums
from fleet.types import Confidence, CostComponent


@dataclass(frozen=True)
class Shares:
    """An endpoint's cost over whole UTC days, shared out. sums: what was shared, and how many lines had no amount."""

    split: Split
    sums: Sums

    def share(self, name: str) -> Decimal | None:
        """The part's share of the whole, 0 to 1; None where either is not known or nothing was spent."""
        part = self.split.parts.get(name)
        return None if part is None or not self.sums.amount else part / self.sums.amount

    @property
    def unallocated_share(self) -> Decimal | None:
        return self.split.unallocated / self.sums.amount if self.sums.amount else None


@dataclass(frozen=True)
class _Day:
    """One variant on one UTC day: what it cost, on what it ran most, for how many instance-hours, until when."""

    variant_id: int
    window: Window
    amount: Decimal
    instance_type: str
    instance_hours: Decimal


def containers(endpoint_id: int, names: Sequence[str], span: Span, basis: Basis) -> Shares:
    """Cost of an endpoint by container name: by their calls, or evenly. Two queries."""
    rows = DailyCost.objects.filter(span.q, endpoint=endpoint_id)
    return _by_use(rows, PartHour.Of.CONTAINER, names, span, basis)


def components(endpoint_id: int, names: Sequence[str], span: Span, basis: Basis) -> Shares:
    """Cost of an endpoint by inference component: by what their copies reserved over time, by calls, or evenly.

    names: the components of today; those that held something in the span are shown too. At most four queries.
    """
    rows = DailyCost.objects.filter(span.q, endpoint=endpoint_id)
    if basis is not Basis.RESERVED:
        return _by_use(rows, PartHour.Of.COMPONENT, names, span, basis)
    periods = _periods(endpoint_id, span)
    splits = [
        sharing.by_reservation(
            day.amount,
            day.instance_hours,
            sharing.held_hours(_holdings(periods.get(day.variant_id, ()), day.instance_type), day.window),
        )
        for day in _days(rows)
    ]
    named = Split(basis, dict.fromkeys(names))
    return Shares(sharing.merged([named, *splits], basis), _sums(rows))


def _by_use(rows: QuerySet[DailyCost], of: str, names: Sequence[str], span: Span, basis: Basis) -> Shares:
    sums = _sums(rows)
    amount = sums.amount or Decimal(0)
    if basis is Basis.EVENLY:
        return Shares(sharing.evenly(amount, names), sums)
    hours = PartHour.objects.filter(of=of, at__gte=span.start, at__lt=span.end, name__in=names)
    endpoint = rows.values("endpoint").order_by()[:1]
    called = dict(
        hours.filter(variant__endpoint__in=endpoint)
        .order_by()
        .values_list("name")
        .annotate(calls=Sum("invocations"))
    )
    calls = {name: Decimal(repr(called[name])) if called.get(name) is not None else None for name in names}
    return Shares(sharing.by_calls(amount, calls), sums)


def _sums(rows: QuerySet[DailyCost]) -> Sums:
    found = rows.aggregate(amount=Sum("amount"))
    missing = rows.filter(amount=None).values_list("confidence", flat=True)
    words = list(missing)
    return Sums(found["amount"], words.count(Confidence.UNPRICED), words.count(Confidence.NO_DATA))


def _days(rows: QuerySet[DailyCost]) -> list[_Day]:
    on_instances = Q(component=CostComponent.INSTANCE_TIME)
    found: dict[tuple[int, date], _Day] = {}
    hours: dict[tuple[int, date], dict[str, Decimal]] = defaultdict(dict)
    for variant_id, day, item, quantity in rows.filter(on_instances).values_list(
        "variant_id", "day", "item", "quantity"
    ):
        hours[variant_id, day][item] = quantity or Decimal(0)
    sums = rows.order_by().values_list("variant_id", "day").annotate(a=Sum("amount"), until=Max("data_until"))
    for variant_id, day, amount, until in sums:
        types = hours.get((variant_id, day), {})
        main = max(types, key=lambda name: (types[name], name)) if types else ""
        start = datetime.combine(day, time(), UTC)
        found[variant_id, day] = _Day(
            variant_id,
            Window(start, max(start, until)),
            amount or Decimal(0),
            main,
            sum(types.values(), Decimal(0)),
        )
    return list(found.values())


def _periods(endpoint_id: int, span: Span) -> Mapping[int, list[ComponentPeriod]]:
    """Periods that touch the span by variant id."""
    rows = (
        ComponentPeriod.objects.filter(component__endpoint=endpoint_id, start__lt=span.end)
        .exclude(end__lte=span.start)
        .select_related("component")
    )
    variants = dict(
        DailyCost.objects.filter(span.q, endpoint=endpoint_id)
        .order_by()
        .values_list("variant__name", "variant_id")
        .distinct()
    )
    found: dict[int, list[ComponentPeriod]] = defaultdict(list)
    for period in rows:
        variant_id = variants.get(period.component.variant_name)
        if variant_id is not None:
            found[variant_id].append(period)
    return found


def _holdings(periods: Sequence[ComponentPeriod], instance_type: str) -> list[Holding]:
    whole = _room(instance_type)
    forever = datetime.max.replace(tzinfo=UTC)
    return [
        Holding(
            period.component.name,
            Window(period.start, max(period.start, period.end or forever)),
            period.copies,
            _part(period, whole),
        )
        for period in periods
    ]


def _part(period: ComponentPeriod, whole: Room) -> Decimal | None:
    base = (period.component.document.get("Specification") or {}).get("BaseInferenceComponentName")
    if base:
        # An adapter runs inside the copies of its base and reserves nothing of its own.
        return Decimal(0)
    mine = Room(_exact(period.accelerators), _exact(period.cpu_cores), _exact(period.memory_mb))
    return mine.part_of(whole)


def _exact(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))


def _room(instance_type: str) -> Room:
    return Room(
        _exact(ACCELERATORS.get(instance_type)),
        _exact(instance_sizes.vcpus(instance_type)),
        _exact(instance_sizes.memory_mib(instance_type)),
    )
