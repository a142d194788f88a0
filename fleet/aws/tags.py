"""Resource Groups Tagging API: the tags of many resources at once."""

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
