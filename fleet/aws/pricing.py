"""AWS Price List: SageMaker products of one region, as AWS describes them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from fleet.aws.sessions import pages
from fleet.types import AwsScope

SERVICE_CODE = "AmazonSageMaker"
# The Price List query API has few homes (AWS Price List reference, "Service endpoints"; endpoints of botocore 1.44.5);
# each has all regions' prices of its partition. GovCloud has none of its own.
HOME_REGION = "us-east-1"
CHINA_HOME, CHINA = "cn-northwest-1", "cn-"


def sagemaker_products(scope: AwsScope, region: str, **attributes: str) -> Iterator[dict[str, Any]]:
    """Products of `region` whose attributes equal the given ones (productFamily="ML Instance", …), parsed."""
    wanted: Mapping[str, str] = {"regionCode": region, **attributes}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    rows = pages(
        replace(scope, region=CHINA_HOME if region.startswith(CHINA) else HOME_REGION),
        "pricing",
        "get_products",
        key="PriceList",
        ServiceCode=SERVICE_CODE,
        Filters=filters,
        MaxResults=100,
    )
    for row in rows:
        yield json.loads(row) if isinstance(row, str) else row
