"""One rule for which quota is the region's concurrency, whatever else Service Quotas calls serverless."""

from dataclasses import dataclass

import pytest

from fleet import serverless_quotas


@dataclass(frozen=True)
class Row:
    name: str
    value: float


OTHERS = (
    "Maximum concurrency per serverless endpoint",
    "Maximum provisioned concurrency per serverless endpoint",
    "Maximum total provisioned concurrency that can be allocated across all serverless endpoints",
    "Maximum number of serverless endpoints",
    "ml.m5.large for endpoint usage",
)


@pytest.mark.parametrize("name", OTHERS)
def test_a_namesake_is_not_the_total(name: str) -> None:
    assert not serverless_quotas.is_total_concurrency(name)


def test_the_total_is_found_among_its_namesakes_in_any_order() -> None:
    wanted = Row(serverless_quotas.TOTAL_CONCURRENCY, 700.0)
    rows = [Row(name, 3.0) for name in OTHERS]
    assert serverless_quotas.total_concurrency([wanted, *rows]) == wanted
    assert serverless_quotas.total_concurrency([*rows, wanted]) == wanted
    assert serverless_quotas.total_concurrency(rows) is None


def test_of_two_totals_the_lower_one_counts() -> None:
    rows = [Row(serverless_quotas.TOTAL_CONCURRENCY, value) for value in (900.0, 700.0, 800.0)]
    found = serverless_quotas.total_concurrency(rows)
    assert found is not None
    assert found.value == 700


def test_the_number_of_endpoints_is_told_from_the_rest() -> None:
    found = [name for name in OTHERS if serverless_quotas.is_endpoint_count(name)]
    assert found == [serverless_quotas.ENDPOINTS]


@pytest.mark.parametrize(
    ("region", "limit"), [("us-east-1", 1000), ("sa-east-1", 500), ("xx-nowhere-1", None)]
)
def test_defaults_are_those_aws_documents(region: str, limit: int | None) -> None:
    assert serverless_quotas.documented_concurrency(region) == limit
