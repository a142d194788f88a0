"""The texts of the roles: one principal, one external id, the account's partition, and both formats say the same."""

import json
import re

import botocore.session
import pytest

from fleet.access import aws_roles, regions
from fleet.access.aws_roles import Setup

PRINCIPAL = "arn:aws-us-gov:iam::999988887777:role/flotilla-worker"
SETUP = Setup("aws-us-gov", "111122223333", "flotilla-abc", PRINCIPAL, may_change=True)


def test_both_formats_carry_the_same_policies() -> None:
    template = json.loads(aws_roles.cloudformation(SETUP))
    made = [role["Properties"] for role in template["Resources"].values()]
    expected = [role["AssumeRolePolicyDocument"] for role in made] + [
        role["Policies"][0]["PolicyDocument"] for role in made
    ]
    found = [
        json.loads(text)
        for text in re.findall(r"<<-EOT\n(.*?)\n  EOT", aws_roles.terraform(SETUP), re.DOTALL)
    ]
    assert len(found) == 4
    assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, expected))


def test_trust_names_the_principal_and_demands_the_external_id() -> None:
    (statement,) = aws_roles.trust_policy(PRINCIPAL, "flotilla-abc")["Statement"]
    assert statement["Principal"] == {"AWS": PRINCIPAL}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "flotilla-abc"}}


def test_no_text_assumes_the_partition_aws() -> None:
    for text in (aws_roles.cloudformation(SETUP), aws_roles.terraform(SETUP)):
        assert "arn:aws:" not in text
        assert "arn:aws-us-gov:sagemaker:*:111122223333:endpoint/*" in text


def test_without_permission_to_change_only_the_reading_role_is_made() -> None:
    reading = Setup("aws", "111122223333", "x", PRINCIPAL, may_change=False)
    assert list(json.loads(aws_roles.cloudformation(reading))["Resources"]) == ["FlotillaRead"]
    assert "UpdateEndpoint" not in aws_roles.terraform(reading)


def test_an_unknown_principal_leaves_a_place_that_no_account_can_match() -> None:
    text = aws_roles.cloudformation(Setup("aws", "111122223333", "x", "", may_change=False))
    assert aws_roles.UNKNOWN_PRINCIPAL in text


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:sts::111122223333:assumed-role/worker/i-0abc", "arn:aws:iam::111122223333:role/worker"),
        ("arn:aws-cn:sts::111122223333:assumed-role/w/s", "arn:aws-cn:iam::111122223333:role/w"),
        ("arn:aws:iam::111122223333:user/flotilla", "arn:aws:iam::111122223333:user/flotilla"),
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
    ],
)
def test_the_principal_is_the_role_behind_a_session(caller: str, principal: str) -> None:
    assert aws_roles.principal_of(caller) == principal


@pytest.mark.parametrize("partition", sorted(regions.REGIONS))
def test_regions_are_those_botocore_knows(partition: str) -> None:
    known = botocore.session.get_session().get_available_regions("sagemaker", partition_name=partition)
    assert sorted(known) == sorted(regions.REGIONS[partition])
    assert regions.home(partition) in known
    assert {regions.partition_of_region(region) for region in known} == {partition}
