"""Price look-up and the built-in snapshot."""

from collections import Counter
from decimal import Decimal

import pytest

from fleet.costs import snapshot
from fleet.costs.price_book import UNITS, PriceBook
from fleet.types import CostComponent

from .worked import REGION, C, point


def test_the_price_list_wins_over_the_snapshot_and_the_snapshot_fills_its_gaps() -> None:
    built_in = [point(C.STORAGE, "gp2", "0.14"), point(C.INSTANCE_TIME, "ml.c5.large", "0.102")]
    book = PriceBook.layered(built_in, [point(C.INSTANCE_TIME, "ml.c5.large", "0.11")])
    found = book.find(REGION, C.INSTANCE_TIME, "ml.c5.large")
    assert found
    assert found.usd == Decimal("0.11")
    assert book.find(REGION, C.STORAGE, "gp2")


def test_another_region_is_unpriced() -> None:
    book = PriceBook.layered([point(C.INSTANCE_TIME, "ml.c5.large", "0.102")])
    assert book.find("eu-central-1", C.INSTANCE_TIME, "ml.c5.large") is None


def test_instance_types_come_cheapest_first() -> None:
    dear, cheap = (
        point(C.INSTANCE_TIME, "ml.p5.48xlarge", "113"),
        point(C.INSTANCE_TIME, "ml.t2.medium", "0.056"),
    )
    assert PriceBook.layered([dear, cheap]).instance_types(REGION) == ["ml.t2.medium", "ml.p5.48xlarge"]


def test_snapshot_rows_are_unique_priced_sourced_and_in_the_unit_of_their_component() -> None:
    rows = snapshot.points()
    repeated = [key for key, n in Counter((r.region, r.component, r.item) for r in rows).items() if n > 1]
    assert repeated == []
    for row in rows:
        assert row.usd > 0
        assert row.unit == UNITS[row.component]
        assert len(row.source) > 20
        assert row.source_date <= snapshot.SNAPSHOT_DATE


@pytest.mark.parametrize(
    ("region", "component", "item", "usd", "assumed"),
    [
        ("us-east-1", CostComponent.EXECUTION_ON_DEMAND, "3072", "0.00006", False),
        ("us-east-1", CostComponent.KEPT_WARM, "2048", "0.00001", False),
        ("us-east-1", CostComponent.EXECUTION_PROVISIONED, "2048", "0.0000233", False),
        ("us-east-1", CostComponent.KEPT_WARM, "4096", "0.00002", True),
        ("us-east-1", CostComponent.INSTANCE_TIME, "ml.c5.large", "0.102", False),
        ("us-east-1", CostComponent.INSTANCE_TIME, "ml.g4dn.xlarge", "0.7364", False),
        ("us-east-1", CostComponent.INSTANCE_TIME, "ml.m5.4xlarge", "0.922", True),
        ("eu-west-1", CostComponent.STORAGE, "gp2", "0.154", False),
    ],
)
def test_snapshot_rates(region: str, component: CostComponent, item: str, usd: str, assumed: bool) -> None:
    found = PriceBook.layered(snapshot.points()).find(region, component, item)
    assert found
    assert (found.usd, found.is_assumed) == (Decimal(usd), assumed)


def test_a_bad_snapshot_row_stops_with_its_fault() -> None:
    header = "region,component,item,unit,usd,source,source_date,is_assumed"
    with pytest.raises(ValueError, match="laptops"):
        snapshot.parse([header, "us-east-1,laptops,x,hour,1,somewhere,2026-01-01,no"])
