"""Cost lines of what runs on instances: real-time, asynchronous, multi-model, multi-container, components."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from fleet.costs import lines
from fleet.costs.periods import Piece, Window, exact, month_parts, pieces, total_hours, uncovered
from fleet.costs.price_book import VOLUME, PriceBook
from fleet.costs.usage import Observed
from fleet.types import Confidence, CostComponent, CostLine, Kind

FROM_CAPACITY_NOTE = "from the observed instance count where CPU samples are not reported"
ZERO_NOTE = "no CPU samples while CloudWatch was read: no instance ran"
LOCAL_DISK_NOTE = "the type has local NVMe storage: no volume is attached"
UNKNOWN_VOLUME_NOTE = "the config names no volume size, and the default of the type is not known here"
NO_COUNT_NOTE = "neither CPU samples nor an instance count are known"

_LOCAL_DISK = re.compile(r"^ml\.(?:g5|[a-z]+\d+[a-z]*d[a-z]*)\.")


def has_local_disk(instance_type: str) -> bool:
    """True for the d families (m5d, c5d, r5d, g4dn, …) and g5, which come with NVMe and get no volume attached.

    Source: docs/costs.md#storage.
    """
    return bool(_LOCAL_DISK.match(instance_type))


@dataclass
class _Type:
    """What one instance type used: hours with a volume of known size and without, and what is doubtful about them."""

    hours: Decimal = Decimal(0)
    gb_months: Decimal = Decimal(0)
    month_hours: set[int] = field(default_factory=set)
    hours_without_volume: Decimal = Decimal(0)
    unknown_h: Decimal = Decimal(0)
    is_known: bool = False
    notes: set[str] = field(default_factory=set)


def cost_lines(region: str, kind: Kind, observed: Observed, book: PriceBook) -> list[CostLine]:
    """Instance-time and storage lines of one variant over observed.window, USD unrounded.

    Instance-hours: CPUUtilization sample count / 60 where published (one sample per instance and minute), else
    instance count × time from the capacity history, else NO_DATA. Asynchronous endpoints without CPU samples in an
    hour that was read ran no instance. Storage: volume × instance-hours / the hours of their calendar month (UTC),
    NO_DATA when the size is unknown.
    Every line is an estimate: AWS documents the reading of CPU samples for another metric only.
    Source: docs/costs.md#instances.
    """
    types: dict[str, _Type] = defaultdict(_Type)
    for piece in pieces(observed.capacities, observed.window):
        if piece.capacity.instance_type:
            for part, month_hours in month_parts(piece.window):
                used = types[piece.capacity.instance_type]
                _add(used, Piece(part, piece.capacity), month_hours, observed, kind)
    return [line for item, used in sorted(types.items()) for line in _lines(region, item, used, book)]


def _add(used: _Type, piece: Piece, month_hours: int, observed: Observed, kind: Kind) -> None:
    sampled, hours = [], Decimal(0)
    for row, part in observed.use(piece.window):
        minutes = row.get("instance_minutes")
        if minutes is not None:
            hours += exact(minutes) / 60 * part
            sampled.append(Window(row.at, row.until))
    used.is_known |= bool(sampled)
    for gap in uncovered(sampled, piece.window):
        hours += _hours_without_samples(used, piece, gap, observed, kind)
    used.hours += hours
    if piece.capacity.volume_gb is None:
        used.hours_without_volume += hours
    else:
        used.gb_months += hours * piece.capacity.volume_gb / month_hours
        used.month_hours.add(month_hours)


def _hours_without_samples(used: _Type, piece: Piece, gap: Window, observed: Observed, kind: Kind) -> Decimal:
    """Instance-hours of a stretch for which CloudWatch has no CPU samples; notes why the answer can be trusted."""
    unread = [gap]
    if kind is Kind.ASYNCHRONOUS:
        unread = uncovered(observed.read(gap), gap)
        if total_hours(unread) < gap.hours:
            used.is_known = True
            used.notes.add(ZERO_NOTE)
    remaining = total_hours(unread)
    if not remaining:
        return Decimal(0)
    if piece.capacity.instance_count is None:
        used.unknown_h += remaining
        return Decimal(0)
    used.is_known = True
    used.notes.add(FROM_CAPACITY_NOTE)
    return piece.capacity.instance_count * remaining


def _lines(region: str, item: str, used: _Type, book: PriceBook) -> list[CostLine]:
    notes = set(used.notes)
    if used.unknown_h:
        notes.add(
            NO_COUNT_NOTE if not used.is_known else f"{float(used.unknown_h):.3g} h left out: {NO_COUNT_NOTE}"
        )
    if has_local_disk(item):
        notes.add(LOCAL_DISK_NOTE)
    quantity = used.hours if used.is_known else None
    note = "; ".join(sorted(notes))
    found = [
        lines.price(book, region, CostComponent.INSTANCE_TIME, item, quantity, Confidence.ESTIMATED, note)
    ]
    if not has_local_disk(item) and used.hours:
        found.append(_storage(region, used, book))
    return found


def _storage(region: str, used: _Type, book: PriceBook) -> CostLine:
    quantity = used.gb_months or None
    month = " or ".join(map(str, sorted(used.month_hours)))
    note = (
        UNKNOWN_VOLUME_NOTE
        if quantity is None
        else f"volume × instance-hours / {month} h of the calendar month"
    )
    if quantity is not None and used.hours_without_volume:
        note += f"; {float(used.hours_without_volume):.3g} instance-hours left out: {UNKNOWN_VOLUME_NOTE}"
    return lines.price(book, region, CostComponent.STORAGE, VOLUME, quantity, Confidence.ESTIMATED, note)
