"""Cost Explorer's two answers on Savings Plans, over its bill: one plan an account, as the bill has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from simulator import plans
from simulator.call import Action, Call
from simulator.charges import SERVICE
from simulator.errors import ServiceError, validation_error
from simulator.paging import page
from simulator.services.cost_explorer import HOMES, LATE, charges_of
from simulator.world import Account

COVERAGE_PAGE = 20


@dataclass(frozen=True)
class Day:
    """One day of some accounts, USD: committed and used of it; spend that a plan could cover, at list, and covered."""

    day: date
    committed: Decimal
    used: Decimal
    spend: Decimal
    covered: Decimal


def get_savings_plans_utilization(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetSavingsPlansUtilization by day. Accounts without a plan have no data."""
    days = _days(call, params, ("LINKED_ACCOUNT", "REGION"))
    committed, used, _, covered = _sums(days)
    if not committed:
        raise ServiceError("DataUnavailableException", "The requested data is unavailable.")
    return {
        "SavingsPlansUtilizationsByTime": [
            {"TimePeriod": _period(each.day), **_utilization(each.committed, each.used, each.covered)}
            for each in days
        ],
        "Total": _utilization(committed, used, covered),
    }


def get_savings_plans_coverage(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetSavingsPlansCoverage by day, twenty days a page."""
    rows = [
        {
            "TimePeriod": _period(each.day),
            "Coverage": {
                "SpendCoveredBySavingsPlans": _text(each.covered),
                "OnDemandCost": _text(each.spend - each.covered),
                "TotalCost": _text(each.spend),
                "CoveragePercentage": _text(100 * each.covered / each.spend if each.spend else Decimal(0)),
            },
        }
        for each in _days(call, params, ("LINKED_ACCOUNT", "REGION", "SERVICE"))
    ]
    size = params.get("MaxResults", COVERAGE_PAGE)
    shown, token = page(rows, params.get("NextToken"), size, "InvalidNextTokenException")
    return {"SavingsPlansCoverages": shown, "NextToken": token}


def _days(call: Call, params: dict[str, Any], dimensions: tuple[str, ...]) -> list[Day]:
    if call.region.name not in HOMES:
        raise ServiceError("UnknownEndpoint", f"Cost Explorer is not served in {call.region.name}", 404)
    if params.get("Granularity", "DAILY") != "DAILY":
        raise validation_error("Only daily data on Savings Plans is simulated")
    start, end = (date.fromisoformat(params["TimePeriod"][name]) for name in ("Start", "End"))
    if start >= end or end >= call.now.date():
        raise validation_error("The end date must be after the start date and before the current date")
    wanted = dict(_conditions(params.get("Filter"), dimensions))
    accounts = _accounts(call, wanted.get("LINKED_ACCOUNT"))
    found = []
    for n in range((end - start).days):
        day = start + timedelta(days=n)
        found.append(Day(day, *_sums([_of_account(call, account, day, wanted) for account in accounts])))
    return found


def _of_account(call: Call, account: Account, day: date, wanted: dict[str, list[str]]) -> Day:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    following = midnight + timedelta(days=1)
    until = min(following, call.now - LATE)
    spend = Decimal(0)
    if SERVICE in wanted.get("SERVICE", [SERVICE]) and midnight < until:
        for region in account.regions.values():
            if region.name in wanted.get("REGION", [region.name]):
                charged = charges_of(call, region, midnight, until)
                spend += sum(charge.usd for charge in charged if plans.is_eligible(charge))
    kept = plans.kept(account)
    covered = min(spend, plans.committed(account, midnight, max(midnight, until)) / kept)
    return Day(day, plans.committed(account, midnight, following), covered * kept, spend, covered)


def _sums(days: list[Day]) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    committed, used, spend, covered = (
        sum((getattr(each, name) for each in days), Decimal(0))
        for name in ("committed", "used", "spend", "covered")
    )
    return committed, used, spend, covered


def _accounts(call: Call, wanted: list[str] | None) -> list[Account]:
    seen = call.world.accounts if call.caller.account.management else {"": call.caller.account}
    return [account for account in seen.values() if wanted is None or account.id in wanted]


def _conditions(
    condition: dict[str, Any] | None, dimensions: tuple[str, ...]
) -> Iterator[tuple[str, list[str]]]:
    """The dimensions of a filter, of which AWS joins several by And alone."""
    if not condition:
        return
    for each in condition.get("And", [condition]):
        if set(each) != {"Dimensions"} or each["Dimensions"]["Key"] not in dimensions:
            raise validation_error(f"The filter {each} is not supported here")
        yield each["Dimensions"]["Key"], each["Dimensions"]["Values"]


def _utilization(committed: Decimal, used: Decimal, covered: Decimal) -> dict[str, dict[str, str]]:
    return {
        "Utilization": {
            "TotalCommitment": _text(committed),
            "UsedCommitment": _text(used),
            "UnusedCommitment": _text(committed - used),
            "UtilizationPercentage": _text(100 * used / committed if committed else Decimal(0)),
        },
        "Savings": {"NetSavings": _text(covered - committed), "OnDemandCostEquivalent": _text(covered)},
    }


def _period(day: date) -> dict[str, str]:
    return {"Start": f"{day}", "End": f"{day + timedelta(days=1)}"}


def _text(value: Decimal) -> str:
    return f"{value.quantize(Decimal('1e-10')):f}"


ACTIONS: dict[str, Action] = {
    "GetSavingsPlansUtilization": get_savings_plans_utilization,
    "GetSavingsPlansCoverage": get_savings_plans_coverage,
}
