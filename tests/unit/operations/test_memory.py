"""Another memory size: what is refused, what is sent, what a person is told, and what proves it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.operations import guards, plan
from fleet.operations.cost_change import cost_change
from fleet.operations.kinds import KINDS, MemoryChange, MemoryWish, OperationKind, Usage
from fleet.operations.verdicts import Standing, read
from fleet.types import CostComponent, EndpointState, PricePoint, ServerlessCapacity, VariantState
from tests.unit.operations.wishes import SCALING, context, seen

CODE = "8f21c0de"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("", "missing", "Memory is missing"),
        ("2 GB", "not-a-number", "“2 GB”"),
        ("1000", "memory-size", "1,000 MB; AWS accepts 1,024 to 6,144 MB in steps of 1,024"),
        ("7168", "memory-size", "7,168 MB"),
        ("-1024", "memory-size", "-1,024 MB"),
        ("4096", "no-change", "4,096 MB already"),
    ],
)
def test_only_another_of_the_six_sizes_is_a_change(typed: str, code: str, words: str) -> None:
    change, refusals = guards.memory(MemoryWish(typed), seen(), context())
    assert change is None
    assert [(r.field, r.code) for r in refusals] == [("memory_mb", code)]
    assert words in refusals[0].message


@pytest.mark.parametrize("size", [1024, 2048, 3072, 5120, 6144])
def test_each_other_size_is_a_change(size: int) -> None:
    assert guards.memory(MemoryWish(str(size)), seen(), context()) == (MemoryChange(size), [])


def test_a_config_with_unknown_fields_is_not_copied_and_a_viewer_changes_nothing() -> None:
    strange = seen(unknown_fields=("ProductionVariants[0].Tomorrow",))
    assert [r.code for r in guards.memory(MemoryWish("2048"), strange, context())[1]] == ["unknown-fields"]
    viewer = context(actor_may=False, actor_role="viewer")
    assert [r.code for r in guards.memory(MemoryWish("2048"), seen(), viewer)[1]] == ["role"]


def test_the_copy_has_the_new_size_and_the_concurrency_that_is_live() -> None:
    # Concurrency was changed in place since: the config still says 20 and 5.
    live = seen(serverless=ServerlessCapacity(4096, 30, None))
    found = plan.build(MemoryChange(2048), live, CODE)
    assert found.config["ProductionVariants"][0]["ServerlessConfig"] == {
        "MemorySizeInMB": 2048,
        "MaxConcurrency": 30,
    }
    assert (found.kind, found.summary) == (OperationKind.CHANGE_MEMORY, "4,096 → 2,048 MB")
    assert [step.action for step in found.steps] == [
        "read-state", "create-config", "update-endpoint", "wait", "prove",
    ]  # fmt: skip
    assert [call.action for call in found.calls] == [
        "DescribeEndpoint", "CreateEndpointConfig", "UpdateEndpoint",
    ]  # fmt: skip
    assert [(row.field, row.before, row.after) for row in found.differences] == [
        ("Memory", "4,096 MB", "2,048 MB"),
        ("Endpoint config", "fraud-score-cfg-7", "fraud-score-op-8f21c0de"),
    ]
    assert not KINDS[found.kind].is_irreversible


@pytest.mark.parametrize(
    ("size", "percent", "codes"),
    [
        (2048, 40.0, ["cold-starts", "cpu"]),
        (2048, 60.0, ["cold-starts", "memory-too-small", "cpu"]),
        (2048, None, ["cold-starts", "memory-not-known", "cpu"]),
        (6144, None, ["cold-starts", "cpu"]),
    ],
)
def test_it_says_whether_the_model_fits(size: int, percent: float | None, codes: list[str]) -> None:
    found = plan.build(MemoryChange(size), seen(), CODE, usage=Usage(memory_percent=percent))
    assert [warning.code for warning in found.warnings] == codes
    if "memory-too-small" in codes:
        assert "2,458 MB are in use" in found.warnings[1].text
    assert ("longer" if size < 4096 else "shorter") in found.warnings[-1].text


def test_the_month_is_priced_at_the_new_sizes_rate() -> None:
    traffic = Traffic(Window(NOON - timedelta(hours=73), NOON), busy_s=Decimal(1000))
    prices = {"4096": "0.00008", "2048": "0.00004"}
    component = CostComponent.EXECUTION_ON_DEMAND
    book = PriceBook.layered(
        [
            PricePoint("eu-west-1", component, item, "second", Decimal(usd), "test", NOON.date())
            for item, usd in prices.items()
        ]
    )
    found = cost_change(MemoryChange(2048), seen(provisioned=None), traffic, book, now=NOON)
    assert (found.before, found.after) == (Decimal("0.8"), Decimal("0.4"))


@pytest.mark.parametrize(
    ("memory", "config", "standing"),
    [
        (2048, "fraud-score-op-8f21c0de", Standing.APPLIED),
        (4096, "fraud-score-op-8f21c0de", Standing.OVERWRITTEN),
        (4096, "fraud-score-cfg-7", Standing.ROLLED_BACK),
    ],
)
def test_only_the_size_that_was_asked_proves_it(memory: int, config: str, standing: Standing) -> None:
    before = seen(scaling=SCALING)
    wanted = plan.build(MemoryChange(2048), before, CODE).wanted
    live = EndpointState(
        name="fraud-score", arn="arn", status="InService", config_name=config, created_at=NOON, modified_at=NOON,
        variants=(VariantState(name="AllTraffic", current_serverless=ServerlessCapacity(memory, 20, 5)),),
    )  # fmt: skip
    found = read(live, wanted=wanted, observed=before.version(), variant="AllTraffic")
    assert found.standing is standing
    assert f"{memory:,} MB" in found.text
