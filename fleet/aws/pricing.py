"""AWS Price List: SageMaker products of one region, as AWS describes them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fleet.aws.sessions import pages
from fleet.types import AwsScope

SERVICE_CODE = "AmazonSageMaker"
# The Price List query API has few homes (AWS Price List reference, "Service endpoints"); each has all regions' prices.
HOME_REGION = "us-east-1"


def sagemaker_products(scope: AwsScope, region: str, **attributes: str) -> Iterator[dict[str, Any]]:
    """Products of `region` whose attributes equal the given ones (productFamily="ML Instance", …), parsed."""
    wanted: Mapping[str, str] = {"regionCode": region, **attributes}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    rows = pages(
        replace(scope, region=HOME_REGION),
        "pricing",
        "get_products",
        key="PriceList",
        ServiceCode=SERVICE_CODE,
        Filters=filters,
        MaxResults=100,
    )
    for row in rows:
        yield json.loads(row) if isinstance(row, str) else row
