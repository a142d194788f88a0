"""The roles Flotilla asks for, as CloudFormation (JSON) and Terraform to apply, filled in for one account. Pure."""

import json
from dataclasses import dataclass
from typing import Any

from fleet.access.aws_actions import ACT, READ

READ_NAME, ACT_NAME = "FlotillaRead", "FlotillaAct"
UNKNOWN_PRINCIPAL = "REPLACE-WITH-THE-ARN-OF-FLOTILLAS-OWN-ROLE"


@dataclass(frozen=True)
class Setup:
    """What the texts are filled with. principal "": Flotilla does not know its own identity yet."""

    partition: str
    account_id: str
    external_id: str
    principal: str
    may_change: bool
    read_name: str = READ_NAME
    act_name: str = ACT_NAME

    @property
    def roles(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(name, description, permissions policy) of each role."""
        found = [(self.read_name, "Flotilla reads SageMaker endpoints", read_policy())]
        if self.may_change:
            policy = act_policy(self.partition, self.account_id)
            found.append((self.act_name, "Flotilla changes SageMaker endpoints", policy))
        return found


def role_arn(partition: str, account_id: str, name: str) -> str:
    """The ARN of a role without a path."""
    return f"arn:{partition}:iam::{account_id}:role/{name}"


def principal_of(caller_arn: str) -> str:
    """What a trust policy names for a caller: the role behind a session, else the caller itself.

    STS leaves out the path of the role, so one below a path has to be corrected by hand.
    """
    parts = caller_arn.split(":", 5)
    if len(parts) == 6 and parts[2] == "sts" and parts[5].startswith("assumed-role/"):
        name = parts[5].split("/")[1]
        return role_arn(parts[1], parts[4], name)
    return caller_arn


def trust_policy(principal: str, external_id: str) -> dict[str, Any]:
    """Only Flotilla's principal, and only with the external id, may assume the role."""
    return _policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": principal or UNKNOWN_PRINCIPAL},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    )


def read_policy() -> dict[str, Any]:
    """Everything Flotilla reads, and nothing else."""
    actions = [permission.action for permission in READ]
    return _policy({"Sid": "ReadEndpoints", "Effect": "Allow", "Action": actions, "Resource": "*"})


def act_policy(partition: str, account_id: str) -> dict[str, Any]:
    """Everything Flotilla's operations change."""
    return _policy(
        *(
            {
                "Sid": statement.sid,
                "Effect": "Allow",
                "Action": [permission.action for permission in statement.permissions],
                "Resource": [f"arn:{partition}:sagemaker:*:{account_id}:{r}" for r in statement.resources]
                or "*",
            }
            for statement in ACT
        )
    )


def cloudformation(setup: Setup) -> str:
    """A CloudFormation template in JSON; it names roles, so it needs CAPABILITY_NAMED_IAM."""
    resources = {
        name: {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": name,
                "Description": description,
                "AssumeRolePolicyDocument": trust_policy(setup.principal, setup.external_id),
                "Policies": [{"PolicyName": name, "PolicyDocument": policy}],
            },
        }
        for name, description, policy in setup.roles
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Roles by which Flotilla watches SageMaker endpoints",
        "Resources": resources,
        "Outputs": {f"{name}Arn": {"Value": {"Fn::GetAtt": [name, "Arn"]}} for name in resources},
    }
    return json.dumps(template, indent=2) + "\n"


def terraform(setup: Setup) -> str:
    """Terraform configuration of the same roles; policies as JSON, so that it needs no data source."""
    blocks = []
    for name, description, policy in setup.roles:
        trust = trust_policy(setup.principal, setup.external_id)
        label = "flotilla_" + ("act" if name == setup.act_name else "read")
        blocks.append(
            f'resource "aws_iam_role" "{label}" {{\n'
            f'  name        = "{name}"\n'
            f'  description = "{description}"\n'
            f"  assume_role_policy = <<-EOT\n{_indented(trust)}\n  EOT\n}}\n\n"
            f'resource "aws_iam_role_policy" "{label}" {{\n'
            f'  name   = "{name}"\n'
            f"  role   = aws_iam_role.{label}.id\n"
            f"  policy = <<-EOT\n{_indented(policy)}\n  EOT\n}}\n\n"
            f'output "{label}_role_arn" {{\n  value = aws_iam_role.{label}.arn\n}}\n'
        )
    return "\n".join(blocks)


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _indented(document: dict[str, Any]) -> str:
    return "\n".join(f"    {line}" for line in json.dumps(document, indent=2).splitlines())
