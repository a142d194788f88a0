"""What one read of the live endpoint proves."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fleet.operations.verdicts import Standing, moved_since, read, version_of
from fleet.types import EndpointState, ServerlessCapacity, VariantState

THEN, LATER = datetime(2026, 11, 12, 8, tzinfo=UTC), datetime(2026, 11, 12, 9, tzinfo=UTC)
IN_PLACE = {"config_name": "cfg-1", "max_concurrency": 40, "provisioned_concurrency": 10}
NEW_CONFIG = {"config_name": "x-op-1", "max_concurrency": 40, "provisioned_concurrency": None}
CONVERSION = {"config_name": "x-op-1", "instance_type": "ml.m5.large", "instance_count": 2}


def live(
    status: str = "InService",
    config: str = "cfg-1",
    now: tuple[int, int | None] | None = (20, None),
    desired: tuple[int, int | None] | None = None,
    instances: int | None = None,
    modified: datetime = LATER,
    pending: str = "",
    pending_desired: int | None = None,
) -> EndpointState:
    variant = VariantState(
        "v",
        current_serverless=ServerlessCapacity(2048, *now) if now else None,
        desired_serverless=ServerlessCapacity(2048, *desired) if desired else None,
        current_instance_count=instances,
    )
    summary: dict[str, Any] = {"EndpointConfigName": pending}
    if pending_desired is not None:
        capacity = {"MemorySizeInMB": 2048, "MaxConcurrency": pending_desired, "ProvisionedConcurrency": 10}
        summary["ProductionVariants"] = [{"VariantName": "v", "DesiredServerlessConfig": capacity}]
    document = {"PendingDeploymentSummary": summary} if pending else {}
    return EndpointState("x", "arn", status, config, THEN, modified, "", (variant,), False, document)


OBSERVED = version_of(live(modified=THEN), "v")


@pytest.mark.parametrize(
    ("wanted", "state", "standing"),
    [
        (IN_PLACE, live(now=(40, 10)), Standing.APPLIED),
        (IN_PLACE, live(now=(20, None), modified=THEN), Standing.UNTOUCHED),
        (IN_PLACE, live(now=(20, None)), Standing.ROLLED_BACK),
        (IN_PLACE, live(now=(33, None)), Standing.OVERWRITTEN),
        (IN_PLACE, live(now=(40, 10), config="other"), Standing.OVERWRITTEN),
        (IN_PLACE, live("Updating", desired=(40, 10)), Standing.IN_FLIGHT),
        (IN_PLACE, live("Updating", desired=(33, None)), Standing.BUSY),
        (IN_PLACE, live("Updating", desired=(40, 10), pending="cfg-1"), Standing.IN_FLIGHT),
        (IN_PLACE, live("Updating", desired=(33, None), pending="cfg-1"), Standing.BUSY),
        (IN_PLACE, live("Updating", desired=(40, 10), pending="cfg-9"), Standing.BUSY),
        (IN_PLACE, live("Updating", pending="cfg-1"), Standing.BUSY),
        (IN_PLACE, live("Updating", pending="cfg-1", pending_desired=40), Standing.IN_FLIGHT),
        (IN_PLACE, live("Updating", pending="cfg-1", pending_desired=33), Standing.BUSY),
        (IN_PLACE, live("RollingBack", desired=(20, None)), Standing.BUSY),
        (IN_PLACE, live("Failed"), Standing.BROKEN),
        (IN_PLACE, live("UpdateRollbackFailed"), Standing.BROKEN),
        (IN_PLACE, live("OutOfService"), Standing.BROKEN),
        (NEW_CONFIG, live(config="x-op-1", now=(40, None)), Standing.APPLIED),
        (NEW_CONFIG, live(config="x-op-1", now=(40, 0)), Standing.APPLIED),
        (NEW_CONFIG, live(config="cfg-1"), Standing.ROLLED_BACK),
        (NEW_CONFIG, live(config="x-op-1", now=(12, None)), Standing.OVERWRITTEN),
        (NEW_CONFIG, live("Updating", pending="x-op-1"), Standing.IN_FLIGHT),
        (NEW_CONFIG, live("Updating", pending="cfg-9"), Standing.BUSY),
        (CONVERSION, live(config="x-op-1", now=None, instances=2), Standing.APPLIED),
        (CONVERSION, live(config="x-op-1", now=None, instances=3), Standing.OVERWRITTEN),
        (CONVERSION, live(config="cfg-1"), Standing.ROLLED_BACK),
    ],
)
def test_in_service_is_proof_only_with_the_right_config_and_capacity(
    wanted: dict[str, Any], state: EndpointState, standing: Standing
) -> None:
    assert read(state, wanted=wanted, observed=OBSERVED, variant="v").standing is standing


@pytest.mark.parametrize(("level", "standing"), [(3, Standing.APPLIED), (9, Standing.OVERWRITTEN)])
def test_auto_scaling_inside_its_range_does_not_spoil_the_proof(level: int, standing: Standing) -> None:
    wanted = {**IN_PLACE, "provisioned_range": [1, 8]}
    state = live(now=(40, level))
    assert read(state, wanted=wanted, observed=OBSERVED, variant="v").standing is standing


def test_any_move_since_the_preview_is_named() -> None:
    assert moved_since(OBSERVED, live(modified=THEN), "v") == ""
    words = moved_since(OBSERVED, live("Updating", now=(33, None)), "v")
    assert "status Updating" in words
    assert "max concurrency 20 → 33" in words
