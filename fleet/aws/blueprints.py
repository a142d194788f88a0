"""SageMaker: every endpoint config and model of a scope, as listed; fleet.aws.sagemaker describes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fleet.aws.sessions import pages
from fleet.types import AwsScope

SERVICE = "sagemaker"
PAGE_SIZE = 100


@dataclass(frozen=True)
class Listed:
    """One row of ListEndpointConfigs or ListModels."""

    name: str
    created_at: datetime


def list_endpoint_configs(scope: AwsScope) -> Iterator[Listed]:
    """Every endpoint config. Raises when the listing cannot be completed: a part of it proves nothing gone."""
    for row in pages(scope, SERVICE, "list_endpoint_configs", key="EndpointConfigs", MaxResults=PAGE_SIZE):
        yield Listed(row["EndpointConfigName"], row["CreationTime"])


def list_models(scope: AwsScope) -> Iterator[Listed]:
    """Every model; raises as list_endpoint_configs does."""
    for row in pages(scope, SERVICE, "list_models", key="Models", MaxResults=PAGE_SIZE):
        yield Listed(row["ModelName"], row["CreationTime"])
