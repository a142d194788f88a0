"""The prices in force: stored Price List entries over the built-in snapshot."""

import hashlib
from collections.abc import Iterable

from fleet.costs import snapshot
from fleet.costs.price_book import PriceBook
from fleet.models import Price
from fleet.types import CostComponent, PricePoint


def book(*regions: str) -> PriceBook:
    """The price book of these regions (all of them when none is named): Price List over snapshot. One query."""
    return book_of(Price.objects.filter(region__in=regions) if regions else Price.objects.all())


def book_of(stored: Iterable[Price]) -> PriceBook:
    """The price book of these stored prices over the snapshot."""
    return PriceBook.layered(snapshot.points(), *_layers(stored))


def digest(found: PriceBook, regions: Iterable[str]) -> str:
    """Changes when any price, source or flag of these regions does; independent of the order of rows."""
    wanted = frozenset(regions)
    parts = sorted(
        f"{point.region} {point.component} {point.item} {point.usd.normalize()} {point.source} {point.is_assumed}"
        for point in found.points.values()
        if point.region in wanted
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _layers(rows: Iterable[Price]) -> list[list[PricePoint]]:
    layers: dict[str, list[PricePoint]] = {Price.Origin.SNAPSHOT: [], Price.Origin.API: []}
    for row in rows:
        layers[row.origin].append(
            PricePoint(
                row.region,
                CostComponent(row.component),
                row.item,
                row.unit,
                row.usd,
                row.source,
                row.source_date,
                row.is_assumed,
            )
        )
    return [layers[Price.Origin.SNAPSHOT], layers[Price.Origin.API]]
