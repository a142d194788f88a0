"""SageMaker batch transform: jobs as listed and as described."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleet.aws.documents import plain
from fleet.aws.sessions import call, pages
from fleet.types import AwsScope

SERVICE = "sagemaker"
PAGE_SIZE = 100


@dataclass(frozen=True)
class JobSummary:
    """One row of ListTransformJobs."""

    name: str
    arn: str
    status: str
    created_at: datetime
    modified_at: datetime | None
    ended_at: datetime | None
    failure_reason: str


def list_transform_jobs(scope: AwsScope) -> Iterator[JobSummary]:
    """Jobs of the scope, newest first; stop reading when enough is known.

    Never narrowed by LastModifiedTimeAfter: such listings answer with empty pages until AWS throttles them
    (aws/aws-cli#7596, read 2026-11-21).
    """
    rows = pages(
        scope,
        SERVICE,
        "list_transform_jobs",
        key="TransformJobSummaries",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=PAGE_SIZE,
    )
    for row in rows:
        yield JobSummary(
            name=row["TransformJobName"],
            arn=row["TransformJobArn"],
            status=row["TransformJobStatus"],
            created_at=row["CreationTime"],
            modified_at=row.get("LastModifiedTime"),
            ended_at=row.get("TransformEndTime"),
            failure_reason=row.get("FailureReason", "").replace("\x00", "�"),
        )


def describe_transform_job(scope: AwsScope, name: str) -> dict[str, Any]:
    """The job's document (times as ISO text, environment values left out). Raises NotFound when AWS has no such job."""
    return plain(
        call(scope, SERVICE, "describe_transform_job", expect="TransformJobStatus", TransformJobName=name)
    )
