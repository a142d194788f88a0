"""A live check of what a scope's credentials may read: one call per IAM action that Flotilla uses."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fleet.access.aws_actions import WITHOUT
from fleet.access.aws_roles import principal_of
from fleet.access.regions import partition_of_region
from fleet.aws import (
    autoscaling,
    batch,
    billing,
    blueprints,
    cloudwatch,
    iam,
    links,
    pricing,
    quotas,
    regions,
    sagemaker,
    savings_plans,
    sts,
    tags,
)
from fleet.catalogue import INVOCATION_NAMESPACE
from fleet.errors import AccessDenied, AwsError, CredentialsInvalid, Invalid, NotFound, Unavailable
from fleet.types import AwsScope

# A name that no endpoint has: asking for it proves the permission without needing one to exist.
_PROBE = "flotilla-permission-check"


@dataclass(frozen=True)
class Check:
    """One permission: the IAM action, what is lost or replaced without it, and AWS's refusal (None = allowed).

    Proven by a real, harmless call: a listing's first page, or the description of a thing that does not exist.
    """

    action: str
    disables: str
    error: AwsError | None

    @property
    def is_missing(self) -> bool:
        """Whether AWS refused it; a busy or absent AWS says nothing about a permission."""
        return isinstance(self.error, AccessDenied)


@dataclass(frozen=True)
class _Read:
    """is_simulated: IAM's simulator is asked, because the call itself would cost money."""

    action: str
    attempt: Callable[[AwsScope], object]
    is_simulated: bool = False

    @property
    def disables(self) -> str:
        return WITHOUT[self.action]


def check(scope: AwsScope) -> list[Check]:
    """Try every read. Raises CredentialsInvalid when the credentials themselves do not work."""
    return list(each(scope))


def each(scope: AwsScope) -> Iterator[Check]:
    """As `check`, one by one, for whoever shows progress."""
    return (_try(read, scope) for read in READS)


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


def _simulation(scope: AwsScope) -> object:
    # IAM knows no such role; that it says so proves that the question may be asked.
    probe = f"arn:{partition_of_region(scope.region)}:iam::{scope.account_id}:role/{_PROBE}"
    return iam.simulate(scope, probe, ["sagemaker:UpdateEndpoint"], "*")


def _simulated(action: str) -> Callable[[AwsScope], None]:
    """Asks IAM about an action of Cost Explorer, which would cost money to try.

    Raises AccessDenied where IAM says that it is not allowed, Unavailable where it does not say.
    """

    def ask(scope: AwsScope) -> None:
        try:
            role = scope.role_arn or principal_of(sts.caller_identity(scope).arn)
            if role.endswith(":root"):
                # No policy binds an account's root user, and IAM's simulator knows none of it.
                return
            allowed = iam.simulate(scope, role, [action], "*").get(action, False)
        except AwsError as error:
            message = f"IAM's simulator does not tell: {error.message}"
            raise _about(Unavailable, scope, action, error.code, message) from error
        if not allowed:
            message = f"The policies of {role} do not allow {action}, says IAM's simulator."
            raise _about(AccessDenied, scope, action, "SimulatedDeny", message)

    return ask


def _about(kind: type[AwsError], scope: AwsScope, action: str, code: str, message: str) -> AwsError:
    return kind(account=scope.account_id, region=scope.region, action=action, code=code, message=message)


READS = (
    _Read("sts:GetCallerIdentity", sts.caller_identity),
    _Read("sagemaker:ListEndpoints", _first(sagemaker.list_endpoints)),
    _Read(
        "sagemaker:DescribeEndpoint",
        lambda scope: sagemaker.describe_endpoint(scope, _PROBE),
    ),
    _Read(
        "sagemaker:DescribeEndpointConfig",
        lambda scope: sagemaker.describe_endpoint_config(scope, _PROBE),
    ),
    _Read(
        "sagemaker:DescribeModel",
        lambda scope: sagemaker.describe_model(scope, _PROBE),
    ),
    _Read("sagemaker:ListEndpointConfigs", _first(blueprints.list_endpoint_configs)),
    _Read("sagemaker:ListModels", _first(blueprints.list_models)),
    _Read(
        "sagemaker:ListInferenceComponents",
        _first(sagemaker.list_inference_components),
    ),
    _Read(
        "sagemaker:DescribeInferenceComponent",
        lambda scope: sagemaker.describe_inference_component(scope, _PROBE),
    ),
    _Read("sagemaker:ListTransformJobs", _first(batch.list_transform_jobs)),
    _Read(
        "sagemaker:DescribeTransformJob",
        lambda scope: batch.describe_transform_job(scope, _PROBE),
    ),
    _Read("cloudwatch:GetMetricData", _metric),
    _Read(
        "application-autoscaling:DescribeScalableTargets",
        _first(autoscaling.scalable_targets),
    ),
    _Read(
        "application-autoscaling:DescribeScalingPolicies",
        _first(autoscaling.scaling_policies),
    ),
    _Read(
        "application-autoscaling:DescribeScheduledActions",
        _first(autoscaling.scheduled_actions),
    ),
    _Read(
        "application-autoscaling:DescribeScalingActivities",
        _first(autoscaling.scaling_activities),
    ),
    _Read(
        "ecr:DescribeImages",
        lambda scope: links.check_image(scope, links.Image(scope.account_id, scope.region, _PROBE)),
    ),
    _Read(
        "iam:GetRole",
        lambda scope: links.check_role(scope, f"role/{_PROBE}"),
    ),
    _Read(
        "s3:ListBucket",
        lambda scope: links.artefact(scope, f"s3://{_PROBE}-{scope.account_id}/"),
    ),
    _Read("tag:GetResources", tags.endpoint_tags),
    _Read(
        "servicequotas:ListServiceQuotas",
        _first(quotas.sagemaker_quotas),
    ),
    _Read("pricing:GetProducts", _price),
    *(
        _Read(action, _simulated(action), is_simulated=True)
        for action in (billing.ACTION, savings_plans.UTILISATION, savings_plans.COVERAGE)
    ),
    _Read("account:ListRegions", regions.by_account),
    _Read("ec2:DescribeRegions", regions.by_ec2),
    _Read("iam:SimulatePrincipalPolicy", _simulation),
)
