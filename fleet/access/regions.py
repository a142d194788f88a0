"""AWS regions where SageMaker runs, by partition: the choices of the account form until a worker has asked AWS.

Source: botocore 1.44.5, endpoint data of the service "sagemaker", November 2026. A test holds them to botocore.
"""

from collections.abc import Iterable

_AWS = """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
    ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
    eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1
    me-central-1 me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2
"""
REGIONS: dict[str, tuple[str, ...]] = {
    "aws": tuple(_AWS.split()),
    "aws-us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
}
_HOME = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}


def home(partition: str) -> str:
    """The region a partition's account is asked in before any is chosen."""
    return _HOME[partition]


def partition_of_region(region: str) -> str:
    """The partition a region's name belongs to."""
    return next((p for p, regions in REGIONS.items() if region in regions), "aws")


def foreign(partition: str, regions: Iterable[str]) -> list[str]:
    """The regions that belong to another partition."""
    others = {region for name, known in REGIONS.items() if name != partition for region in known}
    return sorted(set(regions) & others)
