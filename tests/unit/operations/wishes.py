"""A healthy serverless endpoint as the planning sees it; each test changes what it is about."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from fleet.operations.kinds import (
    ConcurrencyLedger,
    Context,
    InstanceOption,
    Observed,
    ScalingRange,
)
from fleet.types import ServerlessCapacity

CONFIG = {
    "EndpointConfigName": "fraud-score-cfg-7",
    "EndpointConfigArn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint-config/fraud-score-cfg-7",
    "CreationTime": "2026-05-01T08:00:00+00:00",
    "ProductionVariants": [
        {
            "VariantName": "AllTraffic",
            "ModelName": "fraud-score-m31",
            "InitialVariantWeight": 1.0,
            "ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 20, "ProvisionedConcurrency": 5},
        }
    ],
    "KmsKeyId": "arn:aws:kms:eu-west-1:111122223333:key/1",
    "ANewFieldOfTomorrow": {"Deep": [1, 2.0, "x"]},
}
SCALING = ScalingRange("endpoint/fraud-score/variant/AllTraffic", 2, 8, ("track-use",))


def seen(provisioned: int | None = 5, **changes: Any) -> Observed:
    """fraud-score: 4,096 MB, max concurrency 20, five slots warm."""
    found = Observed(
        endpoint="fraud-score",
        account="prod",
        region="eu-west-1",
        kind="serverless",
        status="InService",
        config_name="fraud-score-cfg-7",
        modified_at="2026-11-12T08:02:41+00:00",
        variant="AllTraffic",
        serverless=ServerlessCapacity(4096, 20, provisioned),
        config_document=CONFIG,
    )
    return replace(found, **changes)


def context(**changes: Any) -> Context:
    """An operator, 460 of 1,000 concurrency held by others, three instance types."""
    found = Context(
        actor_may=True,
        actor_role="operator",
        is_admin=False,
        ledger=ConcurrencyLedger(others=460, quota=1000),
        instances={
            "ml.m5.xlarge": InstanceOption("ml.m5.xlarge", 16384, 4, Decimal("0.257")),
            "ml.c5.large": InstanceOption("ml.c5.large", 4096, 2, Decimal("0.114")),
            "ml.t2.medium": InstanceOption("ml.t2.medium", 2048, 2, Decimal("0.06")),
            "ml.g6e.xlarge": InstanceOption("ml.g6e.xlarge", 32768, 4, None),
        },
    )
    return replace(found, **changes)
