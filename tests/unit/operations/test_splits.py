"""A second endpoint for some of the models, and its way back: what is refused, sent and told."""

from dataclasses import replace
from typing import Any

import pytest

from fleet.errors import Refusal
from fleet.operations import splits, unsplits
from fleet.operations.kinds import InstanceOption, Observed, SplitChange, SplitOrigin, SplitWish
from fleet.operations.schedules import INSTANCES, Spot
from tests.unit.operations.wishes import CONFIG, context, seen

SPOT = Spot(
    "endpoint/persona-mme/variant/AllTraffic", INSTANCES, "AllTraffic", 2, 1, instance_type="ml.c5.large"
)
VARIANT = {
    "VariantName": "AllTraffic", "ModelName": "persona", "InstanceType": "ml.c5.large", "InitialInstanceCount": 2,
    "VolumeSizeInGB": 30,
}  # fmt: skip
WISH = SplitWish("persona-b", "1", "en/a.tar.gz\n en/b.tar.gz \n\nen/a.tar.gz\n")
ORIGIN = SplitOrigin("k3x9", "persona-mme", 0.0)


def persona(**changes: Any) -> Observed:
    document = CONFIG | {
        "ProductionVariants": [VARIANT],
        "ShadowProductionVariants": [{"VariantName": "next"}],
    }
    found = replace(
        seen(), endpoint="persona-mme", kind="multi-model", variant="", serverless=None, spots=(SPOT,),
        config_document=document,
    )  # fmt: skip
    return replace(found, **changes)


def refused(wish: SplitWish, where: Observed | None = None, **also: Any) -> list[tuple[str, str]]:
    facts = {"is_taken": False, "hosted": 400} | also
    instances = facts.pop("instances", None)
    around = context(instances=instances) if instances else context()
    change, found = splits.check(wish, where or persona(), around, **facts)
    assert change is None
    return [(refusal.field, refusal.code) for refusal in found]


def checked() -> SplitChange:
    change, found = splits.check(WISH, persona(), context(), is_taken=False, hosted=400)
    assert change is not None, found
    return change


def test_the_copy_has_the_same_container_and_type_and_the_old_endpoint_is_in_no_call() -> None:
    change = checked()
    assert change.models == ("en/a.tar.gz", "en/b.tar.gz")
    plan = splits.build(change, persona(), "k3x9", None)
    assert plan.config["EndpointConfigName"] == "persona-b-op-k3x9"
    assert plan.config["ProductionVariants"] == [VARIANT | {"InitialInstanceCount": 1}]
    assert plan.config["ANewFieldOfTomorrow"] == CONFIG["ANewFieldOfTomorrow"]
    assert "ShadowProductionVariants" not in plan.config
    assert [step.action for step in plan.steps] == [
        "read-state", "create-config", "create-endpoint", "prove-created",
    ]  # fmt: skip
    sent = [call for call in plan.calls if not call.is_skipped]
    assert [call.action for call in sent] == ["DescribeEndpoint", "CreateEndpointConfig", "CreateEndpoint"]
    assert "EndpointName=persona-b" in sent[-1].arguments
    assert plan.wanted["new_endpoint"] == "persona-b"
    told = {warning.code: warning.text for warning in plan.warnings}
    assert "Flotilla moves no calls" in told["callers-move"]
    assert {"cold-cache", "one-instance", "no-shadow", "quota-not-read"} <= set(told)
    assert ("For callers to send there", "2 models: en/a.tar.gz, en/b.tar.gz") in [
        (row.field, row.after) for row in plan.differences
    ]


@pytest.mark.parametrize(
    ("changes", "facts", "found"),
    [
        ({"name": ""}, {}, [("name", "missing")]),
        ({"name": "-b"}, {}, [("name", "name")]),
        ({"name": "b" * 64}, {}, [("name", "name")]),
        ({"name": "persona-mme"}, {}, [("name", "taken")]),
        ({}, {"is_taken": True}, [("name", "taken")]),
        ({"instance_count": "two"}, {}, [("instance_count", "not-a-number")]),
        ({"instance_count": "0"}, {}, [("instance_count", "count-out-of-range")]),
        ({"models": " \n"}, {}, [("models", "missing")]),
        ({"models": "a\nb"}, {"hosted": 2}, [("models", "all-move")]),
        ({"models": "a\tb\x07"}, {}, [("models", "model-name")]),
        ({"models": "m" * 1025}, {}, [("models", "model-name")]),
        ({"models": "\n".join(map(str, range(5001)))}, {"hosted": None}, [("models", "too-many")]),
        (
            {"instance_count": "2"},
            {"instances": {"ml.c5.large": InstanceOption("ml.c5.large", 4096, quota=5, held=2)}},
            [("instance_count", "instance-quota")],
        ),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    changes: dict[str, str], facts: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert refused(replace(WISH, **changes), **facts) == found


def test_only_a_multi_model_endpoint_splits_whatever_scales_it() -> None:
    assert refused(WISH, persona(kind="real-time")) == [("", "not-multi-model")]
    assert refused(WISH, persona(status="Updating")) == [("", "not-in-service")]
    scaled = replace(SPOT, minimum=1, maximum=4)
    change, found = splits.check(WISH, persona(spots=(scaled,)), context(), is_taken=False, hosted=None)
    assert change is not None, found
    assert "no-scaling" in [warning.code for warning in splits.warnings(change, persona(spots=(scaled,)))]


def test_only_what_a_split_made_is_deleted_and_only_while_nobody_calls_it() -> None:
    second = persona(endpoint="persona-b", config_name="persona-b-op-k3x9")

    def codes(origin: SplitOrigin | None, where: Observed = second) -> list[str]:
        found: list[Refusal] = unsplits.check(where, context(), origin)[1]
        return [refusal.code for refusal in found]

    assert codes(None) == ["not-a-split"]
    assert codes(replace(ORIGIN, calls=3.0)) == ["still-called"]
    assert codes(ORIGIN, replace(second, status="Creating")) == ["not-in-service"]
    assert codes(ORIGIN, replace(second, status="Failed")) == []
    change, found = unsplits.check(second, context(), replace(ORIGIN, calls=None))
    assert change is not None, found
    plan = unsplits.build(change, second, None)
    assert [step.action for step in plan.steps] == [
        "delete-endpoint",
        "wait-gone",
        "delete-config",
        "prove-gone",
    ]
    assert [call.action for call in plan.calls][1:] == ["DeleteEndpoint", "DeleteEndpointConfig"]
    assert {warning.code for warning in plan.warnings} == {"deleted", "calls-unknown"}
    assert any(warning.is_irreversible for warning in plan.warnings)
