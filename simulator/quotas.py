"""Default account quotas of SageMaker endpoints and what a fleet file may override.

Serverless: SageMaker developer guide, "Serverless Inference: feature exclusions and quotas". The endpoint and
instance figures without a public default are simulated ones, and say so in their description.
"""

from __future__ import annotations

from simulator.world import Region

ENDPOINT_CONCURRENCY = "Maximum total concurrency that can be allocated across all serverless endpoints"
SERVERLESS_ENDPOINTS = "Maximum number of serverless endpoints"
MAX_CONCURRENCY = "Maximum concurrency per serverless endpoint"
ENDPOINTS = "Number of endpoints"
ROOMY = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "eu-central-1",
    "eu-west-1",
)
INSTANCE_DEFAULT = 20


def instance_quota_name(instance_type: str) -> str:
    """The quota's name as Service Quotas and ResourceLimitExceeded print it."""
    return f"{instance_type} for endpoint usage"


def quota(region: Region, name: str) -> float:
    """The value in force: the fleet file's override, else the default."""
    if name in region.quotas:
        return float(region.quotas[name])
    if name == ENDPOINT_CONCURRENCY:
        return 1000.0 if region.name in ROOMY else 500.0
    return {SERVERLESS_ENDPOINTS: 50.0, MAX_CONCURRENCY: 200.0, ENDPOINTS: 100.0}.get(
        name, float(INSTANCE_DEFAULT)
    )
