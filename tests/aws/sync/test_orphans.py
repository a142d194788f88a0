"""Configs and models that nothing uses are known, and marked gone when a complete listing lacks them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet.models import Endpoint, EndpointConfig, HostedModel, LinkCheck, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import FLEETS, SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]
QUARTER = timedelta(minutes=16)


def add_config(sagemaker: Any, name: str) -> None:
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "main",
                "ModelName": "beta-realtime-model",
                "InstanceType": "ml.c5.large",
                "InitialInstanceCount": 1,
            }
        ],
    )


def test_a_config_nobody_uses_is_found_described_once_and_marked_gone_when_deleted(
    simulator: SimulatorProcess, sagemaker: Any, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    models = HostedModel.objects.all()
    add_config(sagemaker, "left-over")
    run_inventory(shard.pk, now=now + QUARTER)
    found = EndpointConfig.objects.get(name="left-over")
    assert found.gone_at is None
    assert found.variants.get().instance_type == "ml.c5.large"
    assert models.count() == models.filter(gone_at=None).count() > 0
    simulator.reset_calls()
    run_inventory(shard.pk, now=now + 2 * QUARTER)
    assert "sagemaker:DescribeEndpointConfig" not in simulator.calls()["calls"]
    sagemaker.delete_endpoint_config(EndpointConfigName="left-over")
    run_inventory(shard.pk, now=now + 3 * QUARTER)
    found.refresh_from_db()
    assert found.gone_at == now + 3 * QUARTER


def test_an_incomplete_listing_marks_nothing_gone(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    simulator.fault("truncate", "sagemaker:ListEndpointConfigs")
    outcome = run_inventory(shard.pk, now=now + QUARTER)
    assert "configs" in outcome.failed_sections
    assert not EndpointConfig.objects.exclude(gone_at=None).exists()


def test_a_refused_check_is_an_answer_that_names_the_action(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    simulator.add_endpoint(
        account="test", region="us-east-1", name="built", created="-3d",
        model={"image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/ours:1"},
        instances={"type": "ml.m5.xlarge", "count": 1}, traffic={"model": "idle"},
    )  # fmt: skip
    run_inventory(shard.pk, now=now)
    for action in ("ecr:DescribeImages", "iam:GetRole", "s3:*"):
        simulator.fault("deny", action)
    outcome = run_inventory(shard.pk, now=now + QUARTER)
    assert "links" not in outcome.failed_sections
    asked = LinkCheck.objects.exclude(state="aws-owned")
    states = set(asked.values_list("kind", "state"))
    assert states == {("image", "unknown"), ("role", "unknown"), ("artefact", "unknown")}
    assert set(asked.values_list("action", flat=True)) == {
        "ecr:DescribeImages", "iam:GetRole", "s3:ListBucket",
    }  # fmt: skip


def test_nobody_asks_for_an_image_of_aws_s_own_registries(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    """The fleet's models run SageMaker's XGBoost container, whose registry answers no stranger."""
    run_inventory(shard.pk, now=now)
    simulator.fault("deny", "ecr:DescribeImages")
    simulator.reset_calls()
    run_inventory(shard.pk, now=now + QUARTER)
    (image,) = LinkCheck.objects.filter(kind="image")
    assert (image.target.partition(".")[0], image.state, image.action) == ("683313688378", "aws-owned", "")
    assert image.detail == "AWS's image, in a registry of AWS: not ours to ask, and AWS keeps it."
    assert "ecr:DescribeImages" not in simulator.calls()["calls"]
    assert set(Endpoint.objects.values_list("built_from", flat=True)) == {"patchable"}


def test_what_exists_is_found_and_what_the_fleet_lost_is_gone(
    simulator: SimulatorProcess, shard: Shard, now: datetime, tmp_path: Path
) -> None:
    document = yaml.safe_load((FLEETS / "two_endpoints.yaml").read_text())
    # What only begins like the artefact's name does not stand in for it.
    document["accounts"][0]["missing"] = {
        "objects": ["*/beta-realtime/*"],
        "left_over": ["sim-models/beta-realtime/model.tar.gz.bak"],
    }
    path = tmp_path / "fleet.yaml"
    path.write_text(yaml.safe_dump(document))
    simulator.reset(path)
    run_inventory(shard.pk, now=now)
    run_inventory(shard.pk, now=now + QUARTER)
    artefacts = dict(LinkCheck.objects.filter(kind="artefact").values_list("target", "state"))
    assert artefacts == {
        "s3://sim-models/alpha-serverless/model.tar.gz": "found",
        "s3://sim-models/beta-realtime/model.tar.gz": "gone",
    }
    assert set(LinkCheck.objects.filter(kind="role").values_list("state", flat=True)) == {"found"}
    # The listing that told it is there told its bytes, too; of what is gone there are none.
    sizes = dict(LinkCheck.objects.values_list("target", "size_bytes"))
    assert 40_000_000 <= (sizes["s3://sim-models/alpha-serverless/model.tar.gz"] or 0) < 900_000_000
    assert sizes["s3://sim-models/beta-realtime/model.tar.gz"] is None


def test_registries_that_refuse_do_not_hide_the_images_of_ones_that_answer(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    images = [f"000000000001.dkr.ecr.us-east-1.amazonaws.com/theirs-{n}:1" for n in range(6)]
    own = "111122223333.dkr.ecr.us-east-1.amazonaws.com/ours:1"
    for n, image in enumerate([*images, own]):
        simulator.add_endpoint(
            account="test", region="us-east-1", name=f"built-{n}", created="-3d", model={"image": image},
            instances={"type": "ml.m5.xlarge", "count": 1}, traffic={"model": "idle"},
        )  # fmt: skip
    run_inventory(shard.pk, now=now)
    simulator.reset_calls()
    run_inventory(shard.pk, now=now + QUARTER)
    rows = {row.target: row for row in LinkCheck.objects.filter(kind="image")}
    assert (rows[own].state, rows[own].size_bytes) == ("found", 1_500_000_000)
    assert {rows[image].size_bytes for image in images} == {None}
    assert {rows[image].state for image in images} == {"unknown"}
    for n, image in enumerate(images[:4]):
        assert f"repository/theirs-{n}" in rows[image].detail
    for image in images[4:]:
        assert rows[image].detail == (
            "Not asked for: AWS refused 4 others in 000000000001.dkr.ecr.us-east-1.amazonaws.com."
        )
    # Four of theirs; nobody asks for the image of the other endpoints, which lies in a registry of AWS.
    assert simulator.calls()["errors"]["AccessDeniedException"] == 4
