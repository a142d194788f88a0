"""Service Quotas: the limits of SageMaker that hold in one account and region."""

from collections.abc import Iterator
from typing import Any

from fleet.aws.sessions import pages
from fleet.types import AwsScope


def sagemaker_quotas(scope: AwsScope) -> Iterator[dict[str, Any]]:
    """Every applied quota of SageMaker: QuotaCode, QuotaName, Value."""
    return pages(
        scope, "service-quotas", "list_service_quotas", key="Quotas", ServiceCode="sagemaker", MaxResults=100
    )
