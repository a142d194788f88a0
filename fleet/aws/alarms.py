"""CloudWatch alarms that fire a scaling policy: read one, write one."""

from collections.abc import Mapping
from typing import Any

from fleet.aws.documents import plain
from fleet.aws.sessions import call
from fleet.types import AwsScope

SERVICE = "cloudwatch"


def metric_alarm(scope: AwsScope, name: str) -> dict[str, Any] | None:
    """A metric alarm by its exact name, None when there is none."""
    answer = call(scope, SERVICE, "describe_alarms", AlarmNames=[name], AlarmTypes=["MetricAlarm"])
    return next((plain(row) for row in answer.get("MetricAlarms") or [] if row["AlarmName"] == name), None)


def put_metric_alarm(scope: AwsScope, document: Mapping[str, Any]) -> str:
    """Create an alarm, or replace the one of the same name; AWS's request id."""
    answer = call(scope, SERVICE, "put_metric_alarm", **dict(document))
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
