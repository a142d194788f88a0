"""What the chart of the Costs page draws: bars by day, week or month, stacked by kind, component or group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from dashboards.costs.wanted import Wanted
from dashboards.status import COMPONENT_LABELS, KIND_LABELS
from fleet.queries import cost_cube, cost_places, costs
from fleet.queries.cost_cover import DAY, MONTH, WEEK, Bucket, buckets, grain_of
from fleet.queries.cost_cube import Plan
from fleet.queries.cost_scope import GroupBy, Grouping
from fleet.queries.costs import in_order
from fleet.queries.rolled import Freshness, place_q

OTHER = "other"
GRAIN_WORDS = {DAY: "UTC day", WEEK: "week from Monday", MONTH: "month"}
_FIXED = {GroupBy.KIND: KIND_LABELS, GroupBy.COMPONENT: COMPONENT_LABELS}


@dataclass(frozen=True)
class Layer:
    """One colour of the stack: its class of a dot, its token, and its amounts aligned with the bars."""

    dot: str
    tint: str
    label: str
    values: Sequence[Decimal | None]


@dataclass(frozen=True)
class Drawing:
    """Bars and layers, bottom first."""

    grain: str
    bars: Sequence[Bucket]
    layers: Sequence[Layer]

    @property
    def days(self) -> list[date]:
        return [bar.first for bar in self.bars]

    @property
    def highest(self) -> Decimal:
        """The tallest bar."""
        return max(
            (
                sum((layer.values[n] or Decimal(0) for layer in self.layers), Decimal(0))
                for n in range(len(self.bars))
            ),
            default=Decimal(0),
        )

    @property
    def is_empty(self) -> bool:
        return all(value is None for layer in self.layers for value in layer.values)


def grouping_of(wanted: Wanted) -> Grouping:
    """What the stack is by."""
    return wanted.grouping if wanted.stack == "group" else Grouping(GroupBy(wanted.stack))


def words_of(by: Grouping) -> str:
    """What a stack is by, in words."""
    return by.tag or by.by.value.replace("-", " ")


def has_fixed_layers(wanted: Wanted) -> bool:
    """Whether the stack is by kind or component, which have their colours and order."""
    return grouping_of(wanted).by in _FIXED


def read(
    wanted: Wanted,
    fresh: Freshness,
    planned: Plan,
    today: date,
    labels: Mapping[str, str],
    has_others: bool,
) -> Drawing:
    """Read the chart. labels: the dearest groups by key, for a stack by the table's own groups. At most five queries.

    has_others: whether there are more groups, as far as anybody knows; what is drawn is right all the same.
    """
    by, bars = grouping_of(wanted), buckets(wanted.span)
    if by.by in _FIXED:
        sums = _fixed(wanted, by.by, planned, fresh, today)
        layers = [
            Layer(
                key,
                f"{'kind' if by.by is GroupBy.KIND else 'cost'}-{key}",
                _FIXED[by.by].get(key, key),
                sums[key],
            )
            for key in in_order(sums)
        ]
    else:
        found = _groups(wanted, by, planned, fresh, today, list(labels), has_others)
        layers = [
            Layer(f"series-{n}", f"series-{n}", label, found[key])
            for n, (key, label) in enumerate(labels.items(), start=1)
            if key in found
        ]
        if None in found:
            layers.append(Layer("series-other", "series-other", "All others", found[None]))
    return Drawing(grain_of(wanted.span), bars, layers)


def _fixed(
    wanted: Wanted, by: GroupBy, planned: Plan, fresh: Freshness, today: date
) -> dict[str, list[Decimal | None]]:
    """Kinds and components have their own colours and are never too many; days of whole places are at hand."""
    where = wanted.where
    grain = grain_of(wanted.span)
    if _is_of_places(wanted, fresh, today):
        sums = cost_places.stacked(where, wanted.span, grain, by)
        firsts = [bar.first for bar in buckets(wanted.span)]
        return {key: [sums[key].get(first) for first in firsts] for key in sums}
    if planned.kept or grain != DAY:
        found = cost_cube.series(where, Grouping(by), planned, list(_FIXED[by]))
        return {key or OTHER: values for key, values in found.items()}
    of = costs.kind_of if by is GroupBy.KIND else costs.component_of
    return costs.stacked(costs.days(where, wanted.span), of, list(wanted.span.days))


def _is_of_places(wanted: Wanted, fresh: Freshness, today: date) -> bool:
    """Whether the sums of days by place are those of the page."""
    is_of_places = wanted.where.is_of_places and place_q(wanted.where.scope) is not None
    return is_of_places and fresh.has_costs(today)


def _groups(
    wanted: Wanted,
    by: Grouping,
    planned: Plan,
    fresh: Freshness,
    today: date,
    keys: list[str],
    has_others: bool,
) -> dict[str | None, list[Decimal | None]]:
    """The table's own groups; whole days of all, and of accounts and regions, are taken from the days by place."""
    where, whole = wanted.where, None
    totals: Sequence[Decimal | None] = ()
    has_whole = planned.compared and (planned.kept or planned.draws_differences)
    if has_whole and _is_of_places(wanted, fresh, today):
        whole = cost_places.bars(where, by.by, planned, keys)
        if has_others:
            totals = _totals(wanted, planned)
    return cost_cube.series(where, by, planned, keys, totals, whole)


def _totals(wanted: Wanted, planned: Plan) -> Sequence[Decimal | None]:
    """What the whole days of each bar cost. One query."""
    assert planned.compared
    sums = cost_places.totals(wanted.where, planned.compared, grain_of(wanted.span))
    return [sums.get(bar.first) for bar in buckets(wanted.span)]


def bar_words(drawing: Drawing, bar: Bucket) -> str:
    """ "Sat 21 Nov", "week of 16 Nov", "Nov 2026", with the days that are in it when the span cuts it."""
    first, last = bar.span.first, bar.span.last
    if drawing.grain == DAY:
        return f"{first:%a} {first.day} {first:%b}"
    words = f"Week of {bar.first.day} {bar.first:%b}" if drawing.grain == WEEK else f"{bar.first:%b %Y}"
    whole = (bar.first + timedelta(days=6)) if drawing.grain == WEEK else None
    is_cut = bar.first != first or (whole is not None and last != whole)
    if drawing.grain == MONTH:
        is_cut = bar.first != first or (last + timedelta(days=1)).day != 1
    return f"{words} ({first.day} {first:%b} – {last.day} {last:%b})" if is_cut else words
