"""Plans: which route and why, what is sent, what a person is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.costs.periods import Window
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.operations import documents, plan
from fleet.operations.cost_change import cost_change
from fleet.operations.kinds import ConcurrencyChange, Conversion, InstanceOption, Route, Usage
from fleet.types import CostComponent, PricePoint
from tests.unit.operations.wishes import CONFIG, SCALING, seen

CODE = "8f21c0de"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
M5 = InstanceOption("ml.m5.xlarge", 16384, 4, Decimal("0.257"))


@pytest.mark.parametrize(
    ("had", "wants", "asked", "route", "why"),
    [
        (None, None, Route.AUTO, Route.IN_PLACE, "Only concurrency changes"),
        (None, 5, Route.AUTO, Route.IN_PLACE, "Only concurrency changes"),
        (5, 7, Route.AUTO, Route.IN_PLACE, "Only concurrency changes"),
        (5, None, Route.AUTO, Route.NEW_CONFIG, "Removing provisioned concurrency"),
        (5, 7, Route.NEW_CONFIG, Route.NEW_CONFIG, "You asked"),
    ],
)
def test_the_route_follows_from_what_changes(
    had: int | None, wants: int | None, asked: Route, route: Route, why: str
) -> None:
    chosen, reason = plan.choose_route(ConcurrencyChange(40, wants, asked), seen(provisioned=had))
    assert chosen is route
    assert reason.startswith(why)


def test_an_in_place_plan_sends_one_update_and_creates_nothing() -> None:
    found = plan.build(ConcurrencyChange(40, 10, Route.AUTO), seen(), CODE)
    assert found.summary == "max concurrency 20 → 40, provisioned 5 → 10"
    assert [step.action for step in found.steps] == ["read-state", "update-capacity", "wait", "prove"]
    assert found.steps[1].parameters == {
        "EndpointName": "fraud-score",
        "DesiredWeightsAndCapacities": [
            {
                "VariantName": "AllTraffic",
                "ServerlessUpdateConfig": {"MaxConcurrency": 40, "ProvisionedConcurrency": 10},
            }
        ],
    }
    assert found.config == {}
    assert [(call.action, call.is_skipped) for call in found.calls] == [
        ("DescribeEndpoint", False),
        ("UpdateEndpointWeightsAndCapacities", False),
        ("CreateEndpointConfig", True),
    ]
    assert found.warnings == ()


def test_a_new_config_copies_every_field_and_removes_what_is_not_wanted() -> None:
    found = plan.build(ConcurrencyChange(20, None, Route.AUTO), seen(), CODE)
    assert found.config == {
        "EndpointConfigName": "fraud-score-op-8f21c0de",
        "ProductionVariants": [
            {
                "VariantName": "AllTraffic",
                "ModelName": "fraud-score-m31",
                "InitialVariantWeight": 1.0,
                "ServerlessConfig": {"MemorySizeInMB": 4096, "MaxConcurrency": 20},
            }
        ],
        "KmsKeyId": CONFIG["KmsKeyId"],
        "ANewFieldOfTomorrow": CONFIG["ANewFieldOfTomorrow"],
        "MetricsConfig": {"EnableDetailedObservability": False},
    }
    assert [step.action for step in found.steps] == [
        "read-state",
        "create-config",
        "update-endpoint",
        "wait",
        "prove",
    ]
    assert [(row.field, row.before, row.after) for row in found.differences] == [
        ("Provisioned concurrency", "5", "none"),
        ("Endpoint config", "fraud-score-cfg-7", "fraud-score-op-8f21c0de"),
    ]
    assert {warning.code for warning in found.warnings} == {"cold-starts", "warm-lost"}
    assert "KmsKeyId" in found.unchanged
    assert "ProductionVariants[0].ServerlessConfig.ProvisionedConcurrency" not in found.unchanged


def test_a_conversion_deregisters_scaling_says_there_is_no_way_back_and_names_every_call() -> None:
    found = plan.build(Conversion(M5, 2), seen(scaling=SCALING), CODE)
    assert [step.action for step in found.steps] == [
        "read-state",
        "deregister-scaling",
        "create-config",
        "update-endpoint",
        "wait",
        "prove",
    ]
    variant = found.config["ProductionVariants"][0]
    assert "ServerlessConfig" not in variant
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.xlarge", 2)
    assert found.config["MetricsConfig"] == {"EnableDetailedObservability": False}
    assert [w.code for w in found.warnings if w.is_irreversible] == ["one-way"]
    assert "track-use" in next(w.text for w in found.warnings if w.code == "scaling-removed")
    sent = [call for call in found.calls if not call.is_skipped]
    assert [call.action for call in sent] == [
        "DescribeEndpoint",
        "DeregisterScalableTarget",
        "CreateEndpointConfig",
        "UpdateEndpoint",
    ]
    assert "EndpointConfigName=fraud-score-op-8f21c0de" in sent[3].arguments


@pytest.mark.parametrize(
    ("quota", "told"), [(None, ["m5.xlarge prod may run in eu-west-1: quota not read."]), (20, [])]
)
def test_a_conversion_says_when_the_instance_quota_was_not_read(quota: int | None, told: list[str]) -> None:
    found = plan.build(Conversion(replace(M5, quota=quota), 2), seen(), CODE)
    texts = [warning.text for warning in found.warnings if warning.code == "quota-not-read"]
    assert len(texts) == len(told)
    assert all(words in text for words, text in zip(told, texts, strict=True))


@pytest.mark.parametrize(
    ("count", "peak", "text"),
    [
        (
            1,
            12,
            "One instance is planned; today's peak is 12 calls at a time; "
            "Flotilla does not forecast whether it carries them.",
        ),
        (
            3,
            12,
            "3 instances are planned; today's peak is 12 calls at a time; "
            "Flotilla does not forecast whether they carry them.",
        ),
        (12, 12, None),
        (1, None, None),
    ],
)
def test_fewer_instances_than_calls_at_a_time_are_no_forecast(
    count: int, peak: int | None, text: str | None
) -> None:
    found = plan.build(Conversion(M5, count), seen(), CODE, usage=Usage(peak_concurrency=peak))
    texts = [warning.text for warning in found.warnings if warning.code == "below-peak"]
    assert texts == ([] if text is None else [text])


@pytest.mark.parametrize(
    ("cold", "words"),
    [
        (3.28, "about 3.3 cold starts a day were seen"),
        (0.0, "about 0.0 cold starts a day were seen"),
        (None, "How many cold starts a day there are today is not known."),
    ],
)
def test_removing_provisioned_concurrency_tells_the_cold_starts_of_today(
    cold: float | None, words: str
) -> None:
    change = ConcurrencyChange(20, None, Route.AUTO)
    found = plan.build(change, seen(), CODE, usage=Usage(cold_starts_per_day=cold))
    assert words in next(warning.text for warning in found.warnings if warning.code == "warm-lost")


def test_without_a_scalable_target_the_skipped_call_is_shown() -> None:
    found = plan.build(Conversion(M5, 2), seen(), CODE)
    assert "deregister-scaling" not in [step.action for step in found.steps]
    assert [(c.action, c.note) for c in found.calls if c.is_skipped] == [
        ("DeregisterScalableTarget", "no target is registered for this variant")
    ]


def test_the_monthly_change_is_the_sum_of_its_lines() -> None:
    traffic = Traffic(
        Window(NOON - timedelta(hours=73), NOON), busy_s=Decimal(1000), provisioned_share=Decimal(1)
    )
    book = PriceBook.layered(
        [
            _price(CostComponent.EXECUTION_ON_DEMAND, "4096", "0.00008"),
            _price(CostComponent.KEPT_WARM, "4096", "0.00002"),
            _price(CostComponent.EXECUTION_PROVISIONED, "4096", "0.00005"),
        ]
    )
    found = cost_change(ConcurrencyChange(20, None, Route.AUTO), seen(), traffic, book, now=NOON)
    # 73 h are a tenth of a month: 10,000 s of execution. Five units × 2,628,000 s are kept warm.
    kept = 5 * 2_628_000 * Decimal("0.00002")
    assert found.before == kept + 10_000 * Decimal("0.00005")
    assert found.after == 10_000 * Decimal("0.00008")
    assert found.difference == found.after - found.before
    assert found.warm_hour_before == 5 * 3600 * Decimal("0.00002")
    assert found.warm_hour_after == 0
    assert [(row.component, row.is_before, row.is_after) for row in found.rows] == [
        ("kept-warm", True, False),
        ("execution-provisioned", True, False),
        ("execution-on-demand", False, True),
    ]


def test_without_traffic_the_cost_is_unknown_not_zero() -> None:
    traffic = Traffic(Window(NOON, NOON), busy_s=None)
    found = cost_change(ConcurrencyChange(40, 5, Route.AUTO), seen(), traffic, PriceBook(), now=NOON)
    assert found.difference is None


def _price(component: CostComponent, item: str, usd: str) -> PricePoint:
    return PricePoint("eu-west-1", component, item, "unit", Decimal(usd), "test", NOON.date())


@given(
    st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
)
def test_config_names_fit_aws_and_tell_operations_apart(endpoint: str, code: str) -> None:
    name = documents.config_name(endpoint, code)
    assert len(name) <= 63
    assert name.endswith(f"-op-{code}")
    assert "--op-" not in name
    assert name == documents.config_name(endpoint, code)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), JSON, max_size=4))
def test_a_clone_equals_its_source_whatever_fields_aws_invents(extra: dict[str, object]) -> None:
    source = {**extra, **CONFIG}
    source["MetricsConfig"] = {"EnableDetailedObservability": True, "MetricPublishFrequencyInSeconds": 30}
    clone = documents.clone_config(source, "new", "AllTraffic", serverless={})
    assert documents.differences(clone, source) == []
    assert documents.flattened(clone) == documents.flattened(source)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"EnableDetailedObservability": False}),
        ({}, {"EnableDetailedObservability": False}),
        (
            {"EnableEnhancedMetrics": True},
            {"EnableEnhancedMetrics": True, "EnableDetailedObservability": False},
        ),
        ({"EnableDetailedObservability": True}, {"EnableDetailedObservability": True}),
    ],
)
@pytest.mark.parametrize(
    "change",
    [{"serverless": {"MaxConcurrency": 30}}, {"instances": {"InstanceType": "ml.m5.large"}}],
    ids=["concurrency", "conversion"],
)
def test_a_copy_never_turns_detailed_observability_on_by_silence(
    before: dict[str, bool] | None, after: dict[str, bool], change: dict[str, dict[str, object]]
) -> None:
    source = CONFIG if before is None else {**CONFIG, "MetricsConfig": before}
    assert documents.clone_config(source, "new", "AllTraffic", **change)["MetricsConfig"] == after


def test_a_weight_of_one_equals_one_point_zero() -> None:
    assert documents.differences({"A": 1.0}, {"A": 1}) == []
    assert documents.differences({"A": 1.5}, {"A": 1}) == ["A"]
    assert documents.differences({"A": True}, {"A": 1}) == ["A"]
