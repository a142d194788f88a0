"""A serverless endpoint ready to be changed, and the wish most tests plan."""

from typing import Any

from django.utils import timezone

from fleet.models import Endpoint, Operation, User
from fleet.operations import lifecycle
from fleet.operations.kinds import ConcurrencyWish, Wish
from tests.data.dashboards import rows


def endpoint(name: str = "fraud-score", **fields: Any) -> Endpoint:
    """Serverless, 4,096 MB, max concurrency 20, in prod eu-west-1, with a config document that can be copied."""
    shard = fields.pop("shard", None) or rows.shard()
    capacity = {"memory_mb": 4096, "max_concurrency": 20, **fields.pop("live", {})}
    found = rows.endpoint(shard, name, live=capacity, wanted=capacity, **fields)
    serverless = {"MemorySizeInMB": 4096, "MaxConcurrency": 20}
    if capacity.get("provisioned_concurrency"):
        serverless["ProvisionedConcurrency"] = capacity["provisioned_concurrency"]
    assert found.config is not None
    found.config.document = {
        "EndpointConfigName": found.config_name,
        "EndpointConfigArn": found.config.arn,
        "ProductionVariants": [
            {"VariantName": "AllTraffic", "ModelName": f"{name}-model", "ServerlessConfig": serverless}
        ],
    }
    found.config.save()
    return found


def planned(of: Endpoint, actor: User, wish: Wish | None = None, click: str = "first") -> Operation:
    """A plan of max concurrency 40 unless told otherwise."""
    return lifecycle.plan(
        of,
        wish or ConcurrencyWish("40", ""),
        reason="saturates every morning",
        form_token=click,
        actor=actor,
        now=timezone.now(),
        address=None,
    )


def confirmed(operation: Operation, actor: User, typed_name: str = "") -> Operation:
    """The plan, queued."""
    return lifecycle.confirm(
        operation,
        actor=actor,
        reason="saturates every morning",
        typed_name=typed_name,
        now=timezone.now(),
        address=None,
    )
