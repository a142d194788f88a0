"""A forecast as it is kept in the database: to JSON and back, without loss of a cent. Pure."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from fleet.analysis.planner.interval import Range, Standing
from fleet.analysis.planner.options import Option, OptionKind
from fleet.analysis.planner.sizes import SizeSeen
from fleet.analysis.planner.standing import Unlike
from fleet.analysis.planner.timetable import WeekAction, Window
from fleet.analysis.planner.tracking import Policy
from fleet.planning.plans import Plan, Schedule, Tracking
from fleet.types import Confidence, CostComponent, CostLine, ServerlessCapacity

VERSION = 2
"""Of what is kept: a forecast of another one is worked out again."""
Document = Mapping[str, Any]


def to_json(held: Plan) -> dict[str, Any]:
    """Numbers stay numbers, money becomes text."""
    found = asdict(held)
    found["version"] = VERSION
    found["options"] = [_plain(one) for one in found["options"]]
    found["schedules"] = [_plain(one) for one in found["schedules"]]
    found["sizes"] = [_plain(one) for one in found["sizes"]]
    found["lines"] = {name: [_plain(line) for line in lines] for name, lines in found["lines"].items()}
    return found


def from_json(document: Document) -> Plan | None:
    """What `to_json` wrote; None where nothing was, or another version did."""
    if document.get("version") != VERSION:
        return None
    kept = {name: value for name, value in document.items() if name != "version"}
    return Plan(
        **{
            **kept,
            "live": ServerlessCapacity(**document["live"]),
            "options": tuple(_option(one) for one in document["options"]),
            "lines": {name: tuple(map(_line, lines)) for name, lines in document["lines"].items()},
            "timeout_s": Range(**document["timeout_s"]),
            "notes": tuple(document["notes"]),
            "schedules": tuple(map(_read_schedule, document["schedules"])),
            "trackings": tuple(map(_tracking, document["trackings"])),
            "sizes": tuple(map(_size, document["sizes"])),
            "unlike": Unlike(**document["unlike"]) if document["unlike"] else None,
        }
    )


def _read_schedule(fields: Document) -> Schedule:
    window = fields["window"]
    read: dict[str, Any] = {
        "hours": tuple(fields["hours"]),
        "window": None if window is None else Window(**window),
        "actions": tuple(WeekAction(**action) for action in fields["actions"]),
        "usd_per_cold": Decimal(fields["usd_per_cold"]),
    }
    return Schedule(**{**fields, **read})


def _tracking(fields: Document) -> Tracking:
    low, high = fields["mean_level"]
    return Tracking(fields["option"], Policy(**fields["policy"]), (low, high))


def _size(fields: Document) -> SizeSeen:
    amounts = ("usd_per_million", "usd_a_month", "warm_unit_usd")
    read: dict[str, Any] = {name: _money(fields[name]) for name in amounts}
    return SizeSeen(**{**fields, **read, "service_ms": _range(fields["service_ms"])})


def _plain(fields: Document) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in fields.items()}


def _option(fields: Document) -> Option:
    ranges = ("cold", "spilled", "throttled", "p99_ms")
    read: dict[str, Any] = {name: _range(fields[name]) for name in ranges}
    read |= {"kind": OptionKind(fields["kind"]), "standing": Standing(fields["standing"])}
    read |= {"usd": _money(fields["usd"]), "reasons": tuple(fields["reasons"])}
    return Option(**{**fields, **read})


def _range(fields: Document | None) -> Range | None:
    return None if fields is None else Range(**fields)


def _line(fields: Document) -> CostLine:
    amounts = ("quantity", "usd_per_unit", "amount", "discount")
    read: dict[str, Any] = {name: _money(fields[name]) for name in amounts}
    read |= {"component": CostComponent(fields["component"]), "confidence": Confidence(fields["confidence"])}
    return CostLine(**{**fields, **read})


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
