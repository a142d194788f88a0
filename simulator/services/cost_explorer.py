"""Cost Explorer: GetCostAndUsage over the simulator's bill, as late and as provisional as AWS's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator import bill, plans
from simulator.call import Action, Call
from simulator.charges import WITH_USAGE_TYPE, Charge
from simulator.errors import ServiceError, validation_error
from simulator.paging import page
from simulator.world import Account, Region

HOMES = ("us-east-1", "cn-northwest-1")
PAGE_GROUPS = 300
# Usage arrives up to a day late, and the newest days may still be revised (AWS Cost Explorer user guide).
LATE = timedelta(hours=24)
PROVISIONAL = timedelta(hours=72)
HOURLY_BACK = timedelta(days=14)
MONTHS_BACK = timedelta(days=14 * 31)
COSTS = ("UnblendedCost", "AmortizedCost", "BlendedCost", "NetUnblendedCost", "NetAmortizedCost")
GROUPABLE = ("USAGE_TYPE", "REGION", "LINKED_ACCOUNT", "RECORD_TYPE", "SERVICE")

Period = tuple[datetime, datetime]


def get_cost_and_usage(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetCostAndUsage. A member account sees its own bill, the management account everybody's."""
    if call.region.name not in HOMES:
        raise ServiceError("UnknownEndpoint", f"Cost Explorer is not served in {call.region.name}", 404)
    groups = params.get("GroupBy") or []
    _check(groups, params["Metrics"])
    periods = _periods(params["TimePeriod"], params["Granularity"], call.now)
    rows = []
    for number, period in enumerate(periods):
        seen = [each for each in _seen(call, period) if _matches(each, params.get("Filter"))]
        for keys, charges in sorted(_grouped(call, seen, groups).items()):
            rows.append((number, keys, charges))
    shown, token = page(rows, params.get("NextPageToken"), PAGE_GROUPS, "InvalidNextTokenException")
    is_last = token is None
    first = shown[0][0] if shown and params.get("NextPageToken") else 0
    last = len(periods) - 1 if is_last else shown[-1][0]
    unit = "CNY" if call.region.partition == "aws-cn" else "USD"
    return {
        "NextPageToken": token,
        "GroupDefinitions": groups or None,
        "ResultsByTime": [
            _result(
                periods[number],
                [(keys, charges) for at, keys, charges in shown if at == number],
                bool(groups),
                params,
                call.now,
                unit,
            )
            for number in range(first, last + 1)
        ],
        "DimensionValueAttributes": [],
    }


def _check(groups: list[dict[str, str]], metrics: list[str]) -> None:
    if len(groups) > 2:
        raise validation_error("Group Definition list length must be at most 2")
    for group in groups:
        if group["Type"] == "DIMENSION" and group["Key"] not in GROUPABLE:
            raise validation_error(f"Group Definition dimension {group['Key']} is invalid")
    for metric in metrics:
        if metric not in (*COSTS, "UsageQuantity"):
            raise validation_error(f"Invalid metric type: {metric}")


def _periods(wanted: dict[str, str], granularity: str, now: datetime) -> list[Period]:
    start, end = (_instant(wanted[name], granularity) for name in ("Start", "End"))
    if start >= end:
        raise validation_error("Start date (and hour) should be before end date (and hour)")
    if now - start > (HOURLY_BACK if granularity == "HOURLY" else MONTHS_BACK):
        raise validation_error("You haven't enabled historical data beyond 14 months")
    found, at = [], start
    while at < end:
        following = min(_following(at, granularity), end)
        found.append((at, following))
        at = following
    return found


def _instant(text: str, granularity: str) -> datetime:
    form = "%Y-%m-%dT%H:%M:%SZ" if granularity == "HOURLY" else "%Y-%m-%d"
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError as error:
        raise validation_error(f"The date {text} does not match {form}") from error


def _following(at: datetime, granularity: str) -> datetime:
    if granularity == "HOURLY":
        return at + timedelta(hours=1)
    if granularity == "DAILY":
        return at + timedelta(days=1)
    return datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)


def _seen(call: Call, period: Period) -> Iterator[Charge]:
    """What of a period's charges has arrived by now, of the accounts the caller may see."""
    accounts: list[Account] = [call.caller.account]
    if call.caller.account.management:
        accounts = list(call.world.accounts.values())
    until = min(period[1], call.now - LATE)
    for account in accounts:
        at = period[0]
        while at < until:
            ends = min(datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1), until)
            regions = account.regions.values()
            found = [each for region in regions for each in charges_of(call, region, at, ends)]
            yield from plans.applied(account, found, at, ends)
            at = ends


def charges_of(call: Call, region: Region, start: datetime, end: datetime) -> list[Charge]:
    """The charges of [start, end) within one UTC day; a whole one is worked out once, until the region changes."""
    if end - start != timedelta(days=1):
        return bill.region_day(region, call.prices, start, end)
    stamp = (
        len(region.endpoints),
        len(region.retired),
        len(region.transform_jobs),
        len(region.in_transition),
    )
    if region.billed[0] != stamp:
        region.billed = (stamp, {})
    days: dict[date, list[Charge]] = region.billed[1]
    if start.date() not in days:
        days[start.date()] = bill.region_day(region, call.prices, start, end)
    return days[start.date()]


def _matches(charge: Charge, wanted: dict[str, Any] | None) -> bool:
    if not wanted:
        return True
    if "And" in wanted:
        return all(_matches(charge, each) for each in wanted["And"])
    if "Or" in wanted:
        return any(_matches(charge, each) for each in wanted["Or"])
    if "Not" in wanted:
        return not _matches(charge, wanted["Not"])
    if "Tags" in wanted:
        value = dict(charge.tags).get(wanted["Tags"]["Key"], "")
        is_absent = "ABSENT" in wanted["Tags"].get("MatchOptions", [])
        return not value if is_absent else value in wanted["Tags"].get("Values", [])
    if "Dimensions" in wanted:
        return _dimension(charge, wanted["Dimensions"]["Key"]) in wanted["Dimensions"].get("Values", [])
    raise validation_error("Only one of the following can be set: Or, And, Not, Dimensions, Tags")


def _dimension(charge: Charge, key: str) -> str:
    values = {
        "USAGE_TYPE": charge.usage_type if charge.record_type in WITH_USAGE_TYPE else "NoUsageType",
        "REGION": charge.region,
        "LINKED_ACCOUNT": charge.account,
        "RECORD_TYPE": charge.record_type,
        "SERVICE": charge.service,
    }
    if key not in values:
        raise validation_error(f"The dimension {key} is invalid")
    return values[key]


def _grouped(
    call: Call, charges: list[Charge], groups: list[dict[str, str]]
) -> dict[tuple[str, ...], list[Charge]]:
    found: dict[tuple[str, ...], list[Charge]] = defaultdict(list)
    for charge in charges:
        keys = tuple(
            f"{group['Key']}${_allocated(call, charge, group['Key'])}"
            if group["Type"] == "TAG"
            else _dimension(charge, group["Key"])
            for group in groups
        )
        found[keys].append(charge)
    return found


def _allocated(call: Call, charge: Charge, key: str) -> str:
    """The value of a tag as bills know it: "" of a key that nobody activated for cost allocation."""
    activated = call.world.accounts[charge.account].allocation_tags
    return dict(charge.tags).get(key, "") if activated is None or key in activated else ""


def _result(
    period: Period,
    rows: list[tuple[tuple[str, ...], list[Charge]]],
    is_grouped: bool,
    params: dict[str, Any],
    now: datetime,
    currency: str,
) -> dict[str, Any]:
    form = "%Y-%m-%dT%H:%M:%SZ" if params["Granularity"] == "HOURLY" else "%Y-%m-%d"
    metrics = params["Metrics"]
    groups = [{"Keys": list(keys), "Metrics": _metrics(charges, metrics, currency)} for keys, charges in rows]
    everything = [charge for _, charges in rows for charge in charges]
    return {
        "TimePeriod": {"Start": period[0].strftime(form), "End": period[1].strftime(form)},
        "Total": {} if is_grouped else _metrics(everything, metrics, currency),
        "Groups": groups if is_grouped else [],
        "Estimated": period[1] > now - PROVISIONAL,
    }


def _metrics(charges: list[Charge], wanted: list[str], currency: str) -> dict[str, dict[str, str]]:
    usd = sum((charge.usd for charge in charges), Decimal(0))
    units = {charge.unit for charge in charges}
    quantity = sum((charge.quantity for charge in charges), Decimal(0))
    found = {}
    for metric in wanted:
        if metric == "UsageQuantity":
            # AWS adds up quantities of different units all the same, and names none.
            found[metric] = {"Amount": _text(quantity), "Unit": units.pop() if len(units) == 1 else "N/A"}
        else:
            found[metric] = {"Amount": _text(usd), "Unit": currency}
    return found


def _text(value: Decimal) -> str:
    """AWS sends ten decimals at most, without needless zeros."""
    text = f"{value.quantize(Decimal('1e-10')):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


ACTIONS: dict[str, Action] = {"GetCostAndUsage": get_cost_and_usage}
