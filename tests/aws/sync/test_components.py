"""Inference components are mirrored where they are, also when one comes back elsewhere under the same name."""

from typing import Any

import pytest

from fleet.models import ComponentPeriod, InferenceComponent, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
HOUR_S = 3600


def home(name: str, component: str) -> dict[str, Any]:
    return {
        "account": "test", "region": "us-east-1", "name": name, "created": "-30d",
        "instances": {"type": "ml.g5.2xlarge", "count": 1},
        "components": [{"name": component, "copies": 1, "accelerators": 1, "memory_mb": 1024}],
    }  # fmt: skip


def move(simulator: SimulatorProcess, sagemaker: Any, name: str, to: str) -> None:
    """Delete the component and make it anew on the other endpoint."""
    before = sagemaker.describe_inference_component(InferenceComponentName=name)["Specification"]
    sagemaker.delete_inference_component(InferenceComponentName=name)
    simulator.advance(HOUR_S)
    variant = sagemaker.describe_endpoint(EndpointName=to)["ProductionVariants"][0]["VariantName"]
    fields = ("ModelName", "ComputeResourceRequirements")
    sagemaker.create_inference_component(
        InferenceComponentName=name, EndpointName=to, VariantName=variant,
        Specification={key: before[key] for key in fields if key in before}, RuntimeConfig={"CopyCount": 1},
    )  # fmt: skip
    simulator.advance(HOUR_S)


def places(name: str) -> list[str]:
    rows = InferenceComponent.objects.filter(name=name, removed_at=None)
    return list(rows.values_list("endpoint__name", flat=True))


def test_a_component_made_anew_elsewhere_is_shown_there_and_there_alone(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard
) -> None:
    simulator.add_endpoints([home("first", "chat"), home("second", "other")])
    run_inventory(shard.pk, now=simulator.now())
    assert places("chat") == ["first"]
    for there in ("second", "first"):
        move(simulator, sagemaker, "chat", there)
        run_inventory(shard.pk, now=simulator.now())
        assert places("chat") == [there]
        made = sagemaker.describe_inference_component(InferenceComponentName="chat")["CreationTime"]
        assert InferenceComponent.objects.get(name="chat", removed_at=None).created_at == made


def held(name: str) -> list[tuple[int | None, float | None, bool]]:
    """Copies, accelerators of each and whether it still is, period by period."""
    found = ComponentPeriod.objects.filter(component__name=name).order_by("start")
    return [(period.copies, period.accelerators, period.end is None) for period in found]


def test_what_a_component_holds_is_kept_over_time(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard
) -> None:
    simulator.add_endpoints([home("first", "chat")])
    run_inventory(shard.pk, now=simulator.now())
    component = InferenceComponent.objects.get(name="chat")
    assert held("chat") == [(1, 1.0, True)]
    assert ComponentPeriod.objects.get().start == component.created_at
    run_inventory(shard.pk, now=simulator.now())
    assert held("chat") == [(1, 1.0, True)]

    sagemaker.update_inference_component_runtime_config(
        InferenceComponentName="chat", DesiredRuntimeConfig={"CopyCount": 0}
    )
    simulator.advance(HOUR_S)
    run_inventory(shard.pk, now=simulator.now())
    assert held("chat") == [(1, 1.0, False), (0, 1.0, True)]
    first, second = ComponentPeriod.objects.order_by("start")
    assert first.end == second.start <= simulator.now()

    sagemaker.delete_inference_component(InferenceComponentName="chat")
    simulator.advance(HOUR_S)
    run_inventory(shard.pk, now=simulator.now())
    assert held("chat") == [(1, 1.0, False), (0, 1.0, False)]
