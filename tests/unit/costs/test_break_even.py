"""What each way to host a traffic costs, and where two of them cost the same."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.costs.break_even import (
    Family,
    Option,
    Site,
    busy_s_per_hour,
    cost,
    crossings,
    instances,
    option_lines,
    pricer,
    today_lines,
)
from fleet.costs.options import Circumstances, Machine, Need, Offer, offers, slots
from fleet.costs.traffic import Traffic, UseHour
from fleet.types import Confidence, Kind

from .worked import BOOK, REGION, C, hour, serverless, window
from .worked import instances as held

SITE = Site(REGION, serverless(4096), Kind.SERVERLESS)
SMALL = Machine("ml.c5.large", 4096, 2)
ON_DEMAND = Option(Family.SERVERLESS, "4096")
ONE_INSTANCE = Option(Family.REAL_TIME, "ml.c5.large")
TOLERANCE = Decimal("1e-6")
NEAR = Decimal("1e-9")


def day(*busy_s: str, peak: int | None = 1) -> Traffic:
    """Twenty-four hours of which the first ones execute this many seconds."""
    hours = tuple(UseHour(hour(n), Decimal(each)) for n, each in enumerate(busy_s) if Decimal(each))
    total = sum((Decimal(each) for each in busy_s), Decimal(0))
    return Traffic(window(), total, peak_concurrency=peak, hours=hours)


def month(option: Option, traffic: Traffic, site: Site = SITE) -> Decimal:
    found = cost(option_lines(option, site, traffic, BOOK))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("memory_mb", "busy_s", "share"),
    # $0.102 an hour buys 0.102 / 0.00008 = 1,275 s at 4 GB: 35.4 % of the time of one execution.
    [("4096", "1275", "0.354"), ("6144", "850", "0.236"), ("2048", "2550", "0.708")],
)
def test_break_even_with_one_small_instance(memory_mb: str, busy_s: str, share: str) -> None:
    evenly = day(*["600"] * 24, peak=None)
    one = Option(Family.REAL_TIME, "ml.c5.large", slots=100)
    (found,) = crossings(Option(Family.SERVERLESS, memory_mb), one, pricer(SITE, evenly, BOOK))
    point = busy_s_per_hour(found.scale, evenly)
    assert point == pytest.approx(Decimal(busy_s), rel=Decimal("1e-9"))
    assert (point / 3600).quantize(Decimal("0.001")) == Decimal(share)
    assert found.usd == pytest.approx(Decimal("74.46")), "0.102 × 730"


def test_ten_models_that_share_one_instance_cost_a_tenth() -> None:
    # Ten ml.c5.large at $0.102 an hour: $1.02. One that serves all ten: $0.102.
    alone = month(ONE_INSTANCE, day("60")) / 730
    shared = month(Option(Family.SHARED, "ml.c5.large", models=10), day("60", peak=0)) / 730
    assert (alone * 10, shared * 10) == (Decimal("1.02"), Decimal("0.102"))


def test_a_model_that_fills_shared_instances_pays_for_what_it_fills() -> None:
    # A peak of 3 at once on instances that run 2: one and a half of them, whoever shares the rest.
    option = Option(Family.SHARED, "ml.c5.large", slots=2, models=10)
    assert month(option, day("60", peak=3)) == Decimal("0.102") * 730 * Decimal("1.5")


def test_instances_are_counted_by_the_peak() -> None:
    assert [instances(day("60", peak=peak), 2) for peak in (0, 1, 2, 3, 9)] == [1, 1, 1, 2, 5]
    assert instances(day("60", peak=9).scaled(Decimal("0.5")), 2) == 3, "4.5 at once need a fifth slot"
    assert instances(Traffic(window(), None), 2) is None


def test_a_queue_is_replayed_hour_by_hour_not_by_its_average() -> None:
    # Two executions at once on an instance, 7,200 s an hour. One hour of 9,000 s (2 instances), one of 60 s (1):
    # 3 instance-hours a day × 730 / 24 × $0.102 = $9.3075. Its average of 377.5 s an hour would have kept one instance
    # all day: $74.46.
    option = Option(Family.ASYNCHRONOUS, "ml.c5.large", slots=2)
    assert month(option, day("9000", "60")) == Decimal("9.3075")
    assert month(option, day()) == 0, "nothing runs without a call"


def test_serverless_replays_the_level_that_spills_over() -> None:
    # One unit at load 1 serves half of an hour's 3,600 s. A month has 730 / 24 such hours:
    # 730 × 3,600 × 0.00001 + 54,750 × 0.0000233 + 54,750 × 0.00004 = 26.28 + 1.275675 + 2.19.
    site = Site(REGION, serverless(2048), Kind.SERVERLESS)
    found = month(Option(Family.PROVISIONED, "2048", 1), day("3600", peak=5), site)
    assert found == pytest.approx(Decimal("29.745675"))


def test_one_more_instance_jumps_over_serverless_without_ever_costing_the_same() -> None:
    # One slot: a second instance from the peak of 1 on, $74.46 → $148.92, where serverless costs 1,300 s × 24 a day.
    traffic = day(*["1300"] * 24, peak=1)
    one = Option(Family.REAL_TIME, "ml.c5.large", slots=1)
    found = crossings(ON_DEMAND, one, pricer(SITE, traffic, BOOK))
    assert [each.is_step for each in found[:2]] == [False, True]
    assert found[0].scale == pytest.approx(Decimal(1275) / 1300)
    assert found[1].scale == pytest.approx(Decimal(1))


def test_without_price_or_traffic_there_is_no_point_and_no_cost() -> None:
    unpriced = Option(Family.REAL_TIME, "ml.zz9.large")
    assert crossings(ON_DEMAND, unpriced, pricer(SITE, day("600"), BOOK)) == []
    nothing = Traffic(window(), None)
    assert crossings(ON_DEMAND, ONE_INSTANCE, pricer(SITE, nothing, BOOK)) == []
    assert cost(option_lines(Option(Family.ASYNCHRONOUS, "ml.c5.large"), SITE, nothing, BOOK)) is None


def listed(site: Site, traffic: Traffic, about: Circumstances) -> dict[str, Offer]:
    return {each.option.key: each for each in offers(site, traffic, about, BOOK)}


def test_offers_are_sorted_by_cost_and_name_what_has_no_price() -> None:
    about = Circumstances(Need(per_call_mb=4096), [SMALL, Machine("ml.zz9.large", 8192, 4)], models=10)
    found = offers(SITE, day("600", peak=3), about, BOOK)
    amounts = [each.usd for each in found if each.usd is not None]
    assert amounts == sorted(amounts)
    unknown = [each for each in found if each.usd is None]
    assert found[-len(unknown) :] == unknown, "unpriced ones come last"
    assert {each.option.item for each in unknown} >= {"ml.zz9.large", "1024", "5120"}
    assert all(each.confidence is Confidence.UNPRICED for each in unknown)
    assert [each.option.key for each in found if each.is_today] == ["serverless-4096"]


def test_an_instance_holds_one_execution_per_vcpu_and_per_memory_of_each() -> None:
    large = Machine("ml.m5.4xlarge", 65_536, 16)
    assert slots(large, Need(per_call_mb=6144)) == 10
    assert slots(large, Need(per_call_mb=1024)) == 16
    assert slots(large, Need()) == 16
    found = listed(SITE, day("600", peak=3), Circumstances(Need(per_call_mb=4096), [SMALL]))
    assert found["real-time-ml.c5.large"].count == 3, "4,096 MB hold one call at a time"
    too_small = listed(SITE, day("600"), Circumstances(Need(per_call_mb=6144), [SMALL]))
    assert "real-time-ml.c5.large" not in too_small


def test_a_way_that_is_not_open_says_why() -> None:
    about = Circumstances(Need(used_mb=3500), [SMALL], exclusions=["VPC configuration"])
    real_time = Site(REGION, held(), Kind.REAL_TIME)
    found = listed(real_time, day("600", peak=None), about)
    assert found["serverless-3072"].why_not == ("serverless has no VPC configuration", "3,500 MB are in use")
    assert found["serverless-4096"].why_not == ("serverless has no VPC configuration",)
    assert found["shared-ml.c5.large"].why_not == (
        "no other endpoint of the account and region runs its image alone",
    )
    assert found["asynchronous-ml.c5.large"].why_not == ()


def test_without_a_peak_the_assumption_says_what_is_missing() -> None:
    real_time = Site(REGION, held(), Kind.REAL_TIME)
    about = Circumstances(machines=[SMALL], models=2)
    found = listed(real_time, Traffic(window(), Decimal(600)), about)
    missing = "no peak is known, as neither executions at once nor hours of calls are reported"
    assert found["real-time-ml.c5.large"].assumption.startswith(missing)
    assert missing in found["shared-ml.c5.large"].assumption
    assert not any("None" in each.assumption for each in found.values())


def test_instances_of_today_cost_what_ran() -> None:
    traffic = Traffic(
        window(), Decimal(600), instance_hours=Decimal(36), hours=(UseHour(hour(0), Decimal(600)),)
    )
    found = offers(Site(REGION, held(count=2), Kind.REAL_TIME), traffic, Circumstances(Need(), [SMALL]), BOOK)
    (today,) = [each for each in found if each.is_today]
    assert today.usd == Decimal("111.69"), "36 / 24 × 730 × $0.102"
    assert today.assumption == "the instance-hours that ran, scaled to a month"


BUSY = st.lists(st.integers(0, 20_000), min_size=1, max_size=12)
OPTIONS = st.one_of(
    st.sampled_from(["2048", "4096", "6144"]).map(lambda item: Option(Family.SERVERLESS, item)),
    st.integers(1, 6).map(lambda level: Option(Family.PROVISIONED, "2048", level)),
    st.builds(
        Option,
        st.sampled_from([Family.REAL_TIME, Family.ASYNCHRONOUS, Family.SHARED]),
        st.just("ml.c5.large"),
        slots=st.integers(1, 8),
        models=st.integers(1, 10),
    ),
)


@given(BUSY, OPTIONS, st.integers(0, 6), st.integers(0, 60), st.integers(1, 40))
def test_more_traffic_never_costs_less(
    busy: list[int], option: Option, peak: int, low: int, more: int
) -> None:
    traffic = day(*map(str, busy), peak=peak or None)
    price = pricer(SITE, traffic, BOOK)
    less, greater = price(option, Decimal(low) / 16), price(option, Decimal(low + more) / 16)
    assert less is not None
    assert greater is not None
    assert greater >= less - TOLERANCE


@settings(max_examples=12)
@given(BUSY, OPTIONS, OPTIONS, st.integers(1, 6))
def test_where_two_ways_cross_they_cost_the_same_or_one_jumps_over_the_other(
    busy: list[int], one: Option, other: Option, peak: int
) -> None:
    traffic = day(*map(str, busy), peak=peak)
    price = pricer(SITE, traffic, BOOK)

    def gap(scale: Decimal) -> Decimal:
        a, b = price(one, scale), price(other, scale)
        assert a is not None
        assert b is not None
        return a - b

    for found in crossings(one, other, price):
        if found.is_step:
            before, after = gap(found.scale - NEAR), gap(found.scale + NEAR)
            assert before * after <= 0
        else:
            assert abs(gap(found.scale)) <= TOLERANCE
            assert found.usd == price(one, found.scale)


def test_kept_warm_is_what_provisioned_concurrency_costs_without_a_call() -> None:
    lines = option_lines(Option(Family.PROVISIONED, "2048", 2), SITE, day(), BOOK)
    assert {line.component: line.amount for line in lines} == {C.KEPT_WARM: Decimal("52.56")}


@pytest.mark.parametrize(
    ("ran", "scale", "usd"),
    [
        # Two instances run, one serves a peak of 1 (2 at once on each): 2 × 730 × $0.102 = $148.92 up to a peak of 2,
        # $74.46 more for each further instance: five times today's peak needs 3 instead of 1.
        ("48", "0.5", "148.92"),
        ("48", "1", "148.92"),
        ("48", "2", "148.92"),
        ("48", "5", "297.84"),
        # What was down half of the day is down for as much of less traffic.
        ("12", "1", "37.23"),
        ("12", "5", "111.69"),
    ],
)
def test_instances_of_today_cost_what_they_do_whatever_the_peak_would_need(
    ran: str, scale: str, usd: str
) -> None:
    site = Site(REGION, held("ml.c5.large", 2), Kind.REAL_TIME)
    today = Option(Family.REAL_TIME, "ml.c5.large", 0, 2)
    traffic = replace(day("600"), instance_hours=Decimal(ran))
    price = pricer(site, traffic, BOOK, today)
    assert price(today, Decimal(scale)) == Decimal(usd)
    assert price(today, Decimal(1)) == cost(today_lines(site, traffic, BOOK))
    assert price(replace(today, slots=1), Decimal(1)) == Decimal("74.46"), (
        "another way is priced by what it needs"
    )
