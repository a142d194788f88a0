"""Totals and merging: unknown is not zero, and nothing without an amount disappears."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fleet.costs import lines
from fleet.types import Confidence

from .worked import BOOK, REGION, C

PRICED = lines.price(BOOK, REGION, C.INSTANCE_TIME, "ml.c5.large", Decimal(2), Confidence.MEASURED)
UNPRICED = lines.price(BOOK, REGION, C.INSTANCE_TIME, "ml.zz9.large", Decimal(2), Confidence.MEASURED)
NO_DATA = lines.price(BOOK, REGION, C.INSTANCE_TIME, "ml.c5.large", None, Confidence.MEASURED)


def test_a_total_adds_what_is_known_and_counts_what_is_not() -> None:
    found = lines.total([PRICED, UNPRICED, NO_DATA])
    assert found == lines.Total(Decimal("0.204"), lines=3, unpriced=1, no_data=1)
    assert not found.is_complete


def test_a_total_of_unknowns_is_unknown_and_not_zero() -> None:
    assert lines.total([UNPRICED, NO_DATA]).amount is None
    assert lines.total([]).amount is None


def test_merging_keeps_lines_without_amount_apart() -> None:
    merged = lines.merge([PRICED, NO_DATA, PRICED])
    assert [(line.quantity, line.confidence) for line in merged] == [
        (4, Confidence.MEASURED),
        (None, Confidence.NO_DATA),
    ]


def test_a_rate_that_varied_is_not_shown_as_one() -> None:
    dearer = replace(
        PRICED, usd_per_unit=Decimal("0.2"), amount=Decimal("0.4"), confidence=Confidence.ASSUMED_RATE
    )
    (merged,) = lines.merge([PRICED, dearer])
    assert merged.usd_per_unit is None
    assert merged.amount == Decimal("0.604")
    assert merged.confidence is Confidence.ASSUMED_RATE


def test_a_negative_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        lines.price(BOOK, REGION, C.STORAGE, "gp2", Decimal(-1), Confidence.MEASURED)
