"""What the lines of a cost say about its rise: dearer items, more instances, more kept warm."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from fleet.costs.anomalies import Rise
from fleet.models import DailyCost
from fleet.types import CostComponent

_DAY = timedelta(days=1)
_MORE = Decimal("1.25")
"""Capacity that is up by a quarter explains something."""
_HELD: dict[str, tuple[Decimal, str]] = {
    CostComponent.INSTANCE_TIME: (Decimal(24), "{} instances"),
    CostComponent.KEPT_WARM: (Decimal(86400), "units kept warm"),
}
"""Components that are paid for as long as they are held: their quantity a day of one, and how they are called."""
_Line = tuple[int, str, str, date, Decimal | None, Decimal | None]


def causes(rises: Mapping[int, Rise]) -> dict[int, list[str]]:
    """Sentences by endpoint: prices that rose, then capacity that did, whoever raised it. One query."""
    start = min(rise.since for rise in rises.values()) - 2 * _DAY
    end = max(rise.day for rise in rises.values())
    rows = DailyCost.objects.filter(endpoint__in=list(rises), day__gte=start, day__lte=end)
    lines = list(rows.values_list("endpoint", "component", "item", "day", "usd_per_unit", "quantity"))
    prices, held = _prices(rises, lines), _held(rises, lines)
    return {pk: prices[pk] + held[pk] for pk in rises}


def has_new_lines_since(at: datetime, day: date) -> bool:
    """Whether `day` or the weeks before it were priced after `at`; two days stand for the weeks. One query.

    History is priced from its oldest day on, so `day` itself may come last. Complete, it hardly changes any more.
    """
    days = [day, day - 8 * _DAY, day - 27 * _DAY]
    return DailyCost.objects.filter(day__in=days, computed_at__gt=at).exists()


def _prices(rises: Mapping[int, Rise], lines: Sequence[_Line]) -> dict[int, list[str]]:
    """Items that cost more a unit since the rise than on the day before it."""
    prices: dict[tuple[int, str, str], dict[date, Decimal]] = defaultdict(dict)
    for pk, component, item, day, usd, _ in lines:
        if usd is not None:
            prices[pk, component, item][day] = usd
    found: dict[int, list[str]] = defaultdict(list)
    for (pk, _component, item), by_day in sorted(prices.items()):
        since = rises[pk].since
        before, after = by_day.get(since - _DAY), by_day.get(since)
        if before and after and after > before:
            words = f"the price of {item} rose from ${before.normalize():f} to ${after.normalize():f}"
            found[pk].append(f"{words} on {since:%a %-d %b}")
    return found


def _held(rises: Mapping[int, Rise], lines: Sequence[_Line]) -> dict[int, list[str]]:
    """What was held more of on the rise's last day than before it began; means of the day.

    Of the two days before the lower one counts: the later may have seen the last hours of the new level already.
    """
    held: dict[tuple[int, str, str], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for pk, component, item, day, _, quantity in lines:
        if component in _HELD and quantity is not None:
            held[pk, component, item][day] += quantity / _HELD[component][0]
    found: dict[int, list[str]] = defaultdict(list)
    for (pk, component, item), by_day in sorted(held.items()):
        since, day = rises[pk].since, rises[pk].day
        before = min(filter(None, (by_day.get(since - n * _DAY) for n in (1, 2))), default=None)
        after = by_day.get(day)
        if before and after and after > _MORE * before:
            what = _HELD[component][1].format(item)
            found[pk].append(f"{what} rose from {_level(before)} to {_level(after)} since {since:%a %-d %b}")
    return found


def _level(value: Decimal) -> str:
    return f"{round(float(value), 1):g}"
