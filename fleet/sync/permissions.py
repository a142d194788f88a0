"""A live check of what a scope's credentials may read: one call per IAM action that Flotilla uses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fleet.aws import autoscaling, batch, cloudwatch, pricing, quotas, sagemaker, sts, tags
from fleet.catalogue import INVOCATION_NAMESPACE
from fleet.errors import AccessDenied, AwsError, CredentialsInvalid, Invalid, NotFound
from fleet.types import AwsScope

# A name that no endpoint has: asking for it proves the permission without needing one to exist.
_PROBE = "flotilla-permission-check"


@dataclass(frozen=True)
class Check:
    """One permission: the IAM action, what is lost or replaced without it, and AWS's refusal (None = allowed)."""

    action: str
    disables: str
    error: AwsError | None


@dataclass(frozen=True)
class _Read:
    action: str
    disables: str
    attempt: Callable[[AwsScope], object]


def check(scope: AwsScope) -> list[Check]:
    """Try every read. Raises CredentialsInvalid when the credentials themselves do not work."""
    return [_try(read, scope) for read in READS]


def _try(read: _Read, scope: AwsScope) -> Check:
    try:
        read.attempt(scope)
    except CredentialsInvalid:
        raise
    except (NotFound, Invalid):
        return Check(read.action, read.disables, None)
    except AccessDenied as error:
        return Check(error.action, read.disables, error)
    except AwsError as error:
        return Check(read.action, read.disables, error)
    return Check(read.action, read.disables, None)


def _first(listing: Callable[[AwsScope], Iterator[object]]) -> Callable[[AwsScope], object]:
    """Reads the first page of a listing."""
    return lambda scope: next(iter(listing(scope)), None)


def _metric(scope: AwsScope) -> object:
    names = (("EndpointName", _PROBE), ("VariantName", _PROBE))
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    query = cloudwatch.Query(INVOCATION_NAMESPACE, "Invocations", names, "Sum", 3600)
    return cloudwatch.get_metric_data(scope, [query], until - timedelta(hours=1), until)


def _price(scope: AwsScope) -> object:
    return next(pricing.sagemaker_products(scope, scope.region, volumeType="General Purpose-Hosting"), None)


READS = (
    _Read("sts:GetCallerIdentity", "finding out whose credentials these are", sts.caller_identity),
    _Read("sagemaker:ListEndpoints", "everything: no endpoint is found", _first(sagemaker.list_endpoints)),
    _Read(
        "sagemaker:DescribeEndpoint",
        "variants, capacity and costs of endpoints",
        lambda scope: sagemaker.describe_endpoint(scope, _PROBE),
    ),
    _Read(
        "sagemaker:DescribeEndpointConfig",
        "kinds, configuration history and operations",
        lambda scope: sagemaker.describe_endpoint_config(scope, _PROBE),
    ),
    _Read(
        "sagemaker:DescribeModel",
        "telling multi-model and multi-container endpoints apart",
        lambda scope: sagemaker.describe_model(scope, _PROBE),
    ),
    _Read(
        "sagemaker:ListInferenceComponents",
        "inference components",
        _first(sagemaker.list_inference_components),
    ),
    _Read(
        "sagemaker:DescribeInferenceComponent",
        "copies of inference components",
        lambda scope: sagemaker.describe_inference_component(scope, _PROBE),
    ),
    _Read(
        "sagemaker:ListTransformJobs", "the Batch page: transform jobs", _first(batch.list_transform_jobs)
    ),
    _Read(
        "sagemaker:DescribeTransformJob",
        "settings, instances and costs of transform jobs",
        lambda scope: batch.describe_transform_job(scope, _PROBE),
    ),
    _Read("cloudwatch:GetMetricData", "charts, cold starts, cache, costs by traffic, alerts", _metric),
    _Read(
        "application-autoscaling:DescribeScalableTargets",
        "the Scaling page",
        _first(autoscaling.scalable_targets),
    ),
    _Read(
        "application-autoscaling:DescribeScalingPolicies",
        "scaling policies",
        _first(autoscaling.scaling_policies),
    ),
    _Read(
        "application-autoscaling:DescribeScheduledActions",
        "scheduled scaling",
        _first(autoscaling.scheduled_actions),
    ),
    _Read("tag:GetResources", "owners, teams and tags", tags.endpoint_tags),
    _Read(
        "servicequotas:ListServiceQuotas",
        "your own quotas: documented defaults are shown instead",
        _first(quotas.sagemaker_quotas),
    ),
    _Read("pricing:GetProducts", "current prices: the built-in dated snapshot is used instead", _price),
)
