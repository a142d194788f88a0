"""What models refer to outside SageMaker: IAM roles, ECR images, S3 objects. All exist unless the fleet says no."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from typing import Any

from simulator.call import Action, Call
from simulator.errors import ServiceError
from simulator.world import Account

TRUST = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A"
    "%7B%22Service%22%3A%22sagemaker.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
)


def _missing(account: Account, kind: str, name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in account.missing.get(kind, []))


def get_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetRole of the caller's account."""
    account, name = call.caller.account, params["RoleName"]
    if _missing(account, "roles", name):
        raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return {
        "Role": {
            "Path": "/",
            "RoleName": name,
            "RoleId": f"AROA{hashlib.sha256(name.encode()).hexdigest()[:17].upper()}",
            "Arn": f"arn:{account.partition}:iam::{account.id}:role/{name}",
            "CreateDate": call.world.epoch,
            "AssumeRolePolicyDocument": TRUST,
        }
    }


def simulate_principal_policy(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """SimulatePrincipalPolicy: what the role's deny list and the account's rules say about each action."""
    account = call.caller.account
    name = params["PolicySourceArn"].rsplit("/", 1)[-1]
    role = account.roles.get(name)
    if role is None and (":role/" not in params["PolicySourceArn"] or _missing(account, "roles", name)):
        raise ServiceError("NoSuchEntity", f"Principal {params['PolicySourceArn']} does not exist.", 404)
    rows = []
    for action in params["ActionNames"]:
        refused = role is not None and any(fnmatchcase(action, pattern) for pattern in role.deny)
        forbidden = account.denies(call.region.name, action, "")
        decision = "implicitDeny" if refused else "explicitDeny" if forbidden else "allowed"
        for resource in params.get("ResourceArns", ["*"]):
            rows.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": decision,
                    "MatchedStatements": [],
                    "MissingContextValues": [],
                }
            )
    return {"EvaluationResults": rows, "IsTruncated": False}


def describe_images(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeImages: by tag or digest, in the caller's own registry only."""
    account, repository = call.caller.account, params["repositoryName"]
    registry = params.get("registryId", account.id)
    if registry != account.id:
        arn = f"arn:{account.partition}:ecr:{call.region.name}:{registry}:repository/{repository}"
        text = f"User: {call.caller.arn} is not authorized to perform: ecr:DescribeImages on resource: {arn}"
        raise ServiceError("AccessDeniedException", text)
    if _missing(account, "images", repository):
        text = f"The repository with name '{repository}' does not exist in the registry with id '{registry}'"
        raise ServiceError("RepositoryNotFoundException", text)
    images = []
    for wanted in params.get("imageIds", [{"imageTag": "latest"}]):
        label = wanted.get("imageTag") or wanted.get("imageDigest", "")
        if _missing(account, "images", f"{repository}:{label}"):
            text = (
                f"The image with imageId {{imageDigest:'{wanted.get('imageDigest', 'null')}', imageTag:'{label}'}} "
                f"does not exist within the repository with name '{repository}' in the registry with id '{registry}'"
            )
            raise ServiceError("ImageNotFoundException", text)
        digest = f"sha256:{hashlib.sha256(f'{repository}:{label}'.encode()).hexdigest()}"
        images.append(
            {
                "registryId": registry,
                "repositoryName": repository,
                "imageDigest": wanted.get("imageDigest", digest),
                "imageTags": [wanted["imageTag"]] if "imageTag" in wanted else None,
                "imageSizeInBytes": 1_500_000_000,
                "imagePushedAt": call.world.epoch,
            }
        )
    return {"imageDetails": images}


def head_object(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """HeadObject: headers only; a missing object is a bare 404."""
    name = f"{params['Bucket']}/{params['Key']}"
    if _missing(call.caller.account, "objects", name):
        raise ServiceError("404", "Not Found", 404)
    return {
        "ETag": f'"{hashlib.sha256(name.encode()).hexdigest()[:32]}"',
        "Content-Type": "application/x-tar",
    }


def list_objects(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListObjectsV2, reduced to the first key: the prefix itself, what lies in it, or a left-over that begins so."""
    account, bucket, prefix = call.caller.account, params["Bucket"], params["Prefix"]
    keys = [f"{prefix}model.tar.gz" if prefix.endswith("/") or not prefix else prefix]
    if _missing(account, "objects", f"{bucket}/{prefix}"):
        kept = account.missing.get("left_over", [])
        keys = sorted(
            name.removeprefix(f"{bucket}/") for name in kept if name.startswith(f"{bucket}/{prefix}")
        )
    return {
        "Name": bucket,
        "Prefix": prefix,
        "KeyCount": len(keys[:1]),
        "Contents": [{"Key": key, "Size": _object_bytes(f"{bucket}/{key}")} for key in keys[:1]],
        "IsTruncated": "false",
    }


def _object_bytes(name: str) -> int:
    """As many bytes as an object has, by its name: 40 to 890 MB."""
    return 40_000_000 + int(hashlib.sha256(name.encode()).hexdigest()[:4], 16) * 13_000


IAM_ACTIONS: dict[str, Action] = {
    "GetRole": get_role,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}
ECR_ACTIONS: dict[str, Action] = {"DescribeImages": describe_images}
S3_ACTIONS: dict[str, Action] = {"HeadObject": head_object, "ListObjectsV2": list_objects}
