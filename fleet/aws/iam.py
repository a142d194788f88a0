"""IAM: whether a role may do something, asked without doing it."""

from collections.abc import Sequence

from fleet.aws.sessions import call
from fleet.types import AwsScope


def simulate(scope: AwsScope, role_arn: str, actions: Sequence[str], resource: str) -> dict[str, bool]:
    """Action → whether the role's policies allow it on the resource; conditions of a call are not known to IAM here.

    Raises AccessDenied when the scope's own role may not simulate. Source: IAM API, SimulatePrincipalPolicy.
    """
    answer = call(
        scope,
        "iam",
        "simulate_principal_policy",
        expect="EvaluationResults",
        PolicySourceArn=role_arn,
        ActionNames=list(actions),
        ResourceArns=[resource],
    )
    return {row["EvalActionName"]: row["EvalDecision"] == "allowed" for row in answer["EvaluationResults"]}
