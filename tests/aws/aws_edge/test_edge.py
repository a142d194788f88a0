"""The AWS edge: every failure becomes one of our errors with AWS's own words, every request is counted."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from fleet.aws import autoscaling, clients, cloudwatch, errors, meter, sagemaker, sessions, sts
from fleet.errors import (
    AccessDenied,
    AwsError,
    Conflict,
    CredentialsInvalid,
    Invalid,
    LimitExceeded,
    NotFound,
    Throttled,
    Unavailable,
)
from fleet.types import AwsScope
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws

SCOPE = AwsScope("111122223333", "us-east-1")


def translated(code: str, message: str, status: int = 400) -> AwsError:
    """What a ClientError with this code and message becomes."""
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
    }
    with pytest.raises(AwsError) as caught, errors.translating(SCOPE, "sagemaker:UpdateEndpoint"):
        raise ClientError(response, "UpdateEndpoint")  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("code", "message", "status", "kind"),
    [
        ("ValidationException", 'Could not find endpoint "arn:x".', 400, NotFound),
        ("ValidationException", 'Cannot update in-progress endpoint "arn:x".', 400, Conflict),
        (
            "ValidationException",
            'Cannot create already existing endpoint configuration "arn:x".',
            400,
            Conflict,
        ),
        ("ValidationException", "1 validation error detected", 400, Invalid),
        ("ValidationError", "The instance type is not supported", 400, Invalid),
        ("ResourceLimitExceeded", "The account-level service limit", 400, LimitExceeded),
        ("ResourceInUse", "in use", 400, Conflict),
        ("ResourceNotFound", "no", 400, NotFound),
        ("ObjectNotFoundException", "No scalable target registered", 400, NotFound),
        ("ThrottlingException", "Rate exceeded", 400, Throttled),
        ("AccessDeniedException", "no", 400, AccessDenied),
        ("ExpiredTokenException", "expired", 403, CredentialsInvalid),
        ("UnrecognizedClientException", "invalid", 403, CredentialsInvalid),
        ("InternalFailure", "oops", 500, Unavailable),
        ("ServiceUnavailable", "later", 503, Unavailable),
    ],
)
def test_code_and_words_decide_the_kind(code: str, message: str, status: int, kind: type[AwsError]) -> None:
    error = translated(code, message, status)
    assert type(error) is kind
    assert (error.code, error.message, error.request_id) == (code, message, "r-1")
    assert (error.account, error.region, error.action) == (
        "111122223333",
        "us-east-1",
        "sagemaker:UpdateEndpoint",
    )


def test_missing_action_is_taken_from_awss_words() -> None:
    message = "User: arn:x is not authorized to perform: iam:PassRole on resource: y"
    assert translated("AccessDeniedException", message).action == "iam:PassRole"


def test_endpoints_come_with_all_their_pages(simulator: SimulatorProcess) -> None:
    simulator.add_endpoints(
        [
            {
                "name": f"many-{n:03}",
                "account": "test",
                "region": "us-east-1",
                "serverless": {"memory_mb": 1024, "max_concurrency": 1},
            }
            for n in range(205)
        ]
    )
    names = [endpoint.name for endpoint in sagemaker.list_endpoints(SCOPE)]
    assert len(names) == len(set(names)) == 207
    assert simulator.calls()["calls"]["sagemaker:ListEndpoints"] == 3


def test_body_cut_short_is_never_an_empty_answer(simulator: SimulatorProcess) -> None:
    simulator.fault("truncate", "*")
    with pytest.raises(Unavailable, match="without Endpoints"):
        list(sagemaker.list_endpoints(SCOPE))
    with pytest.raises(Unavailable):
        sagemaker.describe_endpoint(SCOPE, "alpha-serverless")
    with pytest.raises(Unavailable):
        list(autoscaling.scalable_targets(SCOPE))


def test_describe_tells_capacity_and_hides_environment_values(simulator: SimulatorProcess) -> None:
    state = sagemaker.describe_endpoint(SCOPE, "alpha-serverless")
    (variant,) = state.variants
    assert variant.current_serverless is not None
    assert (variant.current_serverless.memory_mb, variant.current_serverless.max_concurrency) == (2048, 20)
    config = sagemaker.describe_endpoint_config(SCOPE, state.config_name)
    name = config["ProductionVariants"][0]["ModelName"]
    model = sagemaker.describe_model(SCOPE, name)
    sessions.call(
        SCOPE,
        "sagemaker",
        "create_model",
        ModelName="with-secret",
        ExecutionRoleArn=model["ExecutionRoleArn"],
        PrimaryContainer={
            "Image": model["PrimaryContainer"]["Image"],
            "Environment": {"TOKEN": "canary-secret"},
        },
    )
    document = sagemaker.describe_model(SCOPE, "with-secret")
    assert document["PrimaryContainer"]["Environment"] == {"TOKEN": "(not stored)"}
    assert "canary-secret" not in str(document)


def test_missing_endpoint_is_not_found(simulator: SimulatorProcess) -> None:
    with pytest.raises(NotFound) as caught:
        sagemaker.describe_endpoint(SCOPE, "nobody")
    assert caught.value.message.startswith("Could not find endpoint")
    assert caught.value.request_id


def test_writers_return_the_request_id_and_refusals_word_for_word(simulator: SimulatorProcess) -> None:
    state = sagemaker.describe_endpoint(SCOPE, "alpha-serverless")
    config = sagemaker.describe_endpoint_config(SCOPE, state.config_name)
    variant = {
        **config["ProductionVariants"][0],
        "ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 20},
    }
    document = {"EndpointConfigName": "alpha-2", "ProductionVariants": [variant]}
    assert sagemaker.create_endpoint_config(SCOPE, document)
    with pytest.raises(Conflict, match="Cannot create already existing endpoint configuration"):
        sagemaker.create_endpoint_config(SCOPE, document)
    assert sagemaker.update_endpoint(SCOPE, "alpha-serverless", "alpha-2")
    with pytest.raises(Conflict, match="in-progress"):
        sagemaker.update_endpoint(SCOPE, "alpha-serverless", "alpha-2")
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    assert sagemaker.update_weights_and_capacities(SCOPE, "beta-realtime", desired)
    assert sagemaker.describe_endpoint(SCOPE, "beta-realtime").status == "Updating"


def test_scaling_targets_are_written_and_removed(simulator: SimulatorProcess) -> None:
    resource, dimension = (
        "endpoint/beta-realtime/variant/AllTraffic",
        "sagemaker:variant:DesiredInstanceCount",
    )
    autoscaling.register_scalable_target(SCOPE, resource, dimension, minimum=1, maximum=4)
    tracking = {
        "TargetValue": 100.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    autoscaling.put_scaling_policy(SCOPE, resource, dimension, "p", "TargetTrackingScaling", tracking)
    assert [t["MaxCapacity"] for t in autoscaling.scalable_targets(SCOPE)] == [4]
    assert [p["PolicyName"] for p in autoscaling.scaling_policies(SCOPE)] == ["p"]
    autoscaling.deregister_scalable_target(SCOPE, resource, dimension)
    assert list(autoscaling.scaling_policies(SCOPE)) == []
    with pytest.raises(NotFound):
        autoscaling.deregister_scalable_target(SCOPE, resource, dimension)


def test_every_attempt_on_the_wire_is_counted(simulator: SimulatorProcess) -> None:
    simulator.fault("throttle", "sagemaker:ListEndpoints", count=1)
    with meter.recording() as tally:
        list(sagemaker.list_endpoints(SCOPE))
        with pytest.raises(NotFound):
            sagemaker.describe_endpoint(SCOPE, "nobody")
    listed, described = tally.actions["sagemaker:ListEndpoints"], tally.actions["sagemaker:DescribeEndpoint"]
    assert (listed.calls, listed.throttles, listed.errors) == (2, 1, 0)
    assert (described.calls, described.throttles, described.errors) == (1, 0, 1)
    assert tally.calls == 3


def test_calls_of_other_threads_count_for_the_run_that_started_them(simulator: SimulatorProcess) -> None:
    names = ["alpha-serverless", "beta-realtime", "nobody"]
    with meter.recording() as tally:
        answers = list(sessions.each(lambda name: sagemaker.describe_endpoint(SCOPE, name), names))
    assert [name for name, _ in answers] == names
    assert isinstance(answers[2][1], NotFound)
    assert tally.actions["sagemaker:DescribeEndpoint"].calls == 3


def test_role_is_assumed_once_for_all_regions_and_services(simulator: SimulatorProcess) -> None:
    role = "arn:aws:iam::111122223333:role/Guarded"
    for region in ("us-east-1", "eu-west-1"):
        scope = AwsScope("111122223333", region, role, "shared-secret")
        list(sagemaker.list_endpoints(scope))
        list(autoscaling.scalable_targets(scope))
        assert sts.caller_identity(scope).arn.startswith("arn:aws:sts::111122223333:assumed-role/Guarded/")
    assert simulator.calls()["calls"]["sts:AssumeRole"] == 1


def test_role_is_assumed_again_before_its_hour_is_over(simulator: SimulatorProcess) -> None:
    scope = AwsScope("111122223333", "us-east-1", "arn:aws:iam::111122223333:role/Reader")
    sagemaker.describe_endpoint(scope, "alpha-serverless")
    simulator.advance(7200)
    # The simulator's clock is ahead of this process: the token is over before its time, as when a session is revoked.
    sagemaker.describe_endpoint(scope, "alpha-serverless")
    assert simulator.calls()["calls"]["sts:AssumeRole"] == 2


def test_a_role_that_sts_keeps_waiting_stops_no_other_account(simulator: SimulatorProcess) -> None:
    simulator.reset("one_of_each")
    slow = AwsScope("444455556666", "eu-west-1", "arn:aws:iam::444455556666:role/Guarded", "shared-secret")
    other = AwsScope("111122223333", "us-east-1", "arn:aws:iam::111122223333:role/Reader")
    simulator.fault("latency", "sts:AssumeRole", resource=slow.role_arn, seconds=5.0)
    with ThreadPoolExecutor(max_workers=2) as pool:
        waiting = [pool.submit(sts.caller_identity, slow) for _ in range(2)]
        deadline = time.monotonic() + 10
        while "sts:AssumeRole" not in simulator.calls()["calls"]:
            assert time.monotonic() < deadline
        assert sts.caller_identity(other).account_id == "111122223333"
        assert not any(call.done() for call in waiting)
        assert {call.result().account_id for call in waiting} == {"444455556666"}
    # The two threads that wanted the same role share one AssumeRole; the other role took the second.
    assert simulator.calls()["calls"]["sts:AssumeRole"] == 2


def test_absent_credentials_are_told_as_such(
    simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    sessions.reset()
    with pytest.raises(CredentialsInvalid, match="Unable to locate credentials"):
        sts.caller_identity(SCOPE)


def test_metric_batches_keep_their_order_and_stay_within_aws_limits(simulator: SimulatorProcess) -> None:
    end = simulator.now().replace(minute=0, second=0, microsecond=0)
    start = end - timedelta(hours=24)

    def query(endpoint: str) -> cloudwatch.Query:
        names = (("EndpointName", endpoint), ("VariantName", "AllTraffic"))
        return cloudwatch.Query("AWS/SageMaker", "Invocations", names, "Sum", 60)

    wanted = [query("beta-realtime"), *[query("nobody")] * 100, query("alpha-serverless")]
    with meter.recording() as tally:
        series = cloudwatch.get_metric_data(SCOPE, wanted, start, end)
    # 1,440 points a series: 70 of them are 100,800, the most one call may return.
    assert tally.actions["cloudwatch:GetMetricData"].calls == 2
    assert tally.metrics_requested == 102
    assert not any(found.values for found in series[1:-1])
    truth = {row["endpoint"]: row["invocations"] for row in simulator.truth(start, end)["variants"]}
    assert sum(series[0].values) == truth["beta-realtime"]
    assert sum(series[-1].values) == truth["alpha-serverless"]
    assert series[0].stamps == [int(start.timestamp()) + 60 * n for n in range(1440)]


def test_metric_under_the_wrong_dimensions_is_silent(simulator: SimulatorProcess) -> None:
    end = simulator.now()
    wrong = cloudwatch.Query("AWS/SageMaker", "Invocations", (("EndpointName", "beta-realtime"),), "Sum", 60)
    (series,) = cloudwatch.get_metric_data(SCOPE, [wrong], end - timedelta(hours=1), end)
    assert series.values == []


@pytest.mark.parametrize("value", [1795226400, 1795226400.0, "1795226400", "2026-11-21T02:00:00Z"])
def test_timestamps_of_every_protocol_become_epoch_seconds(value: object) -> None:
    assert clients.epoch_seconds(value) == int(datetime(2026, 11, 21, 2, tzinfo=UTC).timestamp())


def test_equal_scopes_share_one_client(simulator: SimulatorProcess) -> None:
    sagemaker.describe_endpoint(SCOPE, "alpha-serverless")
    first = clients.client(SCOPE, "sagemaker")
    assert clients.client(AwsScope("111122223333", "us-east-1"), "sagemaker") is first
    assert clients.client(AwsScope("111122223333", "eu-west-1"), "sagemaker") is not first


def test_a_read_is_judged_by_aws_alone_and_a_write_by_the_sdk_before_it_is_sent(
    simulator: SimulatorProcess,
) -> None:
    simulator.reset_calls()
    with pytest.raises(Invalid) as read:
        sessions.call(SCOPE, "sagemaker", "describe_endpoint", EndpointName=5)
    with pytest.raises(Invalid) as write:
        sessions.call(SCOPE, "sagemaker", "delete_endpoint", EndpointName=5)
    assert (read.value.code, write.value.code) == ("SerializationException", "ParamValidationError")
    assert simulator.calls()["calls"] == {"sagemaker:DescribeEndpoint": 1}
