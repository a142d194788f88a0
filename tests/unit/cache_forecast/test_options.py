"""Ways to help a cache, each with its forecast and price, and the one to try first."""

from decimal import Decimal

from fleet.analysis.cache_forecast.forecast import with_memory
from fleet.analysis.cache_forecast.options import Host, Option, Setup, Way, best, options

from .test_forecast import fitted, hours

HOSTS = [
    Host("ml.c5.xlarge", 8192, 4, Decimal("0.204")),
    Host("ml.c5.2xlarge", 16384, 8, Decimal("0.408")),
    Host("ml.c5.4xlarge", 32768, 16, Decimal("0.816")),
    Host("ml.c5.9xlarge", 73728, 36, Decimal("1.836")),
    Host("ml.c5.large", 4096, 2, Decimal("0.102")),
    Host("ml.c5d.xlarge", 8192, 4, Decimal("0.23")),
    Host("ml.r5.xlarge", 32768, 4, Decimal("0.302")),
    Host("ml.m5.xlarge", 16384, 4, None),
    Host("ml.t2.medium", 4096, 2, Decimal("0.056")),
]
SETUP = Setup("ml.c5.xlarge", 2, busy=0.2)


def by_way(found: list[Option], way: Way) -> list[Option]:
    return [option for option in found if option.way is way]


def test_every_way_has_its_forecast_and_its_price() -> None:
    found = fitted()
    offered = options(found, SETUP, HOSTS)
    first, double, fourfold = offered[:3]
    assert (first.way, first.usd, first.change) == (Way.TODAY, Decimal("297.840"), None)
    assert first.wait_s_per_hour == 532.0
    assert (double.way, double.instance_type, double.change) == (
        Way.BIGGER,
        "ml.c5.2xlarge",
        Decimal("297.840"),
    )
    assert double.forecast == with_memory(found, 2.0)
    assert (fourfold.instance_type, fourfold.change) == ("ml.c5.4xlarge", Decimal("893.520"))
    assert double.wait_s_per_hour is not None
    assert 100 < double.wait_s_per_hour < 532.0
    [roomier] = by_way(offered, Way.MEMORY)
    assert (roomier.instance_type, roomier.change) == ("ml.r5.xlarge", Decimal("143.080"))
    [more] = by_way(offered, Way.MORE)
    assert (more.instance_count, more.change) == (3, Decimal("148.920"))
    assert more.forecast is not None
    assert more.forecast.hit is None
    [disk] = by_way(offered, Way.LOCAL_DISK)
    assert (disk.instance_type, disk.change) == ("ml.c5d.xlarge", Decimal("37.960"))
    assert disk.forecast is not None
    assert disk.forecast.hit == 0.62
    halved, doubled = by_way(offered, Way.SPLIT)
    assert (halved.instance_count, halved.endpoints, halved.change) == (1, 2, Decimal(0))
    assert "nothing serves if it fails" in halved.notes[1]
    assert (doubled.instance_count, doubled.change) == (2, Decimal("297.840"))
    assert not by_way(offered, Way.SMALLER)


def test_memory_without_a_local_disk_says_what_is_lost() -> None:
    here = Setup("ml.c5d.xlarge", 2, busy=0.2)
    [roomier] = by_way(options(fitted(), here, HOSTS), Way.MEMORY)
    assert roomier.instance_type == "ml.r5.xlarge"
    assert "the volume must hold all models" in roomier.notes[1]
    double = [*HOSTS, Host("ml.m5d.xlarge", 16384, 4, Decimal("0.271"))]
    found = by_way(options(fitted(), here, double), Way.MEMORY)
    assert [option.instance_type for option in found] == ["ml.m5d.xlarge", "ml.r5.xlarge"]
    with_disk = [*HOSTS, Host("ml.r5d.xlarge", 32768, 4, Decimal("0.346"))]
    [roomier] = by_way(options(fitted(), here, with_disk), Way.MEMORY)
    assert (roomier.instance_type, len(roomier.notes)) == ("ml.r5d.xlarge", 1)


def test_first_to_try_is_the_cheapest_that_surely_ends_the_thrashing() -> None:
    found = fitted()
    chosen = best(found, options(found, SETUP, HOSTS), is_thrashing=True)
    assert chosen is not None
    assert (chosen.way, chosen.instance_type) == (Way.MEMORY, "ml.r5.xlarge")


def test_without_a_way_that_surely_ends_it_the_surest_gain_comes_first() -> None:
    found = fitted()
    chosen = best(found, options(found, SETUP, HOSTS[:2]), is_thrashing=True)
    assert chosen is not None
    assert chosen.forecast is not None
    assert found.observation.hit_ratio is not None
    assert chosen.forecast.low > found.observation.hit_ratio


def test_smaller_is_offered_where_everything_would_still_fit() -> None:
    quiet = fitted(rows=hours(72, unload_count=None, cache_hit_sum=995.0, memory_pct=40.0))
    offered = options(quiet, SETUP, HOSTS)
    [smaller] = by_way(offered, Way.SMALLER)
    assert (smaller.instance_type, smaller.change) == ("ml.c5.large", Decimal("-148.920"))
    assert best(quiet, offered, is_thrashing=False) == smaller
    busy = options(quiet, Setup("ml.c5.xlarge", 2, busy=0.5), HOSTS)
    assert not by_way(busy, Way.SMALLER)
    unknown = options(quiet, Setup("ml.c5.xlarge", 2), HOSTS)
    assert not by_way(unknown, Way.SMALLER)


def test_without_the_number_of_hosted_models_prices_stand_without_forecasts() -> None:
    found = fitted(hosted=None)
    offered = options(found, SETUP, HOSTS)
    assert [option.forecast for option in by_way(offered, Way.BIGGER)] == [None, None]
    assert by_way(offered, Way.BIGGER)[0].change == Decimal("297.840")
    assert best(found, by_way(offered, Way.BIGGER), is_thrashing=True) is None


def test_an_unknown_type_or_no_price_is_no_invention() -> None:
    assert options(fitted(), Setup("ml.x9.large", 2), HOSTS) == []
    unpriced = [Host(host.name, host.memory_mb, host.vcpus, None) for host in HOSTS]
    offered = options(fitted(), SETUP, unpriced)
    assert {option.change for option in offered} == {None}
    assert best(fitted(), offered, is_thrashing=True) is None
