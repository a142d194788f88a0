"""Rows of the planner's table, the panel of the way that was chosen, and the cost lines behind both."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dashboards import wording
from dashboards.planner import words
from dashboards.status import COMPONENT_LABELS, CONFIDENCE_LABELS
from dashboards.tables import Column, PlainTable
from fleet.analysis.planner.choices import Choice, Judged
from fleet.analysis.planner.interval import FEW, Range, Standing
from fleet.analysis.planner.options import Option, OptionKind, avoided
from fleet.planning.plans import Plan
from fleet.types import ServerlessCapacity


@dataclass(frozen=True)
class Row:
    """One way to run the variant, in words. each: the price of an avoided cold start against the cheaper way.

    cold, spilled, p99: a figure and its range. broken: by how much it misses the first limit that it does not keep.
    """

    name: str
    cold: tuple[str, str]
    share: Range | None
    spilled: tuple[str, str]
    p99: tuple[str, str]
    usd: Decimal | None
    each: str
    standing: str
    is_weak: bool
    reasons: Sequence[str]
    broken: str
    is_today: bool
    is_chosen: bool
    is_on_curve: bool
    form_url: str


@dataclass(frozen=True)
class Panel:
    """What choosing a way changes against today. usd_more None: a price is missing; avoided "": no clear difference."""

    name: str
    is_today: bool
    facts: Sequence[tuple[str, str]]
    usd_more: Decimal | None
    avoided: str
    form_url: str
    usd_each: Decimal | None
    is_first_of_two: bool


def shown(choice: Choice) -> list[Judged]:
    """What the table has: every level and schedule, and of policies, which have their own table, those that matter."""
    return [
        one
        for one in choice.judged
        if one.option.kind is not OptionKind.TRACKING or one.is_on_curve or one.option == choice.option
    ]


def row(judged: Judged, held: Plan, pk: int, live: ServerlessCapacity, chosen: Option | None) -> Row:
    """A row of the table. Few calls a month give no share that means anything."""
    option = judged.option
    return Row(
        name=words.name(option),
        cold=words.parts(option.cold),
        share=option.cold_share if option.cold.high >= FEW or option.cold.low == option.cold.high else None,
        spilled=words.spilled(option),
        p99=words.latency_parts(option.p99_ms),
        usd=option.usd,
        each=words.each(judged.against_below, judged.is_worth_it),
        standing=words.STANDINGS[option.standing],
        is_weak=option.standing is Standing.WEAK,
        reasons=option.reasons,
        broken=judged.broken[0].partition(", asked")[0] if judged.broken else "",
        is_today=option.is_today,
        is_chosen=chosen is not None and option == chosen,
        is_on_curve=judged.is_on_curve,
        form_url=words.form_url(option, held, pk, live),
    )


def panel(option: Option, held: Plan, pk: int, live: ServerlessCapacity) -> Panel:
    """The way beside the form: before and after."""
    today = held.today
    found = avoided(option, today) if today is not None and option != today else None
    facts = []
    if today is not None:
        facts = [
            ("Cold starts a month", f"{words.figure(today.cold)} → {words.figure(option.cold)}"),
            ("Latency p99", f"{words.latency(today.p99_ms)} → {words.latency(option.p99_ms)}"),
            ("Cost a month", f"{wording.usd(today.usd)} → {wording.usd(option.usd)}"),
        ]
    return Panel(
        name=words.name(option),
        is_today=option.is_today,
        facts=facts,
        usd_more=found.usd if found is not None else None,
        avoided=wording.count(float(f"{found.cold:.2g}")) if found is not None and found.is_clear else "",
        form_url=words.form_url(option, held, pk, live),
        usd_each=found.usd_each if found is not None else None,
        is_first_of_two=words.is_first_of_two(option, held, live),
    )


def priced(held: Plan, chosen: Option | None) -> list[Option]:
    """Whose cost lines are shown: today's and the chosen way's."""
    both = [one for one in (held.today, chosen) if one is not None]
    return [one for n, one in enumerate(both) if one not in both[:n] and held.lines.get(one.name)]


def lines(option: Option, held: Plan) -> PlainTable:
    """The cost of a way, line by line: quantity × price − discount, a month of 730 hours."""
    columns = [
        Column("Part"),
        Column("Quantity", is_number=True),
        Column("Price, $", is_number=True),
        Column("A month, $", is_number=True),
        Column("How sure"),
        Column("Price from"),
    ]
    found = [
        (
            COMPONENT_LABELS.get(line.component, line.component),
            wording.UNKNOWN if line.quantity is None else f"{wording.amount(line.quantity, 0)} {line.unit}",
            wording.UNKNOWN if line.usd_per_unit is None else f"{line.usd_per_unit.normalize():f}",
            wording.amount(line.amount),
            CONFIDENCE_LABELS[line.confidence],
            line.price_source or wording.UNKNOWN,
        )
        for line in held.lines[option.name]
    ]
    return PlainTable(f"Cost of {words.name(option).lower()}", columns, found, "No price is known for it")
