"""AWS Price List: products of AmazonSageMaker, served as the JSON strings that GetProducts returns."""

from __future__ import annotations

from typing import Any

from simulator.call import Action, Call
from simulator.errors import ServiceError
from simulator.paging import page

DEFAULT_PAGE = 100
SERVICE = "AmazonSageMaker"


def get_products(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetProducts with TERM_MATCH, EQUALS, CONTAINS, ANY_OF and NONE_OF filters."""
    if params["ServiceCode"] != SERVICE:
        raise ServiceError("NotFoundException", f"The service code {params['ServiceCode']} is not known.")
    rows = [
        product.text
        for product in call.prices.products
        if all(_matches(product.attributes, wanted) for wanted in params.get("Filters", []))
    ]
    size = min(params.get("MaxResults", DEFAULT_PAGE), DEFAULT_PAGE)
    shown, token = page(rows, params.get("NextToken"), size, "InvalidNextTokenException")
    return {"FormatVersion": "aws_v1", "PriceList": shown, "NextToken": token}


def _matches(attributes: dict[str, str], wanted: dict[str, str]) -> bool:
    value, text = attributes.get(wanted["Field"], ""), wanted["Value"]
    kind = wanted["Type"]
    if kind == "CONTAINS":
        return text in value
    if kind == "ANY_OF":
        return value in text.split(",")
    if kind == "NONE_OF":
        return value not in text.split(",")
    return value == text


def describe_services(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeServices."""
    names = sorted({name for product in call.prices.products for name in product.attributes})
    return {"Services": [{"ServiceCode": SERVICE, "AttributeNames": names}], "FormatVersion": "aws_v1"}


ACTIONS: dict[str, Action] = {"GetProducts": get_products, "DescribeServices": describe_services}
