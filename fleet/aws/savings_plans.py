"""Cost Explorer: how much of an account's Savings Plans was used, and what they covered of SageMaker, by UTC day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fleet.aws.billing import MAX_PAGES, SAGEMAKER
from fleet.aws.errors import endless
from fleet.aws.sessions import call
from fleet.errors import AwsError
from fleet.types import AwsScope

SERVICE = "ce"
UTILISATION = "ce:GetSavingsPlansUtilization"
COVERAGE = "ce:GetSavingsPlansCoverage"
_NOTHING_THERE = "DataUnavailableException"
"""What AWS says where an account has no plan (API GetSavingsPlansUtilization, botocore 1.44.5)."""


@dataclass(frozen=True)
class PlanUse:
    """One day of all Savings Plans of an account, of every kind: USD committed, used of it, and saved net."""

    day: date
    committed: Decimal
    used: Decimal
    saved: Decimal | None


@dataclass(frozen=True)
class PlanCover:
    """One day of an account's SageMaker that Savings Plans could cover: USD at on-demand prices, and covered of it."""

    day: date
    covered: Decimal
    spend: Decimal


def utilisation(scope: AwsScope, since: date, until: date, *, ask: Callable[[], None]) -> list[PlanUse]:
    """The UTC days [since, until), of which the last lies before today; empty where the account has no plan.

    scope.region: a home of Cost Explorer. ask is called before each request and may raise to end the reading. AWS
    tells utilisation of no service, and names no currency: it is read where bills are in US dollars.
    """
    ask()
    try:
        answer = _call(
            scope,
            "get_savings_plans_utilization",
            "SavingsPlansUtilizationsByTime",
            since,
            until,
            _own(scope),
        )
    except AwsError as error:
        if error.code == _NOTHING_THERE:
            return []
        raise
    return [
        PlanUse(
            day=_day(row),
            committed=Decimal(row["Utilization"]["TotalCommitment"]),
            used=Decimal(row["Utilization"]["UsedCommitment"]),
            saved=_decimal(row.get("Savings", {}).get("NetSavings")),
        )
        for row in answer["SavingsPlansUtilizationsByTime"]
        if row["Utilization"].get("TotalCommitment") and row["Utilization"].get("UsedCommitment")
    ]


def coverage(scope: AwsScope, since: date, until: date, *, ask: Callable[[], None]) -> list[PlanCover]:
    """The same days' spend of the service SageMaker that a plan could cover: hosting, jobs, notebooks and others."""
    service = {"Dimensions": {"Key": "SERVICE", "Values": [SAGEMAKER]}}
    try:
        return [
            PlanCover(_day(row), Decimal(each["SpendCoveredBySavingsPlans"]), Decimal(each["TotalCost"]))
            for row in _pages(scope, since, until, {"And": [_own(scope), service]}, ask)
            if (each := row["Coverage"]).get("TotalCost") and each.get("SpendCoveredBySavingsPlans")
        ]
    except AwsError as error:
        if error.code == _NOTHING_THERE:
            return []
        raise


def _pages(
    scope: AwsScope, since: date, until: date, condition: dict[str, Any], ask: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    token, seen = "", set()
    for _ in range(MAX_PAGES):
        ask()
        more = {"NextToken": token} if token else {}
        answer = _call(
            scope, "get_savings_plans_coverage", "SavingsPlansCoverages", since, until, condition, **more
        )
        yield from answer["SavingsPlansCoverages"]
        token = str(answer.get("NextToken") or "")
        if not token:
            return
        if token in seen:
            break
        seen.add(token)
    raise endless(scope, COVERAGE)


def _call(
    scope: AwsScope,
    operation: str,
    expect: str,
    since: date,
    until: date,
    condition: dict[str, Any],
    **more: str,
) -> dict[str, Any]:
    period = {"Start": since.isoformat(), "End": until.isoformat()}
    return call(
        scope,
        SERVICE,
        operation,
        expect=expect,
        TimePeriod=period,
        Granularity="DAILY",
        Filter=condition,
        **more,
    )


def _own(scope: AwsScope) -> dict[str, Any]:
    """A management account is told of everybody's plans."""
    return {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [scope.account_id]}}


def _day(row: dict[str, Any]) -> date:
    return date.fromisoformat(row["TimePeriod"]["Start"][:10])


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None
