"""Price List products become prices under the right component, and only those that are ours."""

from decimal import Decimal
from typing import Any

import pytest

from fleet.sync.prices import points
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
    ],
)
def test_product_is_placed(attributes: dict[str, str], component: CostComponent, item: str) -> None:
    (point,) = points([product("0.00004", **attributes)], "us-east-1")
    assert (point.component, point.item, point.usd) == (component, item, Decimal("0.00004"))
    assert point.source_date.isoformat() == "2026-09-01"
    assert attributes["usagetype"] in point.source


@pytest.mark.parametrize(
    "attributes",
    [
        {"component": "Hosting", "instanceName": "ml.m5.xlarge", "usagetype": "USE1-AsyncInf:ml.m5.xlarge"},
        {"usagetype": "USE1-Hst:Data-Bytes-In"},
        {"usagetype": "USE1-ServerlessInf:Mem-2GBx"},
        {"usagetype": "USE1-ServerlessInf:Mem-2GB", "regionCode": "eu-west-1"},
    ],
)
def test_foreign_product_is_passed_over(attributes: dict[str, str]) -> None:
    assert list(points([product("1", **attributes)], "us-east-1")) == []


def test_price_in_another_currency_is_no_price() -> None:
    chinese = product("1", usagetype="ServerlessInf:Mem-1GB")
    chinese["terms"]["OnDemand"]["SKU.T"]["priceDimensions"]["SKU.T.R"]["pricePerUnit"] = {"CNY": "1"}
    assert list(points([chinese], "us-east-1")) == []
