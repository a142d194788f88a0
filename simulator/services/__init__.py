"""One module per AWS service; each exports ACTIONS, a table of action name to function."""

from __future__ import annotations

from functools import lru_cache

from simulator.call import Action
from simulator.services import (
    autoscaling,
    belongings,
    cloudwatch,
    cost_explorer,
    pricing,
    regions,
    sagemaker_catalog,
    sagemaker_components,
    sagemaker_configs,
    sagemaker_endpoints,
    sagemaker_jobs,
    savings_plans,
    service_quotas,
    sqs,
    sts,
    tagging,
)


@lru_cache
def actions_of(service: str) -> dict[str, Action]:
    """The actions the simulator has for a service, by botocore's service name."""
    tables: dict[str, dict[str, Action]] = {
        "sagemaker": {
            **sagemaker_endpoints.ACTIONS,
            **sagemaker_configs.ACTIONS,
            **sagemaker_catalog.ACTIONS,
            **sagemaker_components.ACTIONS,
            **sagemaker_jobs.ACTIONS,
        },
        "application-autoscaling": autoscaling.ACTIONS,
        "cloudwatch": cloudwatch.ACTIONS,
        "account": regions.ACCOUNT_ACTIONS,
        "ec2": regions.EC2_ACTIONS,
        "ecr": belongings.ECR_ACTIONS,
        "iam": belongings.IAM_ACTIONS,
        "s3": belongings.S3_ACTIONS,
        "sqs": sqs.ACTIONS,
        "sts": sts.ACTIONS,
        "resourcegroupstaggingapi": tagging.ACTIONS,
        "pricing": pricing.ACTIONS,
        "service-quotas": service_quotas.ACTIONS,
        "ce": {**cost_explorer.ACTIONS, **savings_plans.ACTIONS},
    }
    return tables[service]
