"""The built-in price snapshot (snapshot.csv): what Flotilla knows before it may ask the Price List.

Each row names its public source and date. Rows whose region, size or author is not AWS's own word are flagged assumed.
"""

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources

from fleet.types import CostComponent, PricePoint

SNAPSHOT_DATE = date(2026, 11, 21)
"""When the rows were put together; each row carries the date of its own source."""


def parse(lines: Iterable[str]) -> tuple[PricePoint, ...]:
    """Price points of CSV lines with the header of snapshot.csv. Raises ValueError or KeyError on a bad row."""
    return tuple(
        PricePoint(
            region=row["region"],
            component=CostComponent(row["component"]),
            item=row["item"],
            unit=row["unit"],
            usd=Decimal(row["usd"]),
            source=row["source"],
            source_date=date.fromisoformat(row["source_date"]),
            is_assumed={"yes": True, "no": False}[row["is_assumed"]],
        )
        for row in csv.DictReader(lines)
    )


@cache
def points() -> tuple[PricePoint, ...]:
    """The snapshot that ships with the product."""
    text = resources.files("fleet.costs").joinpath("snapshot.csv").read_text(encoding="utf-8")
    return parse(text.splitlines())
