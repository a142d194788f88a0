"""Resource Groups Tagging API: the tags of many resources at once."""

from collections.abc import Sequence

from fleet.aws.sessions import pages
from fleet.types import AwsScope

SERVICE = "resourcegroupstaggingapi"
PAGE_SIZE = 100


def endpoint_tags(scope: AwsScope) -> dict[str, dict[str, str]]:
    """Tags by ARN in lower case (names keep their case while older ARNs are lower-cased). Untagged ones are absent."""
    rows = pages(
        scope,
        SERVICE,
        "get_resources",
        key="ResourceTagMappingList",
        cursor="PaginationToken",
        ResourceTypeFilters=["sagemaker:endpoint"],
        ResourcesPerPage=PAGE_SIZE,
    )
    return {
        row["ResourceARN"].lower(): {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())} for row in rows
    }


def tags_of(scope: AwsScope, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """Tags of these resources by ARN in lower case, a hundred a call; untagged ones are absent."""
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(arns), PAGE_SIZE):
        rows = pages(
            scope,
            SERVICE,
            "get_resources",
            key="ResourceTagMappingList",
            cursor="PaginationToken",
            ResourceARNList=list(arns[start : start + PAGE_SIZE]),
        )
        for row in rows:
            found[row["ResourceARN"].lower()] = {tag["Key"]: tag["Value"] for tag in row.get("Tags", ())}
    return found
