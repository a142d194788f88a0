"""The IAM actions Flotilla uses, and what is lost without each: the one list behind policies, checks and pages. Pure.

docs/iam.md repeats it for people; a test holds both to the calls the code makes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Permission:
    """One IAM action; without: what is missing or replaced when it is not allowed."""

    action: str
    without: str


CALLER = Permission("sts:GetCallerIdentity", "finding out whose credentials these are")
"""AWS allows it to everybody: no policy needs it."""

READ: tuple[Permission, ...] = (
    Permission("sagemaker:ListEndpoints", "everything: no endpoint is found"),
    Permission("sagemaker:DescribeEndpoint", "variants, capacity and costs of endpoints"),
    Permission("sagemaker:DescribeEndpointConfig", "kinds, configuration history and operations"),
    Permission("sagemaker:DescribeModel", "telling multi-model and multi-container endpoints apart"),
    Permission("sagemaker:ListEndpointConfigs", "finding configs that no endpoint uses"),
    Permission("sagemaker:ListModels", "finding models that nothing uses"),
    Permission("sagemaker:ListInferenceComponents", "inference components"),
    Permission("sagemaker:DescribeInferenceComponent", "copies of inference components"),
    Permission("sagemaker:ListTransformJobs", "the Batch page: transform jobs"),
    Permission("sagemaker:DescribeTransformJob", "settings, instances and costs of transform jobs"),
    Permission("cloudwatch:GetMetricData", "charts, cold starts, cache, costs by traffic, alerts"),
    Permission("application-autoscaling:DescribeScalableTargets", "the Scaling page"),
    Permission("application-autoscaling:DescribeScalingPolicies", "scaling policies"),
    Permission("application-autoscaling:DescribeScheduledActions", "scheduled scaling"),
    Permission(
        "application-autoscaling:DescribeScalingActivities",
        "what scaling did and why: kept-warm cost of what scales is estimated from the levels that were seen",
    ),
    Permission("ecr:DescribeImages", "telling whether a container image still exists"),
    Permission("iam:GetRole", "telling whether an execution role still exists"),
    Permission("s3:ListBucket", "telling whether a model artefact still exists"),
    Permission("tag:GetResources", "owners, teams and tags"),
    Permission("servicequotas:ListServiceQuotas", "your own quotas: documented defaults are shown instead"),
    Permission("pricing:GetProducts", "current prices: the built-in dated snapshot is used instead"),
    Permission(
        "ce:GetCostAndUsage",
        "the Billed page: what AWS billed beside the estimate. Off until an account's settings switch it on",
    ),
    Permission(
        "ce:GetSavingsPlansUtilization",
        "what AWS says of the use of Savings Plans, beside what is worked out; read with the bill alone",
    ),
    Permission(
        "ce:GetSavingsPlansCoverage", "what AWS says that Savings Plans cover; read with the bill alone"
    ),
    Permission("account:ListRegions", "finding enabled regions: ec2:DescribeRegions is asked instead"),
    Permission(
        "ec2:DescribeRegions", "finding enabled regions: AWS's list for the partition is shown instead"
    ),
    Permission("iam:SimulatePrincipalPolicy", "checking the role for changing before it is needed"),
)

_ENDPOINTS = ("endpoint/*", "endpoint-config/*")


@dataclass(frozen=True)
class Statement:
    """A part of the act policy: resources are SageMaker resource patterns, () stands for every resource."""

    sid: str
    permissions: tuple[Permission, ...]
    resources: tuple[str, ...] = ()


ACT: tuple[Statement, ...] = (
    Statement(
        "ChangeEndpoints",
        (
            Permission("sagemaker:CreateEndpointConfig", "every change that needs a new config"),
            Permission("sagemaker:UpdateEndpoint", "every change that needs a new config"),
            Permission("sagemaker:UpdateEndpointWeightsAndCapacities", "changing concurrency in place"),
            Permission("sagemaker:ListTags", "keeping the tags of a config that is copied"),
            Permission("sagemaker:AddTags", "keeping the tags of a config that is copied"),
        ),
        _ENDPOINTS,
    ),
    Statement(
        "SplitModels",
        (
            Permission(
                "sagemaker:CreateEndpoint", "a second endpoint for some models of a multi-model endpoint"
            ),
            Permission(
                "sagemaker:DeleteEndpoint", "the way back of a split: deleting the endpoint that it made"
            ),
            Permission(
                "sagemaker:DeleteEndpointConfig", "the way back of a split: its config stays otherwise"
            ),
        ),
        _ENDPOINTS,
    ),
    Statement(
        "ChangeScaling",
        (
            Permission(
                "application-autoscaling:DeregisterScalableTarget",
                "converting a serverless endpoint that scales provisioned concurrency, and a schedule's way back",
            ),
            Permission(
                "application-autoscaling:RegisterScalableTarget",
                "schedules of an endpoint that does not scale yet",
            ),
            Permission("application-autoscaling:PutScheduledAction", "schedules"),
            Permission("application-autoscaling:DeleteScheduledAction", "removing a schedule"),
            Permission(
                "application-autoscaling:PutScalingPolicy",
                "policies that follow utilisation, and waking an endpoint from 0 instances",
            ),
            Permission("application-autoscaling:DeleteScalingPolicy", "the way back from a policy"),
            Permission("cloudwatch:DescribeAlarms", "waking an endpoint from 0 instances"),
            Permission("cloudwatch:PutMetricAlarm", "waking an endpoint from 0 instances"),
        ),
    ),
)

WITHOUT: dict[str, str] = {
    permission.action: permission.without
    for permission in (CALLER, *READ, *(p for statement in ACT for p in statement.permissions))
}
"""Action → what is lost without it."""


def act_actions() -> list[str]:
    """The actions of the act policy, in its order."""
    return [permission.action for statement in ACT for permission in statement.permissions]
