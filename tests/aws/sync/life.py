"""A life of endpoints at AWS as somebody else changes it, and both sides of what a mirror of it is compared by."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError
from celery.exceptions import SoftTimeLimitExceeded

from fleet.aws import sessions
from fleet.models import Endpoint, InferenceComponent, ScalableTarget, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

REGION = "us-east-1"
DIMENSION = "sagemaker:variant:DesiredProvisionedConcurrency"
READS = (
    "sagemaker:ListEndpoints",
    "sagemaker:DescribeEndpoint",
    "sagemaker:DescribeEndpointConfig",
    "sagemaker:DescribeModel",
    "sagemaker:ListInferenceComponents",
    "sagemaker:DescribeInferenceComponent",
    "application-autoscaling:Describe*",
    "tag:GetResources",
    "*:*",
)
SETTLED = timedelta(minutes=62)
"""The interval of the full check, and a little."""

Step = tuple[Any, ...]


class Life:
    """AWS as somebody else changes it, and the runs that look at it."""

    def __init__(self, simulator: SimulatorProcess, shard: Shard) -> None:
        self.simulator, self.shard = simulator, shard
        self.sagemaker = boto3.client("sagemaker", REGION)
        self.scaling = boto3.client("application-autoscaling", REGION)
        self.tagging = boto3.client("resourcegroupstaggingapi", REGION)

    def take(self, step: Step) -> None:
        """One step; AWS may refuse a change that makes no sense just now."""
        with suppress(ClientError):
            getattr(self, step[0])(*step[1:])

    def create(self, name: str, config: str) -> None:
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)

    def delete(self, name: str) -> None:
        self.sagemaker.delete_endpoint(EndpointName=name)

    def recreate(self, name: str, config: str) -> None:
        self.delete(name)
        self.simulator.advance(2)
        self.create(name, config)

    def update(self, name: str, config: str) -> None:
        self.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)

    def resize(self, name: str, concurrency: int) -> None:
        wish = {"ServerlessUpdateConfig": {"MaxConcurrency": concurrency, "ProvisionedConcurrency": 1}}
        self.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", **wish}]
        )

    def tag(self, name: str, key: str, value: str) -> None:
        self.sagemaker.add_tags(ResourceArn=_arn(name), Tags=[{"Key": key, "Value": value}])

    def untag(self, name: str, key: str) -> None:
        self.sagemaker.delete_tags(ResourceArn=_arn(name), TagKeys=[key])

    def scale(self, name: str, least: int, most: int) -> None:
        self.scaling.register_scalable_target(**_target(name), MinCapacity=least, MaxCapacity=most)

    def policy(self, name: str, target: float) -> None:
        tracking = {
            "TargetValue": target,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
            },
        }
        self.scaling.put_scaling_policy(
            **_target(name),
            PolicyName="track",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking,
        )

    def unscale(self, name: str) -> None:
        self.scaling.deregister_scalable_target(**_target(name))

    def component(self, name: str, copies: int, home: str) -> None:
        needs = {"NumberOfAcceleratorDevicesRequired": 1, "MinMemoryRequiredInMb": 1024}
        self.sagemaker.create_inference_component(
            InferenceComponentName=name,
            EndpointName=home,
            VariantName="AllTraffic",
            Specification={"ModelName": "spare-model", "ComputeResourceRequirements": needs},
            RuntimeConfig={"CopyCount": copies},
        )

    def copies(self, name: str, copies: int) -> None:
        self.sagemaker.update_inference_component_runtime_config(
            InferenceComponentName=name, DesiredRuntimeConfig={"CopyCount": copies}
        )

    def drop(self, name: str) -> None:
        self.sagemaker.delete_inference_component(InferenceComponentName=name)

    def move(self, name: str, home: str) -> None:
        """Delete it and make it anew under the same name, there or where it was, before anybody looks."""
        with suppress(ClientError):
            self.drop(name)
        self.simulator.advance(900)
        self.component(name, 1, home)

    def wait(self, seconds: float) -> None:
        self.simulator.advance(seconds)

    def fault(self, kind: str, action: str, share: float, seed: int) -> None:
        if action == "*:*":
            # Of the watching calls only: whoever changes things is not to be disturbed.
            for each in READS[:-1]:
                self.simulator.fault(kind, each, share=share, seed=seed)
        else:
            self.simulator.fault(kind, action, share=share, seed=seed)

    def calm(self) -> None:
        self.simulator.clear_faults()

    def routine(self) -> None:
        run_inventory(self.shard.pk, now=self.simulator.now(), is_routine=True)

    def full(self) -> None:
        run_inventory(self.shard.pk, now=self.simulator.now())

    def cut(self, after: int) -> None:
        """A run that the worker's time limit ends."""
        left = after

        def check() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise SoftTimeLimitExceeded

        with suppress(SoftTimeLimitExceeded):
            run_inventory(self.shard.pk, now=self.simulator.now(), check=check)

    def end(self) -> None:
        """Nothing disturbs any more; what a routine does within the hour after, and no more, has to suffice."""
        self.calm()
        sessions.reset()
        self.wait(60)
        self.routine()
        self.wait(SETTLED.total_seconds())
        self.routine()

    def truth(self) -> dict[str, Any]:
        """What AWS holds, asked by unmodified boto3."""
        described = [
            self.sagemaker.describe_endpoint(EndpointName=row["EndpointName"])
            for row in self.sagemaker.list_endpoints()["Endpoints"]
        ]
        tags = {
            row["ResourceARN"].lower(): {tag["Key"]: tag["Value"] for tag in row["Tags"]}
            for row in self.tagging.get_resources(ResourceTypeFilters=["sagemaker:endpoint"])[
                "ResourceTagMappingList"
            ]
        }
        policies = self.scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        tracked = {
            p["ResourceId"]: p["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for p in policies
        }
        targets = self.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        listed = self.sagemaker.list_inference_components()["InferenceComponents"]
        parts = [
            self.sagemaker.describe_inference_component(InferenceComponentName=c["InferenceComponentName"])
            for c in listed
        ]
        return {
            "endpoints": sorted(
                (
                    d["EndpointName"], d["CreationTime"], d["EndpointStatus"], d["EndpointConfigName"],
                    _capacities(d), tags.get(d["EndpointArn"].lower(), {}),
                )
                for d in described
            ),
            "targets": sorted(
                (t["ResourceId"], t["MinCapacity"], t["MaxCapacity"], tracked.get(t["ResourceId"])) for t in targets
            ),
            "components": sorted(
                (c["EndpointName"], c["InferenceComponentName"], c["CreationTime"], c["InferenceComponentStatus"],
                 c["RuntimeConfig"]["CurrentCopyCount"])
                for c in parts
            ),
        }  # fmt: skip


def mirror(shard: Shard) -> dict[str, Any]:
    """The same from our tables."""
    rows = Endpoint.objects.filter(shard=shard, closed_at=None).prefetch_related("variants")
    targets = ScalableTarget.objects.filter(shard=shard).prefetch_related("policies")
    parts = InferenceComponent.objects.filter(
        endpoint__shard=shard, endpoint__closed_at=None, removed_at=None
    )
    return {
        "endpoints": sorted(
            (
                e.name, e.created_at, e.status, e.config_name,
                tuple((v.current_instance_count, v.max_concurrency, v.provisioned_concurrency)
                      for v in e.variants.all() if v.removed_at is None),
                e.tags,
            )
            for e in rows
        ),
        "targets": sorted(
            (t.resource_id, t.min_capacity, t.max_capacity,
             next((p.configuration.get("TargetValue") for p in t.policies.all()), None))
            for t in targets
        ),
        "components": sorted((c.endpoint.name, c.name, c.created_at, c.status, c.current_copies) for c in parts),
    }  # fmt: skip


def _capacities(document: dict[str, Any]) -> tuple[Any, ...]:
    found = []
    for variant in document.get("ProductionVariants", []):
        serverless = variant.get("CurrentServerlessConfig", {})
        found.append(
            (
                variant.get("CurrentInstanceCount"),
                serverless.get("MaxConcurrency"),
                serverless.get("ProvisionedConcurrency"),
            )
        )
    return tuple(found)


def _arn(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:111122223333:endpoint/{name}"


def _target(name: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": DIMENSION,
    }
