"""Whatever happens at AWS and to the calls that watch it: once the faults are over, the mirror equals AWS.

Hypothesis makes up histories and shrinks a failing one to its essence. FLOTILLA_BENCH=full tries many more, each time
others.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from fleet.aws import sessions
from fleet.models import ChangeEvent, Endpoint, InferenceComponent, ScalableTarget, Shard
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

REGION = "us-east-1"
NAMES = ("alpha", "beta", "gamma")
CONFIGS = ("small", "large", "steady")
COMPONENTS = ("chat", "vision")
HOMES = ("shared", "spare")
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
FAULTS = (
    "throttle", "500", "deny", "expired-token", "vanish", "truncate", "reset", "repeat-token", "empty-page",
    "empty-list", "without-list", "unknown-field",
)  # fmt: skip
SETTLED = timedelta(minutes=62)
"""The interval of the full check, and a little."""
IS_DEEP = os.environ.get("FLOTILLA_BENCH") == "full"

Step = tuple[Any, ...]

names, configs, components = st.sampled_from(NAMES), st.sampled_from(CONFIGS), st.sampled_from(COMPONENTS)
concurrency = st.integers(2, 30)
CHANGES = (
    st.tuples(st.just("create"), names, configs),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("recreate"), names, configs),
    st.tuples(st.just("update"), names, configs),
    st.tuples(st.just("resize"), names, concurrency),
    st.tuples(st.just("tag"), names, st.sampled_from(("team", "owner")), st.sampled_from(("x", "y", ""))),
    st.tuples(st.just("untag"), names, st.sampled_from(("team", "owner"))),
    st.tuples(st.just("scale"), names, st.integers(1, 2), st.integers(2, 5)),
    st.tuples(st.just("policy"), names, st.sampled_from((0.5, 0.7))),
    st.tuples(st.just("unscale"), names),
    st.tuples(st.just("component"), components, st.integers(0, 1), st.sampled_from(HOMES)),
    st.tuples(st.just("move"), components, st.sampled_from(HOMES)),
    st.tuples(st.just("copies"), components, st.integers(0, 1)),
    st.tuples(st.just("drop"), components),
)
TIMES = (
    st.tuples(st.just("wait"), st.sampled_from((0.5, 30, 400, 1000, 4000))),
    st.tuples(st.just("wait"), st.sampled_from((30, 90))),
)
DISTURBANCES = (
    st.tuples(
        st.just("fault"),
        st.sampled_from(FAULTS),
        st.sampled_from(READS),
        st.sampled_from((0.3, 1.0)),
        st.integers(0, 9),
    ),
    st.tuples(st.just("calm")),
)
RUNS = (
    st.tuples(st.just("routine")),
    st.tuples(st.just("full")),
    st.tuples(st.just("cut"), st.integers(0, 12)),
)
history = st.lists(st.one_of(*CHANGES, *TIMES, *DISTURBANCES, *RUNS, *RUNS), min_size=6, max_size=14)


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


@given(steps=history)
@settings(
    max_examples=150 if IS_DEEP else 15,
    derandomize=not IS_DEEP,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_history_ends_in_a_mirror_of_aws(
    simulator: SimulatorProcess, shard: Shard, hurried: Callable[[], None], steps: Sequence[Step]
) -> None:
    note("\n".join(repr(step) for step in steps))
    simulator.clear_faults().reset("changing")
    hurried()
    with transaction.atomic():
        life = Life(simulator, shard)
        life.full()
        for step in steps:
            life.take(step)
        life.end()
        assert mirror(shard) == life.truth()
        shard.refresh_from_db()
        failing = {name: s["error"] for name, s in shard.sections.items() if s["error"]}
        assert (failing, shard.failures) == ({}, 0)
        assert _open_lives_of_closed(shard) == {}
        transaction.set_rollback(True)


@pytest.fixture
def hurried(simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """botocore gives up after the first attempt, so that faults cost no time; every history starts at full pace."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    return sessions.reset


def _open_lives_of_closed(shard: Shard) -> dict[int, int]:
    """Endpoints whose closings do not match their openings: each life is closed once."""
    wrong = {}
    for row in Endpoint.objects.filter(shard=shard):
        told = Counter(ChangeEvent.objects.filter(endpoint=row).values_list("category", flat=True))
        closings, openings = told["closed"], told["created"]
        if closings != openings - (row.closed_at is None):
            wrong[row.pk] = closings
    return wrong


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
