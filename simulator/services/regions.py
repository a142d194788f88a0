"""Account Management and EC2, as far as they tell which regions an account has switched on."""

from __future__ import annotations

from typing import Any

from simulator.call import Action, Call
from simulator.paging import page
from simulator.region_names import OPT_IN, names_of

DEFAULT_PAGE = 50


def _status(call: Call, region: str) -> str:
    account = call.caller.account
    if region in account.disabled_regions:
        return "DISABLED"
    if region in OPT_IN:
        return "ENABLED" if region in account.chosen_regions else "DISABLED"
    return "ENABLED_BY_DEFAULT"


def list_regions(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListRegions (Account Management): RegionOptStatus of every region of the account's partition."""
    rows = [
        {"RegionName": name, "RegionOptStatus": _status(call, name)}
        for name in names_of(call.caller.account.partition)
    ]
    wanted = params.get("RegionOptStatusContains")
    rows = [row for row in rows if not wanted or row["RegionOptStatus"] in wanted]
    shown, token = page(rows, params.get("NextToken"), params.get("MaxResults", DEFAULT_PAGE))
    return {"NextToken": token, "Regions": shown}


def describe_regions(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeRegions (EC2): those switched on, or all of them with AllRegions."""
    account = call.caller.account
    suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
    rows = []
    for name in names_of(account.partition):
        status = _status(call, name)
        optional = {"ENABLED": "opted-in", "DISABLED": "not-opted-in"}
        opt_in = optional.get(status, "opt-in-not-required")
        if params.get("AllRegions") or opt_in != "not-opted-in":
            rows.append({"RegionName": name, "Endpoint": f"ec2.{name}.{suffix}", "OptInStatus": opt_in})
    wanted = params.get("RegionNames")
    return {"Regions": [row for row in rows if not wanted or row["RegionName"] in wanted]}


ACCOUNT_ACTIONS: dict[str, Action] = {"ListRegions": list_regions}
EC2_ACTIONS: dict[str, Action] = {"DescribeRegions": describe_regions}
