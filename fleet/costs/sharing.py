"""Sharing out what a variant costs among its containers or inference components. AWS bills the instances alone.

Every split is exact: its parts and what is left unallocated add up to the amount that was shared out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from fleet.costs.lines import add
from fleet.costs.periods import Window

QUANTUM = Decimal("0.000000000001")
"""Resolution of a part, USD: that of a stored amount."""

CROWDED_NOTE = "reservations add up to more than the instances ran: shared in proportion"
NO_CALLS_NOTE = "no calls were reported: shared evenly"
UNKNOWN_PART_NOTE = "what {} reserves is not known: its part is in the unallocated one"


class Basis(StrEnum):
    """By what a cost is shared out; the value stands in the URL."""

    RESERVED = "reserved"
    CALLS = "calls"
    EVENLY = "evenly"


@dataclass(frozen=True)
class Room:
    """What one instance has, or what one copy of a component reserves of it; None = not known, or not reserved."""

    accelerators: Decimal | None = None
    vcpus: Decimal | None = None
    memory_mb: Decimal | None = None

    def part_of(self, whole: "Room") -> Decimal | None:
        """The largest of the parts (0 to 1) of accelerators, vCPUs and memory that this takes of `whole`.

        None when no dimension is known of both. The largest one counts because it is what nobody else can have.
        """
        pairs = (
            (self.accelerators, whole.accelerators),
            (self.vcpus, whole.vcpus),
            (self.memory_mb, whole.memory_mb),
        )
        parts = [mine / all_ for mine, all_ in pairs if mine is not None and all_]
        return min(max(parts), Decimal(1)) if parts else None


@dataclass(frozen=True)
class Holding:
    """A stretch in which a component had `copies` copies, each taking `part` (0 to 1) of an instance; None unknown."""

    name: str
    window: Window
    copies: int | None
    part: Decimal | None


@dataclass(frozen=True)
class Split:
    """An amount shared out, USD: parts by name (None = not known), what nobody holds, and what is to be said."""

    basis: Basis
    parts: Mapping[str, Decimal | None] = field(default_factory=dict)
    unallocated: Decimal = Decimal(0)
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """What was shared out."""
        return (add(self.parts.values()) or Decimal(0)) + self.unallocated


def held_hours(holdings: Iterable[Holding], window: Window) -> dict[str, Decimal | None]:
    """Instance-hours that each component held inside `window`; None when a stretch of it is not known."""
    found: dict[str, Decimal | None] = {}
    for each in holdings:
        inside = window.clip(each.window)
        if inside is None:
            continue
        before = found.get(each.name, Decimal(0))
        known = each.copies is not None and each.part is not None
        hours = each.copies * each.part * inside.hours if known else None  # type: ignore[operator]
        found[each.name] = None if before is None or hours is None else before + hours
    return found


def by_reservation(amount: Decimal, instance_hours: Decimal, held: Mapping[str, Decimal | None]) -> Split:
    """Share `amount` by the instance-hours each component held of those that ran; the empty rest is unallocated.

    instance_hours, held: of the same window. Components that held more than ran, because theirs do not fit beside each
    other or because a change was noticed late, share all of it in proportion.
    """
    known = {name: hours for name, hours in held.items() if hours is not None}
    taken = sum(known.values(), Decimal(0))
    notes = [UNKNOWN_PART_NOTE.format(name) for name in sorted(held) if held[name] is None]
    is_crowded = bool(taken) and taken >= instance_hours
    if is_crowded and taken > instance_hours:
        notes.append(CROWDED_NOTE)
    parts = _proportional(
        amount, known, max(taken, instance_hours), is_whole=is_crowded and len(known) == len(held)
    )
    left = amount - sum(parts.values(), Decimal(0))
    return Split(Basis.RESERVED, {name: parts.get(name) for name in held}, left, tuple(notes))


def by_calls(amount: Decimal, calls: Mapping[str, Decimal | None]) -> Split:
    """Share `amount` by calls; a part nobody reported calls for had none. Without any call it is shared evenly."""
    known = {name: count or Decimal(0) for name, count in calls.items()}
    whole = sum(known.values(), Decimal(0))
    if not whole:
        even = evenly(amount, list(calls))
        return Split(Basis.CALLS, even.parts, even.unallocated, (NO_CALLS_NOTE,) if calls else ())
    return Split(Basis.CALLS, _proportional(amount, known, whole, is_whole=True))


def evenly(amount: Decimal, names: Sequence[str]) -> Split:
    """The same part for each; with nobody to share with it is unallocated."""
    if not names:
        return Split(Basis.EVENLY, {}, amount)
    ones = dict.fromkeys(names, Decimal(1))
    return Split(Basis.EVENLY, _proportional(amount, ones, Decimal(len(ones)), is_whole=True))


def merged(splits: Sequence[Split], basis: Basis) -> Split:
    """Several splits, of days or variants, as one: a part that is unknown in one of them keeps what is known of it."""
    names = dict.fromkeys(name for split in splits for name in split.parts)
    parts = {name: add(split.parts.get(name) for split in splits) for name in names}
    left = sum((split.unallocated for split in splits), Decimal(0))
    notes = dict.fromkeys(note for split in splits for note in split.notes)
    return Split(basis, parts, left, tuple(notes))


def _proportional(
    amount: Decimal, weights: Mapping[str, Decimal], whole: Decimal, *, is_whole: bool
) -> dict[str, Decimal]:
    """amount × weight / whole, rounded down; is_whole: nothing may be left, so the heaviest part takes the rest."""
    if not whole:
        return dict.fromkeys(weights, Decimal(0))
    parts = {
        name: (amount * weight / whole).quantize(QUANTUM, rounding=ROUND_FLOOR)
        for name, weight in weights.items()
    }
    if is_whole and parts:
        heaviest = max(weights, key=lambda name: (weights[name], name))
        parts[heaviest] += amount - sum(parts.values(), Decimal(0))
    return parts
