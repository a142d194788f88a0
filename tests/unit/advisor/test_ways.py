"""What the advisor prices: the same as the page of options, at three multiples of the traffic, from fewer machines."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.advisor.evidence import PricedWay
from fleet.advisor.ways import LESS, MORE, priced, shortlist
from fleet.costs.break_even import Family, Option, Site, cost, option_lines
from fleet.costs.discounts import Discount, Discounts
from fleet.costs.options import Circumstances, Machine, Need, offers
from fleet.costs.periods import Window
from fleet.costs.price_book import UNITS, PriceBook
from fleet.costs.traffic import Traffic, UseHour
from fleet.types import Capacity, CostComponent, Kind, PricePoint, ServerlessCapacity

REGION, START = "us-east-1", datetime(2026, 11, 19, tzinfo=UTC)
HOURLY = {
    "ml.c5.large": "0.102", "ml.c5.xlarge": "0.204", "ml.c5.2xlarge": "0.408", "ml.m5.large": "0.115",
    "ml.m5.xlarge": "0.23", "ml.c5d.large": "0.115", "ml.r5.large": "0.151",
}  # fmt: skip
MACHINES = [
    Machine("ml.c5.large", 4096, 2), Machine("ml.m5.large", 8192, 2), Machine("ml.c5d.large", 4096, 2),
    Machine("ml.r5.large", 16384, 2), Machine("ml.c5.xlarge", 8192, 4), Machine("ml.m5.xlarge", 16384, 4),
    Machine("ml.c5.2xlarge", 16384, 8),
]  # fmt: skip
C = CostComponent
NEAR = Decimal("1e-9")
"""Quantities are counted to the ninth decimal."""


def _point(component: CostComponent, item: str, usd: str) -> PricePoint:
    return PricePoint(
        REGION, component, item, UNITS[component], Decimal(usd), "Price List", date(2026, 11, 1)
    )


BOOK = PriceBook.layered(
    [
        *(_point(C.INSTANCE_TIME, name, usd) for name, usd in HOURLY.items()),
        _point(C.STORAGE, "gp2", "0.14"),
        *(_point(C.EXECUTION_ON_DEMAND, str(1024 * n), str(Decimal("0.00002") * n)) for n in range(1, 7)),
        _point(C.KEPT_WARM, "4096", "0.00002"),
        _point(C.EXECUTION_PROVISIONED, "4096", "0.0000466"),
    ]
)
AGREED = replace(
    BOOK,
    discounts=Discounts(
        (
            Discount("plan", None, None, component=C.INSTANCE_TIME, usd_per_hour=Decimal("0.08"), region=REGION,
                     item="ml.m5.large"),
            Discount("deal", None, None, percent=Decimal(10), component=C.STORAGE),
        )
    ),
)  # fmt: skip
SITE = Site(REGION, Capacity(START, None, serverless=ServerlessCapacity(4096, 20)), Kind.SERVERLESS)
ON_INSTANCES = Site(REGION, Capacity(START, None, "ml.m5.xlarge", 2, 30), Kind.REAL_TIME)
ABOUT = Circumstances(Need(), MACHINES, models=1)


def traffic(*busy_s: int, peak: int | None = 2) -> Traffic:
    hours = tuple(UseHour(START + timedelta(hours=n), Decimal(each)) for n, each in enumerate(busy_s) if each)
    window = Window(START, START + timedelta(hours=24))
    return Traffic(window, Decimal(sum(busy_s)), peak_concurrency=peak, hours=hours)


def cheapest(found: tuple[PricedWay, ...], family: Family) -> Decimal | None:
    return min((way.usd for way in found if way.family is family and way.usd is not None), default=None)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 7200), min_size=24, max_size=24),
    st.integers(1, 12),
    st.integers(1, 8),
    st.sampled_from([Need(), Need(per_call_mb=4096), Need(used_mb=6000)]),
    st.sampled_from([SITE, ON_INSTANCES, replace(ON_INSTANCES, kind=Kind.ASYNCHRONOUS)]),
    st.sampled_from([BOOK, AGREED]),
)
def test_no_machine_that_would_have_won_is_left_out(
    busy_s: list[int], peak: int, models: int, need: Need, site: Site, book: PriceBook
) -> None:
    about = Circumstances(need, MACHINES, models=models)
    use = traffic(*busy_s, peak=peak)
    everything = offers(site, use, about, book)
    found = priced(site, use, about, book)
    for way in found:
        if way.family is Family.SERVERLESS and way.usd is not None:
            option = Option(way.family, way.item)
            assert way.usd_less == pytest.approx(
                cost(option_lines(option, site, use.scaled(LESS), book)), abs=NEAR
            )
            assert way.usd_more == pytest.approx(
                cost(option_lines(option, site, use.scaled(MORE), book)), abs=NEAR
            )
    for family in Family:
        usd = [each.usd for each in everything if each.option.family is family and each.usd is not None]
        assert cheapest(found, family) == min(usd, default=None), family


def test_machines_that_cost_more_and_do_no_more_are_not_priced() -> None:
    # Two at once fit a c5.large. Beside 100 GB at $0.14 (1.92 cents an hour) its sister with a local disk is cheaper.
    assert [each.name for each in shortlist(SITE, traffic(600), ABOUT, BOOK)] == ["ml.c5.large"]
    large = Site(REGION, Capacity(START, None, "ml.m5.xlarge", 1, 100), Kind.REAL_TIME)
    names = [each.name for each in shortlist(large, traffic(600), ABOUT, BOOK)]
    assert names == ["ml.c5d.large", "ml.m5.xlarge"]


def test_the_type_of_today_stays_among_them() -> None:
    assert "ml.m5.xlarge" in [each.name for each in shortlist(ON_INSTANCES, traffic(600), ABOUT, BOOK)]


def test_serverless_with_a_quarter_less_traffic_costs_a_quarter_less() -> None:
    found = priced(SITE, traffic(*[600] * 24), ABOUT, BOOK)
    today = next(way for way in found if way.is_today)
    # 600 s an hour × 730 h × $0.00008.
    assert today.usd == Decimal("35.04")
    assert (today.usd_less, today.usd_more) == (Decimal("35.04") * LESS, Decimal("35.04") * MORE)


def test_instances_of_today_cost_the_same_whatever_the_traffic() -> None:
    today = next(way for way in priced(ON_INSTANCES, traffic(*[600] * 24), ABOUT, BOOK) if way.is_today)
    # Two at $0.23 an hour, and two volumes of 30 GB.
    assert today.usd == Decimal("344.2") == today.usd_less == today.usd_more


def test_another_way_on_instances_is_priced_with_the_peak_of_more_traffic() -> None:
    way = next(
        each
        for each in priced(SITE, traffic(*[600] * 24, peak=2), ABOUT, BOOK)
        if each.family is Family.REAL_TIME and each.item == "ml.c5.large"
    )
    # Two at once fit one c5.large; five quarters of them are three, which take two.
    assert (way.usd_less, way.usd, way.usd_more) == (Decimal("74.46"), Decimal("74.46"), Decimal("148.92"))


def test_figures_are_those_of_the_options_page() -> None:
    use = traffic(*[900] * 24)
    by_key = {(way.family, way.item, way.level): way.usd for way in priced(SITE, use, ABOUT, BOOK)}
    for offer in offers(SITE, use, ABOUT, BOOK):
        key = (offer.option.family, offer.option.item, offer.option.level)
        if key in by_key:
            assert by_key[key] == cost(option_lines(offer.option, SITE, use, BOOK))


@pytest.mark.parametrize("known", [Traffic(Window(START, START + timedelta(hours=24)), None)])
def test_without_traffic_nothing_has_a_price_but_what_is_paid_anyway(known: Traffic) -> None:
    for way in priced(SITE, known, ABOUT, BOOK):
        assert way.usd is None or way.family in (Family.PROVISIONED, Family.REAL_TIME, Family.SHARED)
        assert not way.is_today or way.usd is None
