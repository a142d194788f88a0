"""Application Auto Scaling for the sagemaker namespace: bulk reads of targets, policies and actions; writes."""

from collections.abc import Iterator, Mapping
from typing import Any

from fleet.aws.documents import plain
from fleet.aws.sessions import call, pages
from fleet.types import AwsScope

SERVICE = "application-autoscaling"
NAMESPACE = "sagemaker"
PAGE_SIZE = 50


def scalable_targets(scope: AwsScope) -> Iterator[dict[str, Any]]:
    """Every scalable target of all three SageMaker dimensions."""
    return _all(scope, "describe_scalable_targets", "ScalableTargets")


def scaling_policies(scope: AwsScope) -> Iterator[dict[str, Any]]:
    """Every scaling policy, with ResourceId and ScalableDimension of its target."""
    return _all(scope, "describe_scaling_policies", "ScalingPolicies")


def scheduled_actions(scope: AwsScope) -> Iterator[dict[str, Any]]:
    """Every scheduled action, with ResourceId and ScalableDimension of its target."""
    return _all(scope, "describe_scheduled_actions", "ScheduledActions")


def scaling_activities(scope: AwsScope) -> Iterator[dict[str, Any]]:
    """Scaling activities of the whole namespace, the newest first: AWS tells those of the previous six weeks.

    PAGE_SIZE to a page, each page asked when its first activity is wanted.
    """
    return _all(scope, "describe_scaling_activities", "ScalingActivities")


def _all(scope: AwsScope, operation: str, key: str) -> Iterator[dict[str, Any]]:
    for row in pages(scope, SERVICE, operation, key=key, ServiceNamespace=NAMESPACE, MaxResults=PAGE_SIZE):
        yield plain(row)


# --- writes: each returns AWS's request id ----------------------------------------------------------


def register_scalable_target(
    scope: AwsScope, resource_id: str, dimension: str, *, minimum: int, maximum: int
) -> str:
    """Create or change a target's bounds. Changes capacity at once when it lies outside them."""
    return _write(
        scope, "register_scalable_target", resource_id, dimension, MinCapacity=minimum, MaxCapacity=maximum
    )


def deregister_scalable_target(scope: AwsScope, resource_id: str, dimension: str) -> str:
    """Remove a target with its policies and scheduled actions. Raises NotFound when there is none."""
    return _write(scope, "deregister_scalable_target", resource_id, dimension)


def put_scaling_policy(
    scope: AwsScope,
    resource_id: str,
    dimension: str,
    name: str,
    policy_type: str,
    configuration: Mapping[str, Any],
) -> str:
    """Create or replace a policy; `configuration` is AWS's document for the policy type."""
    key = {
        "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
        "StepScaling": "StepScalingPolicyConfiguration",
    }[policy_type]
    return _write(
        scope,
        "put_scaling_policy",
        resource_id,
        dimension,
        PolicyName=name,
        PolicyType=policy_type,
        **{key: dict(configuration)},
    )


def delete_scaling_policy(scope: AwsScope, resource_id: str, dimension: str, name: str) -> str:
    """Delete a policy. Raises NotFound when there is none. A step policy's alarm stays behind."""
    return _write(scope, "delete_scaling_policy", resource_id, dimension, PolicyName=name)


def put_scheduled_action(
    scope: AwsScope, resource_id: str, dimension: str, name: str, document: Mapping[str, Any]
) -> str:
    """Create or replace a scheduled action; times left out of `document` are erased in AWS."""
    return _write(
        scope, "put_scheduled_action", resource_id, dimension, ScheduledActionName=name, **dict(document)
    )


def delete_scheduled_action(scope: AwsScope, resource_id: str, dimension: str, name: str) -> str:
    """Delete a scheduled action. Raises NotFound when there is none."""
    return _write(scope, "delete_scheduled_action", resource_id, dimension, ScheduledActionName=name)


def _write(scope: AwsScope, operation: str, resource_id: str, dimension: str, **parameters: Any) -> str:
    answer = call(
        scope,
        SERVICE,
        operation,
        ServiceNamespace=NAMESPACE,
        ResourceId=resource_id,
        ScalableDimension=dimension,
        **parameters,
    )
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
