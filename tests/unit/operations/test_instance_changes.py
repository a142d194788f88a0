"""Another instance type or count: what is refused, what is sent, what it costs, what a person is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.operations import instance_changes
from fleet.operations.kinds import (
    KINDS,
    InstanceOption,
    InstancesChange,
    InstancesWish,
    Observed,
    OperationKind,
)
from fleet.operations.schedules import INSTANCES, Spot
from fleet.operations.verdicts import Standing, read
from fleet.types import CostComponent, EndpointState, PricePoint, VariantState
from tests.unit.operations.wishes import context, seen

CODE = "8f21c0de"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPOT = Spot(
    "endpoint/persona-mme/variant/AllTraffic", INSTANCES, "AllTraffic", 2, 1, instance_type="ml.c5.xlarge", volume_gb=30
)  # fmt: skip
CONFIG = {
    "EndpointConfigName": "persona-cfg-4",
    "ProductionVariants": [
        {
            "VariantName": "AllTraffic",
            "ModelName": "persona",
            "InstanceType": "ml.c5.xlarge",
            "InitialInstanceCount": 2,
            "VolumeSizeInGB": 30,
        }
    ],
    "KmsKeyId": "key/1",
}
TYPES = {
    "ml.c5.xlarge": InstanceOption("ml.c5.xlarge", 8192, 4, Decimal("0.204"), quota=4),
    "ml.c5.2xlarge": InstanceOption("ml.c5.2xlarge", 16384, 8, Decimal("0.408"), quota=4, held=1),
    "ml.c5d.xlarge": InstanceOption("ml.c5d.xlarge", 8192, 4, Decimal("0.23"), quota=4),
    "ml.g5.xlarge": InstanceOption("ml.g5.xlarge", None, 4, None),
}


def persona(**changes: Any) -> Observed:
    found = seen(
        endpoint="persona-mme", kind="multi-model", config_name="persona-cfg-4", config_document=CONFIG,
        serverless=None, variant="", spots=(SPOT,),
    )  # fmt: skip
    return replace(found, **changes)


def codes(wish: InstancesWish, where: Observed | None = None, **changes: Any) -> list[tuple[str, str]]:
    change, refusals = instance_changes.check(wish, where or persona(), context(instances=TYPES, **changes))
    assert change is None
    return [(refusal.field, refusal.code) for refusal in refusals]


def checked(name: str, count: str) -> InstancesChange:
    change, refusals = instance_changes.check(InstancesWish(name, count), persona(), context(instances=TYPES))
    assert change is not None, refusals
    return change


@pytest.mark.parametrize(
    ("name", "count", "found"),
    [
        ("", "2", [("instance_type", "unknown-instance")]),
        ("ml.made-up", "2", [("instance_type", "unknown-instance")]),
        ("ml.g5.xlarge", "2", [("instance_type", "no-price")]),
        ("ml.c5.2xlarge", "", [("instance_count", "missing")]),
        ("ml.c5.2xlarge", "two", [("instance_count", "not-a-number")]),
        ("ml.c5.2xlarge", "0", [("instance_count", "count-out-of-range")]),
        ("ml.c5.2xlarge", "101", [("instance_count", "count-out-of-range")]),
        ("ml.c5.2xlarge", "4", [("instance_count", "instance-quota")]),
        ("ml.c5.xlarge", "2", [("", "no-change")]),
    ],
)
def test_what_is_refused_of_a_wish(name: str, count: str, found: list[tuple[str, str]]) -> None:
    assert codes(InstancesWish(name, count)) == found


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "serverless"}, "no-instances"),
        ({"kind": "inference-component"}, "no-instances"),
        ({"status": "Updating"}, "not-in-service"),
        ({"config_document": {}}, "config-unread"),
        ({"spots": ()}, "several-variants"),
        ({"spots": (SPOT, SPOT)}, "several-variants"),
        ({"spots": (replace(SPOT, minimum=1, maximum=4),)}, "scalable-target"),
        ({"unknown_fields": ("Tomorrow",)}, "unknown-fields"),
        ({"is_closed": True}, "closed"),
    ],
)
def test_where_no_instances_are_changed(changes: dict[str, Any], code: str) -> None:
    assert codes(InstancesWish("ml.c5.2xlarge", "2"), persona(**changes)) == [("", code)]


def test_a_viewer_changes_nothing_and_an_admin_may_accept_a_missing_price() -> None:
    wish = InstancesWish("ml.c5.2xlarge", "2")
    assert codes(wish, actor_may=False, actor_role="viewer") == [("", "role")]
    accepted = replace(InstancesWish("ml.g5.xlarge", "2"), accept_unpriced=True)
    assert codes(accepted) == [("instance_type", "no-price")]
    change, _ = instance_changes.check(accepted, persona(), context(instances=TYPES, is_admin=True))
    assert change is not None


def test_the_copy_has_the_new_instances_and_everything_else_of_today() -> None:
    found = instance_changes.build(checked("ml.c5.2xlarge", "3"), persona(), CODE, None)
    assert found.config["ProductionVariants"] == [
        CONFIG["ProductionVariants"][0] | {"InstanceType": "ml.c5.2xlarge", "InitialInstanceCount": 3}  # type: ignore[operator]
    ]
    assert found.config["KmsKeyId"] == "key/1"
    assert (found.kind, found.summary) == (
        OperationKind.CHANGE_INSTANCES,
        "2 × ml.c5.xlarge → 3 × ml.c5.2xlarge",
    )
    assert [step.action for step in found.steps] == [
        "read-state", "create-config", "update-endpoint", "wait", "prove",
    ]  # fmt: skip
    assert [(row.field, row.before, row.after) for row in found.differences] == [
        ("Instance type", "ml.c5.xlarge", "ml.c5.2xlarge"),
        ("Instances", "2", "3"),
        ("Endpoint config", "persona-cfg-4", "persona-mme-op-8f21c0de"),
    ]
    assert [warning.code for warning in found.warnings] == ["cold-cache"]
    assert not KINDS[found.kind].is_irreversible


def test_a_type_with_a_local_disk_asks_for_no_volume() -> None:
    found = instance_changes.build(checked("ml.c5d.xlarge", "1"), persona(), CODE, None)
    assert "VolumeSizeInGB" not in found.config["ProductionVariants"][0]
    assert ("Storage", "a volume", "local NVMe, no volume") in [
        (row.field, row.before, row.after) for row in found.differences
    ]
    assert [warning.code for warning in found.warnings] == ["cold-cache", "one-instance"]


def test_it_costs_the_instances_of_a_month() -> None:
    book = PriceBook.layered(
        [
            PricePoint(
                "eu-west-1",
                CostComponent.INSTANCE_TIME,
                name,
                "instance-hour",
                option.usd_per_hour,
                "test",
                NOON.date(),
            )
            for name, option in TYPES.items()
            if option.usd_per_hour is not None
        ]
    )  # fmt: skip
    traffic = Traffic(Window(NOON - timedelta(days=7), NOON), Decimal(1000))
    cost = instance_changes.cost_change(checked("ml.c5d.xlarge", "3"), persona(), traffic, book, now=NOON)
    amounts = {(row.component, row.item): (row.before, row.after) for row in cost.rows}
    assert amounts[("instance-time", "ml.c5.xlarge")] == (Decimal("0.204") * 2 * 730, None)
    assert amounts[("instance-time", "ml.c5d.xlarge")] == (None, Decimal("0.23") * 3 * 730)


@pytest.mark.parametrize(
    ("config", "count", "standing"),
    [
        ("persona-mme-op-8f21c0de", 3, Standing.APPLIED),
        ("persona-mme-op-8f21c0de", 2, Standing.OVERWRITTEN),
        ("persona-cfg-4", 2, Standing.ROLLED_BACK),
    ],
)
def test_only_the_config_with_its_instances_proves_it(config: str, count: int, standing: Standing) -> None:
    plan = instance_changes.build(checked("ml.c5.2xlarge", "3"), persona(), CODE, None)
    live = EndpointState(
        name="persona-mme",
        arn="arn:aws:sagemaker:eu-west-1:111122223333:endpoint/persona-mme",
        created_at=NOON,
        status="InService",
        config_name=config,
        modified_at=NOON,
        variants=(VariantState("AllTraffic", current_instance_count=count),),
    )  # fmt: skip
    found = read(live, wanted=plan.wanted, observed=persona().version(), variant="AllTraffic")
    assert found.standing is standing
