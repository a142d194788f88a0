"""Price List products become prices under the right component, and only those that are ours."""

from decimal import Decimal
from typing import Any

import pytest

from fleet.costs.price_history import DatedPrice
from fleet.sync.price_list import Reading, points
from fleet.types import CostComponent


def product(usd: str, **attributes: str) -> dict[str, Any]:
    return {
        "product": {"attributes": {"regionCode": "us-east-1", **attributes}},
        "terms": {
            "OnDemand": {
                "SKU.T": {
                    "effectiveDate": "2026-09-01T00:00:00Z",
                    "priceDimensions": {"SKU.T.R": {"unit": "seconds", "pricePerUnit": {"USD": usd}}},
                }
            }
        },
    }


@pytest.mark.parametrize(
    ("attributes", "component", "item"),
    [
        (
            {"component": "Hosting", "instanceName": "ml.m5.xlarge", "usagetype": "USE1-Host:ml.m5.xlarge"},
            CostComponent.INSTANCE_TIME,
            "ml.m5.xlarge",
        ),
        ({"usagetype": "USE1-ServerlessInf:Mem-2GB"}, CostComponent.EXECUTION_ON_DEMAND, "2048"),
        ({"usagetype": "ServerlessInf:Mem-6GB"}, CostComponent.EXECUTION_ON_DEMAND, "6144"),
        (
            {"usagetype": "USE1-ServerlessInf:ProvisionedConcurrency:Usage-2GB"},
            CostComponent.KEPT_WARM,
            "2048",
        ),
        (
            {"usagetype": "USE1-ServerlessInf:ProvisionedConcurrency:Mem-2GB"},
            CostComponent.EXECUTION_PROVISIONED,
            "2048",
        ),
        (
            {"instanceName": "ml.m5.xlarge", "usagetype": "USE1-Tsform:ml.m5.xlarge"},
            CostComponent.BATCH_TIME,
            "ml.m5.xlarge",
        ),
        (
            {"volumeType": "General Purpose-Hosting", "usagetype": "USE1-Host:VolumeUsage.gp2"},
            CostComponent.STORAGE,
            "gp2",
        ),
        ({"usagetype": "USE1-Hst:Data-Bytes-In"}, CostComponent.DATA_IN, "hosting"),
        ({"usagetype": "Hst:Data-Bytes-Out"}, CostComponent.DATA_OUT, "hosting"),
    ],
)
def test_product_is_placed(attributes: dict[str, str], component: CostComponent, item: str) -> None:
    (point,) = points([product("0.00004", **attributes)], "us-east-1")
    assert (point.component, point.item, point.amount) == (component, item, Decimal("0.00004"))
    assert point.source_date.isoformat() == "2026-09-01"
    assert attributes["usagetype"] in point.source


@pytest.mark.parametrize(
    "attributes",
    [
        {"component": "Hosting", "instanceName": "ml.m5.xlarge", "usagetype": "USE1-AsyncInf:ml.m5.xlarge"},
        {"usagetype": "USE1-ServerlessInf:Mem-2GBx"},
        {"usagetype": "USE1-ServerlessInf:Mem-2GB", "regionCode": "eu-west-1"},
    ],
)
def test_foreign_product_is_passed_over(attributes: dict[str, str]) -> None:
    assert list(points([product("1", **attributes)], "us-east-1")) == []


def quoted(prices: dict[str, str], **attributes: str) -> dict[str, Any]:
    found = product("1", **attributes)
    found["terms"]["OnDemand"]["SKU.T"]["priceDimensions"]["SKU.T.R"]["pricePerUnit"] = prices
    return found


def only(found: list[DatedPrice]) -> tuple[Decimal, str]:
    (price,) = found
    return price.amount, price.currency


def test_a_price_keeps_its_currency_and_dollars_win_where_both_are_quoted() -> None:
    size = "ServerlessInf:Mem-1GB"
    assert only(points([quoted({"CNY": "0.00013"}, usagetype=size)], "us-east-1")) == (
        Decimal("0.00013"),
        "CNY",
    )
    both = quoted({"CNY": "0.00013", "USD": "0.00002"}, usagetype=size)
    assert only(points([both], "us-east-1")) == (Decimal("0.00002"), "USD")


def test_reserved_and_savings_plans_terms_and_prices_of_nothing_are_passed_over_and_counted() -> None:
    reserved = product("0.01", usagetype="ServerlessInf:Mem-1GB")
    reserved["terms"] = {"Reserved": reserved["terms"]["OnDemand"]}
    free = product("0.0000000000", usagetype="ServerlessInf:Mem-2GB")
    reading = Reading()
    reading.add([reserved, free, product("1", usagetype="USE1-Train:ml.m5.large")], "us-east-1")
    assert reading.prices == {}
    assert reading.products == 3
    assert sorted(reading.passed_over) == [
        "of no endpoint or transform job", "priced at nothing", "without an on-demand price",
    ]  # fmt: skip


def test_the_dearest_of_two_products_of_one_place_stays_whatever_their_order() -> None:
    cheap, dear = (product(usd, usagetype="ServerlessInf:Mem-1GB") for usd in ("0.00001", "0.00002"))
    for order in ([cheap, dear], [dear, cheap]):
        assert only(points(order, "us-east-1")) == (Decimal("0.00002"), "USD")


def test_the_first_tier_of_a_price_counts() -> None:
    tiered = product("1", usagetype="Hst:Data-Bytes-In")
    dimensions = tiered["terms"]["OnDemand"]["SKU.T"]["priceDimensions"]
    dimensions.clear()
    dimensions["b"] = {"beginRange": "1000", "pricePerUnit": {"USD": "0.01"}}
    dimensions["a"] = {"beginRange": "0", "pricePerUnit": {"USD": "0.016"}}
    assert only(points([tiered], "us-east-1")) == (Decimal("0.016"), "USD")
