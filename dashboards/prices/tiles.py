"""Tiles of the Prices page."""

from datetime import datetime

from dashboards import wording
from dashboards.tiles import Explain, Tile
from fleet.costs.price_history import Layer
from fleet.queries.price_page import LOOKED_BACK, PricePage

CALL = "pricing:GetProducts"


def tiles(found: PricePage, now: datetime) -> list[Tile]:
    """How much is priced, how old the list is, what is missing, what people entered, which discounts hold."""
    return [
        _priced(found, now),
        _read(found, now),
        _unpriced(found, now),
        _entered(found, now),
        _held(found, now),
    ]


def _explain(text: str, now: datetime, *, window: str, basis: str = "measured") -> Explain:
    return Explain(
        text, basis=basis, as_of=now, window=window, call=CALL, source="AWS Price List over the snapshot"
    )


def _priced(found: PricePage, now: datetime) -> Tile:
    known = sum(row.usd is not None for row in found.used)
    return Tile(
        "Priced",
        f"{known} of {len(found.used)}" if found.used else None,
        note="items used today or yesterday",
        tone="attention" if known < len(found.used) else "",
        reason="Nothing has been used yet",
        explain=_explain(
            "Items of cost lines (an instance type, a memory size, a volume) in a region that have a price in force.",
            now,
            window="today and yesterday, UTC; transform jobs of 30 days",
        ),
    )


def _read(found: PricePage, now: datetime) -> Tile:
    times = [each.reading.read_at for each in found.readings if each.reading]
    never = len(found.readings) - len(times)
    late = sum(each.is_old(now) for each in found.readings)
    note = f"oldest of {wording.plural(len(found.readings), 'region')}"
    if never:
        note = f"{wording.plural(never, 'region')} never read"
    elif late:
        note = f"{wording.plural(late, 'region')} too long ago"
    return Tile(
        "Price list read",
        wording.ago(min(times), now) if times else None,
        note=note if found.readings else "",
        tone="attention" if late else "",
        reason="AWS's price list was not read yet",
        explain=_explain(
            "AWS's price list is read once a day for every region in use; only prices that changed are written.",
            now,
            window="last good reading",
        ),
    )


def _unpriced(found: PricePage, now: datetime) -> Tile:
    endpoints = sum(row.endpoints for row in found.missing)
    return Tile(
        "Without a price",
        str(len(found.missing)),
        note=f"items of {wording.plural(endpoints, 'endpoint')}" if found.missing else "nothing is left out",
        tone="attention" if found.missing else "ok",
        url="#price-missing" if found.missing else "",
        explain=_explain(
            "Items that were used without a price in force; their lines are unpriced and in no figure.",
            now,
            window=f"{LOOKED_BACK.days} days",
        ),
    )


def _entered(found: PricePage, now: datetime) -> Tile:
    used = found.from_layer(Layer.MANUAL)
    return Tile(
        "Entered by hand",
        str(len(found.entered)),
        note=f"{used} in use today" if found.entered else "all prices are AWS's",
        explain=_explain(
            "Prices that an admin entered over the list price.", now, window="all days", basis="assumed"
        ),
    )


def _held(found: PricePage, now: datetime) -> Tile:
    today = now.date()
    held = sum(
        row.first_day <= today and (row.last_day is None or today <= row.last_day) for row in found.discounts
    )
    return Tile(
        "Discounts in force",
        str(held),
        note="of " + wording.plural(len(found.discounts), "entry", "entries")
        if found.discounts
        else "list prices",
        explain=_explain(
            "Percentages and Savings Plans rates that come off the list price of every line they reach.",
            now,
            window="today, UTC",
            basis="assumed",
        ),
    )
