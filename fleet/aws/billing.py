"""Cost Explorer: what an account was billed for SageMaker and its plans, by UTC day. Each page costs money."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from fleet.aws.errors import endless
from fleet.aws.sessions import call, iam_action
from fleet.types import AwsScope

SERVICE = "ce"
ACTION = "ce:GetCostAndUsage"
# Where Cost Explorer is served, by partition (endpoint rules of the service "ce", botocore 1.44.5); GovCloud has none.
HOMES = {"aws": "us-east-1", "aws-cn": "cn-northwest-1"}
SAGEMAKER = "Amazon SageMaker"
# Under which Cost Explorer books the fee of a Savings Plan for SageMaker: what the plan covers is taken back from the
# service itself, so that without the fee a bill would look as if the plan cost nothing.
PLANS = "Savings Plans for AWS Machine Learning"
# Records whose usage types say what was used; every other kind of record changes what is paid for it
# (AWS Cost and Usage Report, dictionary of lineItem/LineItemType).
USAGE_RECORDS = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage")
MAX_PAGES = 1_000


@dataclass(frozen=True)
class Billed:
    """One day, region and usage type, or kind of record without one; amount unblended, in AWS's currency."""

    day: date
    region: str
    record_type: str
    usage_type: str
    amount: Decimal
    currency: str
    quantity: Decimal
    unit: str
    is_estimated: bool


@dataclass(frozen=True)
class Tagged:
    """One day, value of a tag ("" without it) and usage type; amount unblended, in AWS's currency."""

    day: date
    value: str
    usage_type: str
    amount: Decimal
    currency: str
    is_estimated: bool


def usage(scope: AwsScope, since: date, until: date, *, ask: Callable[[], None]) -> Iterator[Billed]:
    """What was used in the UTC days [since, until), by region and usage type. scope.region: a home of Cost Explorer.

    ask is called before each request and may raise to end the reading. A day without usage has no row.
    """
    by = (_REGION, _USAGE_TYPE)
    for day, keys, metrics, is_estimated in _groups(scope, since, until, _IS_USAGE, by, ask):
        yield _billed(day, keys[0], "Usage", keys[1], metrics, is_estimated)


def adjustments(scope: AwsScope, since: date, until: date, *, ask: Callable[[], None]) -> Iterator[Billed]:
    """Credits, refunds, taxes, fees, discounts and what Savings Plans take back, by region and kind of record."""
    by = (_REGION, {"Type": "DIMENSION", "Key": "RECORD_TYPE"})
    for day, keys, metrics, is_estimated in _groups(scope, since, until, {"Not": _IS_USAGE}, by, ask):
        yield _billed(day, keys[0], keys[1], "", metrics, is_estimated)


def tagged(
    scope: AwsScope, tag: str, since: date, until: date, *, ask: Callable[[], None]
) -> Iterator[Tagged]:
    """What was used in the UTC days [since, until), by value of the cost allocation tag `tag` and usage type.

    Of a key that is not activated in the account's billing AWS tells nothing but untagged usage, without an error.
    Groups of a tag come as "key$value", those without it as "key$". AWS groups by two things at most, so regions stand
    in the usage types alone.
    """
    by = ({"Type": "TAG", "Key": tag}, _USAGE_TYPE)
    for day, keys, metrics, is_estimated in _groups(scope, since, until, _IS_USAGE, by, ask):
        cost = metrics["UnblendedCost"]
        value = keys[0].removeprefix(f"{tag}$")
        yield Tagged(day, value, keys[1], Decimal(cost["Amount"]), cost["Unit"], is_estimated)


_IS_USAGE = {"Dimensions": {"Key": "RECORD_TYPE", "Values": list(USAGE_RECORDS)}}
_REGION = {"Type": "DIMENSION", "Key": "REGION"}
_USAGE_TYPE = {"Type": "DIMENSION", "Key": "USAGE_TYPE"}

By = tuple[dict[str, str], dict[str, str]]
Group = tuple[date, list[str], dict[str, Any], bool]


def _groups(
    scope: AwsScope, since: date, until: date, records: dict[str, Any], by: By, ask: Callable[[], None]
) -> Iterator[Group]:
    """Every group of every page. The account is filtered: a management account is shown everybody's bill."""
    account = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [scope.account_id]}}
    service = {"Dimensions": {"Key": "SERVICE", "Values": [SAGEMAKER, PLANS]}}
    token, seen = "", set()
    for _ in range(MAX_PAGES):
        ask()
        answer = call(
            scope,
            SERVICE,
            "get_cost_and_usage",
            expect="ResultsByTime",
            TimePeriod={"Start": since.isoformat(), "End": until.isoformat()},
            Granularity="DAILY",
            Metrics=["UnblendedCost", "UsageQuantity"],
            GroupBy=list(by),
            Filter={"And": [account, service, records]},
            **({"NextPageToken": token} if token else {}),
        )
        for result in answer["ResultsByTime"]:
            day = date.fromisoformat(result["TimePeriod"]["Start"][:10])
            for group in result.get("Groups", []):
                yield day, group["Keys"], group["Metrics"], bool(result.get("Estimated"))
        token = str(answer.get("NextPageToken") or "")
        if not token:
            return
        if token in seen:
            break
        seen.add(token)
    raise endless(scope, iam_action(SERVICE, "get_cost_and_usage"))


def _billed(
    day: date, region: str, record: str, usage_type: str, metrics: dict[str, Any], is_estimated: bool
) -> Billed:
    cost, used = metrics["UnblendedCost"], metrics["UsageQuantity"]
    return Billed(
        day=day,
        region=region,
        record_type=record,
        usage_type=usage_type,
        amount=Decimal(cost["Amount"]),
        currency=cost["Unit"],
        quantity=Decimal(used["Amount"]),
        unit=used["Unit"],
        is_estimated=is_estimated,
    )
