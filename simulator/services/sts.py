"""AWS STS: who am I, and temporary credentials of a role in one of the fleet's accounts."""

from __future__ import annotations

import re
from typing import Any

from simulator.call import Action, Call
from simulator.errors import ServiceError
from simulator.faults import role_refused
from simulator.identity import temporary_credentials

ROLE_ARN = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):role/(?:.*/)?([\w+=,.@-]+)")


def get_caller_identity(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetCallerIdentity."""
    return {"UserId": call.caller.user_id, "Account": call.caller.account.id, "Arn": call.caller.arn}


def assume_role(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """AssumeRole: refused, with one wording, for an unknown role or a wrong external id."""
    arn = params["RoleArn"]
    match = ROLE_ARN.fullmatch(arn)
    if match is None:
        raise ServiceError("ValidationError", f"{arn} is invalid")
    account = call.world.accounts.get(match[1])
    role = account.roles.get(match[2]) if account else None
    wrong_id = role is not None and role.external_id and params.get("ExternalId") != role.external_id
    if account is None or role is None or wrong_id:
        raise role_refused(call.caller.arn, arn)
    session = params["RoleSessionName"]
    credentials = temporary_credentials(account, role, session, call.now, params.get("DurationSeconds", 3600))
    assumed = f"arn:{account.partition}:sts::{account.id}:assumed-role/{role.name}/{session}"
    return {
        "Credentials": credentials,
        "AssumedRoleUser": {"AssumedRoleId": f"AROA{account.id}SIMU:{session}", "Arn": assumed},
    }


ACTIONS: dict[str, Action] = {"GetCallerIdentity": get_caller_identity, "AssumeRole": assume_role}
