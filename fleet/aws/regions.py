"""Regions of an account: which are switched on there, and where AWS offers SageMaker at all."""

import botocore.session

from fleet.aws.sessions import call, pages
from fleet.types import AwsScope

_ON_BY_ACCOUNT = frozenset({"ENABLED", "ENABLED_BY_DEFAULT"})
_ON_BY_EC2 = frozenset({"opt-in-not-required", "opted-in"})


def by_account(scope: AwsScope) -> dict[str, bool]:
    """Region → whether it is switched on, from Account Management (RegionOptStatus)."""
    rows = pages(scope, "account", "list_regions", key="Regions", MaxResults=50)
    return {str(row["RegionName"]): row.get("RegionOptStatus") in _ON_BY_ACCOUNT for row in rows}


def by_ec2(scope: AwsScope) -> dict[str, bool]:
    """Region → whether it is switched on, from EC2 (OptInStatus)."""
    rows = call(scope, "ec2", "describe_regions", expect="Regions", AllRegions=True)["Regions"]
    return {str(row["RegionName"]): row.get("OptInStatus") in _ON_BY_EC2 for row in rows}


def offered(partition: str) -> list[str]:
    """Regions of a partition where SageMaker runs, as botocore's endpoint data has them; no call."""
    return sorted(botocore.session.get_session().get_available_regions("sagemaker", partition_name=partition))
