"""The simulated Cost Explorer answers as AWS's does: late, by groups and pages, each account its own bill."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.simulator.conftest import Client
from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws

SERVICE = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon SageMaker"]}}


@pytest.fixture
def explorer(simulator: SimulatorProcess, client: Client) -> Any:
    simulator.reset("billed")
    return client("ce")


def asked(explorer: Any, simulator: SimulatorProcess, days: int = 10, **fields: Any) -> dict[str, Any]:
    today = simulator.now().date()
    given = {
        "TimePeriod": {"Start": f"{today - timedelta(days=days)}", "End": f"{today}"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
        "Filter": SERVICE,
    }
    answer: dict[str, Any] = explorer.get_cost_and_usage(**(given | fields))
    return answer


def group(*keys: str) -> list[dict[str, str]]:
    return [{"Type": "DIMENSION", "Key": key} for key in keys]


def cost(result: dict[str, Any]) -> Decimal:
    return Decimal(result["Total"]["UnblendedCost"]["Amount"])


def test_groups_add_up_to_the_total_of_each_day(explorer: Any, simulator: SimulatorProcess) -> None:
    plain = asked(explorer, simulator)["ResultsByTime"]
    grouped = asked(explorer, simulator, GroupBy=group("REGION", "USAGE_TYPE"))["ResultsByTime"]
    assert [each["TimePeriod"] for each in plain] == [each["TimePeriod"] for each in grouped]
    for whole, parts in zip(plain[:-1], grouped[:-1], strict=True):  # the newest day still grows
        amounts = [Decimal(each["Metrics"]["UnblendedCost"]["Amount"]) for each in parts["Groups"]]
        assert abs(sum(amounts) - cost(whole)) < Decimal("1e-7")
        assert parts["Total"] == {}
    keys = {tuple(each["Keys"]) for each in grouped[0]["Groups"]}
    assert {("us-east-1", "USE1-Notebk:ml.t3.medium"), ("eu-west-1", "EU-Host:ml.m5.xlarge")} <= keys


def test_the_newest_days_are_estimated_and_the_newest_one_is_not_whole(
    explorer: Any, simulator: SimulatorProcess
) -> None:
    results = asked(explorer, simulator)["ResultsByTime"]
    assert [each["Estimated"] for each in results][:6] == [False] * 6
    assert results[-1]["Estimated"]
    assert cost(results[-1]) < cost(results[-3])


def test_days_add_up_to_months_and_hours_to_days(explorer: Any, simulator: SimulatorProcess) -> None:
    day = simulator.now().date() - timedelta(days=5)
    one = {"Start": f"{day}", "End": f"{day + timedelta(days=1)}"}
    daily = asked(explorer, simulator, TimePeriod=one)["ResultsByTime"]
    monthly = asked(explorer, simulator, TimePeriod=one, Granularity="MONTHLY")["ResultsByTime"]
    hours = {name: f"{value}T00:00:00Z" for name, value in one.items()}
    hourly = asked(explorer, simulator, TimePeriod=hours, Granularity="HOURLY")["ResultsByTime"]
    assert len(hourly) == 24
    assert cost(daily[0]) == cost(monthly[0])
    assert abs(sum(map(cost, hourly)) - cost(daily[0])) < Decimal("1e-7")


def test_filters_and_tags_narrow_the_bill(explorer: Any, simulator: SimulatorProcess) -> None:
    tax = {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Tax"]}}
    records = asked(explorer, simulator, GroupBy=group("RECORD_TYPE"))["ResultsByTime"][0]["Groups"]
    assert {each["Keys"][0] for each in records} == {
        "Usage", "Credit", "Tax", "Enterprise Discount Program Discount", "SavingsPlanCoveredUsage",
        "SavingsPlanNegation",
    }  # fmt: skip
    only = asked(explorer, simulator, Filter={"And": [SERVICE, tax]})["ResultsByTime"][0]
    rest = asked(explorer, simulator, Filter={"And": [SERVICE, {"Not": tax}]})["ResultsByTime"][0]
    whole = asked(explorer, simulator)["ResultsByTime"][0]
    assert abs(cost(only) + cost(rest) - cost(whole)) < Decimal("1e-7")
    tagged = asked(explorer, simulator, GroupBy=[{"Type": "TAG", "Key": "team"}])["ResultsByTime"][0][
        "Groups"
    ]
    assert {"team$risk", "team$"} == {each["Keys"][0] for each in tagged}


def test_a_savings_plan_takes_back_what_it_covers_and_charges_its_fee(
    explorer: Any, simulator: SimulatorProcess
) -> None:
    fee = {"Dimensions": {"Key": "SERVICE", "Values": ["Savings Plans for AWS Machine Learning"]}}
    either = {"Or": [SERVICE, fee]}
    whole = asked(explorer, simulator, Filter=either, GroupBy=group("RECORD_TYPE"))["ResultsByTime"][0]
    usd = {each["Keys"][0]: Decimal(each["Metrics"]["UnblendedCost"]["Amount"]) for each in whole["Groups"]}
    # $0.50 an hour at 25 % off buys $16 a day at on-demand prices; $12 are due.
    assert abs(usd["SavingsPlanCoveredUsage"] - 16) < Decimal("1e-7")
    assert abs(usd["SavingsPlanNegation"] + 16) < Decimal("1e-7")
    assert usd["SavingsPlanRecurringFee"] == 12
    covered = {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["SavingsPlanCoveredUsage"]}}
    types = asked(explorer, simulator, Filter=covered, GroupBy=group("USAGE_TYPE"))["ResultsByTime"][0]
    names = {each["Keys"][0] for each in types["Groups"]}
    assert {"USE1-Host:ml.g5.xlarge", "USE1-Notebk:ml.t3.medium"} <= names
    assert not any("AsyncInf" in name or "Serverless" in name for name in names)


def test_only_a_key_that_is_activated_for_cost_allocation_tells_its_values(
    explorer: Any, simulator: SimulatorProcess, client: Client
) -> None:
    role = {"RoleArn": "arn:aws:iam::444455556666:role/Reader", "RoleSessionName": "member"}
    member = client("ce", credentials=client("sts").assume_role(**role)["Credentials"])
    by_tag = [{"Type": "TAG", "Key": "team"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}]
    mine, theirs = (
        {each["Keys"][0] for each in asked(whose, simulator, GroupBy=by_tag)["ResultsByTime"][0]["Groups"]}
        for whose in (explorer, member)
    )
    assert mine == {"team$risk", "team$"}
    assert theirs == {"team$"}, "its endpoint has the tag, and the key is not activated"


def test_pages_hold_each_group_once(explorer: Any, simulator: SimulatorProcess) -> None:
    token: dict[str, str] = {}
    seen, pages = [], 0
    while True:
        answer = asked(explorer, simulator, days=40, GroupBy=group("REGION", "USAGE_TYPE"), **token)
        pages += 1
        for result in answer["ResultsByTime"]:
            seen += [(result["TimePeriod"]["Start"], *each["Keys"]) for each in result["Groups"]]
        if "NextPageToken" not in answer:
            break
        token = {"NextPageToken": answer["NextPageToken"]}
    assert pages > 1
    assert len(seen) == len(set(seen))
    assert len({day for day, *_ in seen}) == 40


def test_a_member_account_sees_its_own_bill_only(
    explorer: Any, simulator: SimulatorProcess, client: Client
) -> None:
    everybody = asked(explorer, simulator, GroupBy=group("LINKED_ACCOUNT"))["ResultsByTime"][0]["Groups"]
    assert {each["Keys"][0] for each in everybody} == {"111122223333", "444455556666"}
    role = {"RoleArn": "arn:aws:iam::444455556666:role/Reader", "RoleSessionName": "member"}
    member = client("ce", credentials=client("sts").assume_role(**role)["Credentials"])
    own = asked(member, simulator, GroupBy=group("LINKED_ACCOUNT"))["ResultsByTime"][0]["Groups"]
    assert {each["Keys"][0] for each in own} == {"444455556666"}


@pytest.mark.parametrize(
    "fields",
    [
        {"TimePeriod": {"Start": "2026-02-01", "End": "2026-02-01"}},
        {"TimePeriod": {"Start": "2019-01-01", "End": "2019-02-01"}},
        {"Metrics": ["Nonsense"]},
        {"GroupBy": group("REGION", "USAGE_TYPE", "SERVICE")},
        {"Filter": {"Dimensions": {"Key": "AZ", "Values": ["a"]}}},
    ],
)
def test_what_cannot_be_asked_is_refused(
    explorer: Any, simulator: SimulatorProcess, fields: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        asked(explorer, simulator, **fields)


def test_the_bill_follows_a_change_to_the_second(explorer: Any, simulator: SimulatorProcess) -> None:
    at = simulator.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    created = at.replace(minute=20, second=30)
    simulator.add_endpoint(
        account="test",
        region="us-east-1",
        name="late",
        created=created.isoformat(),
        instances={"type": "ml.g4dn.2xlarge", "count": 2},
    )
    rows = simulator.bill(at, at + timedelta(hours=1))
    hours = sum((Decimal(row["quantity"]) for row in rows if row["endpoint"] == "late"), Decimal(0))
    assert {row["record_type"] for row in rows if row["endpoint"] == "late"} == {
        "Usage", "SavingsPlanCoveredUsage",
    }, "partly covered"  # fmt: skip
    # 39 min 30 s of two instances: 2 × 2,370 s / 3,600.
    assert hours.quantize(Decimal("1e-9")) == (Decimal(2 * 2370) / 3600).quantize(Decimal("1e-9"))
