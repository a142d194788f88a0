"""The live check of one account: who Flotilla is, whether its roles work, what each may do, which regions there are.

The answers are kept on the account as they come, so that a page can show how far the check is.
"""

from datetime import datetime
from typing import Any

from fleet import locks
from fleet.access import regions as known
from fleet.access.aws_actions import ACT, WITHOUT, act_actions
from fleet.access.aws_roles import principal_of
from fleet.aws import iam, regions, sts
from fleet.errors import AwsError, CredentialsInvalid
from fleet.models import Account, Shard
from fleet.sync import accounts, permissions
from fleet.types import AwsScope

BY_CALL, BY_SIMULATION, NOT_PROVEN = "call", "simulation", "not proven"
_PROBES = dict.fromkeys(("ChangeEndpoints", "SplitModels"), "endpoint/flotilla-permission-check")
_CHANGES = {"sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"}
_CONFIG_PROBE = "endpoint-config/flotilla-permission-check"

Document = dict[str, Any]


def check(account_id: int, *, now: datetime) -> bool:
    """Check an account and keep the answers; False when another worker is at it, or nothing may be asked.

    A disabled account is asked nothing, unless its set-up is still going on. False as well when the account changed
    while it was checked: it stays unchecked, so that the next tick has it checked anew.
    """
    account = Account.objects.get(pk=account_id)
    if not account.enabled and not account.is_draft:
        return False
    with locks.lease(f"account-check:{account_id}") as lease:
        if lease is None:
            return False
        try:
            _ask(Account.objects.get(pk=account_id), now)
        except accounts.Superseded:
            return False
        return True


def _ask(account: Account, now: datetime) -> None:
    shard = account.shards.filter(enabled=True).order_by("region").first()
    shard = shard or Shard(region=known.home(account.partition))
    shard.account = account
    report = _started(account, shard, now)
    accounts.check_identity(account, now=now)
    if not account.identity_error:
        _reads(account, shard.scope, report)
        if account.act_role_arn:
            _acts(account, shard, report)
        elif account.is_read_only:
            report["may_change"] = _may_change(account, shard)
        _regions(account, shard.scope, now)
    report["done_at"] = now.isoformat()
    _keep(account, report)


def _started(account: Account, shard: Shard, now: datetime) -> Document:
    """The report with Flotilla's own identity, which the roles' trust policies have to name."""
    try:
        own = sts.caller_identity(AwsScope(account.account_id, shard.region))
        principal = {"arn": principal_of(own.arn), "error": ""}
    except AwsError as failure:
        principal = {"arn": "", "error": failure.message}
    total = len(permissions.READS) + (len(act_actions()) if account.act_role_arn else 0)
    report: Document = {
        "principal": principal,
        "region": shard.region,
        "started_at": now.isoformat(),
        "done_at": None,
        "total": total,
        "rows": [],
    }
    _keep(account, report)
    return report


def _keep(account: Account, report: Document) -> None:
    account.permissions = report
    accounts.keep(account, ["permissions"])


def _row(action: str, role: str, state: str, proof: str, error: AwsError | None = None) -> Document:
    return {
        "action": action,
        "role": role,
        "without": WITHOUT[action],
        "state": state,
        "proof": proof,
        "code": error.code if error else "",
        "message": error.message if error else "",
    }


def _reads(account: Account, scope: AwsScope, report: Document) -> None:
    """Every read by a real call. One that failed for another reason than a missing permission proves nothing."""
    try:
        for read, found in zip(permissions.READS, permissions.each(scope), strict=True):
            state = "allowed"
            if found.error is not None:
                state = "denied" if found.is_missing else "unknown"
            by = BY_SIMULATION if read.is_simulated else BY_CALL
            proof = by if state != "unknown" else NOT_PROVEN
            report["rows"].append(_row(read.action, "read", state, proof, found.error))
            _keep(account, report)
    except CredentialsInvalid as error:
        account.identity_error = error.message
        accounts.keep(account, ["identity_error"])


def _acts(account: Account, shard: Shard, report: Document) -> None:
    """What the act role may do, asked of IAM's simulator: trying it would change something."""
    for statement in ACT:
        probe = _PROBES.get(statement.sid)
        target = f"arn:{account.partition}:sagemaker:{shard.region}:{account.account_id}"
        by_resource: dict[str, list[str]] = {}
        for permission in statement.permissions:
            is_config = permission.action.endswith("EndpointConfig")
            resource = "*" if probe is None else f"{target}:{_CONFIG_PROBE if is_config else probe}"
            by_resource.setdefault(resource, []).append(permission.action)
        for resource, actions in by_resource.items():
            report["rows"] += _simulated(shard.scope, account.act_role_arn, actions, resource)
            _keep(account, report)


def _may_change(account: Account, shard: Shard) -> bool | None:
    """Whether the role for reading may change endpoints all the same; None when IAM does not tell."""
    actions = [permission.action for permission in ACT[0].permissions if permission.action in _CHANGES]
    target = f"arn:{account.partition}:sagemaker:{shard.region}:{account.account_id}:{_PROBES[ACT[0].sid]}"
    states = {row["state"] for row in _simulated(shard.scope, account.role_arn, actions, target)}
    return None if "unknown" in states else "allowed" in states


def _simulated(scope: AwsScope, role_arn: str, actions: list[str], resource: str) -> list[Document]:
    try:
        allowed = iam.simulate(scope, role_arn, actions, resource)
    except AwsError as error:
        return [_row(action, "act", "unknown", NOT_PROVEN, error) for action in actions]
    return [
        _row(action, "act", "allowed" if allowed.get(action) else "denied", BY_SIMULATION)
        for action in actions
    ]


def _regions(account: Account, scope: AwsScope, now: datetime) -> None:
    """The regions where SageMaker runs, and whether each is switched on in this account (None: nobody says)."""
    offered, notes = regions.offered(account.partition), []
    switched_on: dict[str, bool] = {}
    source = "botocore's endpoint data"
    for name, ask in (("account:ListRegions", regions.by_account), ("ec2:DescribeRegions", regions.by_ec2)):
        try:
            switched_on, source = ask(scope), name
            break
        except AwsError as error:
            notes.append({"action": name, "message": error.message})
    account.found_regions = {
        "source": source,
        "at": now.isoformat(),
        "notes": notes,
        "regions": {region: switched_on.get(region) for region in offered},
    }
    accounts.keep(account, ["found_regions"])
