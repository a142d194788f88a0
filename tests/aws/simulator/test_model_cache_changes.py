"""A simulated model cache follows its memory: more instances, larger ones, and fewer of them again."""

from datetime import datetime, timedelta

import boto3
import pytest

from tests.aws.pointed import pointed
from tests.aws.simulator.conftest import settled
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
HOUR = timedelta(hours=1)


def hits_and_unloads(process: SimulatorProcess, since: datetime) -> tuple[float, int]:
    """Of the hour that begins five minutes after a moment; the clock is moved past it."""
    start = since + timedelta(minutes=5)
    process.advance((start + HOUR - process.now()).total_seconds() + 60)
    (found,) = process.truth(start, start + HOUR)["variants"]
    return found["cache_hits"] / found["cache_requests"], found["unloads"]


def test_hits_follow_instance_count_and_type_up_and_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with SimulatorProcess("thrashing") as process, pointed(process, monkeypatch):
        sagemaker = boto3.client("sagemaker", "us-east-1")

        def counted(number: int) -> tuple[float, int]:
            sagemaker.update_endpoint_weights_and_capacities(
                EndpointName="persona-mme",
                DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": number}],
            )
            settled(sagemaker, "persona-mme")
            return hits_and_unloads(process, process.now())

        two = hits_and_unloads(process, process.now())
        three, one = counted(3), counted(1)
        assert one[0] < two[0] < three[0]
        assert one[1] > two[1] > three[1]
        assert two[0] == pytest.approx(0.62, abs=0.04), "as the fleet file says of two"

        sagemaker.create_endpoint_config(
            EndpointConfigName="roomy",
            ProductionVariants=[
                {
                    "VariantName": "AllTraffic",
                    "ModelName": "persona-mme-model",
                    "InstanceType": "ml.r5.xlarge",
                    "InitialInstanceCount": 2,
                }
            ],
        )
        sagemaker.update_endpoint(EndpointName="persona-mme", EndpointConfigName="roomy")
        settled(sagemaker, "persona-mme")
        roomy = hits_and_unloads(process, process.now())
        assert roomy[0] > 0.95
        assert roomy[1] == 0, "everything that is called fits"
