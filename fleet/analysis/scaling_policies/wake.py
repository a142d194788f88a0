"""What brings the first instance of an asynchronous endpoint back: a step policy and its alarm. Pure.

Source: Amazon SageMaker developer guide, "Autoscale an asynchronous endpoint", its policy that scales up from zero.
"""

from collections.abc import Mapping
from typing import Any

POLICY = "HasBacklogWithoutCapacity-ScalingPolicy"
CONFIGURATION: Mapping[str, Any] = {
    "AdjustmentType": "ChangeInCapacity",
    "MetricAggregationType": "Average",
    "Cooldown": 300,
    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
}
ARN_LATER = "the PolicyARN that PutScalingPolicy answers"


def alarm(endpoint: str, policy_arn: str = ARN_LATER) -> dict[str, Any]:
    """What PutMetricAlarm is sent, so that the policy runs once requests wait at no instance for two minutes."""
    return {
        "AlarmName": alarm_name(endpoint),
        "Namespace": "AWS/SageMaker",
        "MetricName": "HasBacklogWithoutCapacity",
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 2,
        "DatapointsToAlarm": 2,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "missing",
        "AlarmActions": [policy_arn],
    }


def alarm_name(endpoint: str) -> str:
    """The alarm's name: one for each endpoint, so that writing it again replaces it."""
    return f"{endpoint}-HasBacklogWithoutCapacity"


def policy(resource_id: str, dimension: str) -> dict[str, Any]:
    """What PutScalingPolicy is sent."""
    return {
        "PolicyName": POLICY,
        "ServiceNamespace": "sagemaker",
        "ResourceId": resource_id,
        "ScalableDimension": dimension,
        "PolicyType": "StepScaling",
        "StepScalingPolicyConfiguration": dict(CONFIGURATION),
    }
