"""What would help a model cache: other instances, more of them, a local disk, two endpoints; each with its forecast."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from fleet.analysis.cache import LIMITS
from fleet.analysis.cache_forecast.fit import Fit, Standing
from fleet.analysis.cache_forecast.forecast import (
    MARGIN,
    HitForecast,
    Sureness,
    more_instances,
    today,
    with_memory,
)
from fleet.costs.instances import has_local_disk
from fleet.costs.periods import HOURS_PER_MONTH

BUSY_ENOUGH = 0.7
"""Part of all vCPUs in use in the busiest hour above which fewer of them are not proposed. Our choice."""
_BURSTABLE = re.compile(r"ml\.t\d")
"""T families earn CPU credits: what they carry in a busy hour they may not carry for long."""
MORE_MEMORY = (1.5, 3.0)
"""Times today's memory of one instance that another family is looked for with."""
SIZES_SHOWN = 2
"""Larger sizes of the family shown: each doubles the memory."""


class Way(StrEnum):
    """What an option changes."""

    TODAY = "today"
    BIGGER = "bigger"
    MEMORY = "memory-family"
    MORE = "more-instances"
    LOCAL_DISK = "local-disk"
    SPLIT = "split"
    SMALLER = "smaller"


@dataclass(frozen=True)
class Host:
    """An instance type the endpoint's image runs on; usd_per_hour None = no price."""

    name: str
    memory_mb: int
    vcpus: int
    usd_per_hour: Decimal | None

    @property
    def family(self) -> str:
        return self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Setup:
    """What runs today. busy: part of all vCPUs in use in the busiest hour, 0 to 1; None = not reported."""

    instance_type: str
    instance_count: int
    busy: float | None = None


@dataclass(frozen=True)
class Option:
    """One way. endpoints: 2 = each with half of the models and instance_count instances.

    forecast None: what it would make of the hit ratio cannot be told. usd, change: USD a month of instance time, None
    without a price. wait_s_per_hour: what callers would wait for models, all together.
    """

    way: Way
    instance_type: str
    instance_count: int
    forecast: HitForecast | None
    usd: Decimal | None
    change: Decimal | None
    endpoints: int = 1
    wait_s_per_hour: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.way}-{self.instance_type}-{self.instance_count}-{self.endpoints}"

    @property
    def has_operation(self) -> bool:
        """Whether there is an operation for it: all but what runs today, which needs none."""
        return self.way is not Way.TODAY


def options(found: Fit, setup: Setup, hosts: Iterable[Host]) -> list[Option]:
    """Today first, then every way there is, in the order in which they are usually tried.

    Empty when the type of today is not among the hosts. No look-ups: today's option has no forecast.
    """
    known = {host.name: host for host in hosts}
    here = known.get(setup.instance_type)
    if here is None or setup.instance_count < 1:
        return []
    now = today(found) if found.observation.hit_ratio is not None else None
    first = Option(
        Way.TODAY, here.name, setup.instance_count, now, _usd(here, setup.instance_count), None,
        wait_s_per_hour=_wait(found, now),
    )  # fmt: skip
    others = [
        *_bigger(found, setup, here, known),
        *_more(found, setup, here),
        *_disk(found, setup, here, known),
    ]
    others += [*_split(found, setup, here), *_smaller(found, setup, here, known)]
    return [first, *(_priced(option, first, found) for option in others)]


def best(found: Fit, offered: Sequence[Option], is_thrashing: bool) -> Option | None:
    """The one to try first: for a cache that thrashes the cheapest that surely ends it, else the saving that is safe.

    Surely: the pessimistic end of the range reaches the level at which a cache counts as recovered. Where none does,
    the one with the highest pessimistic end, if that gains anything at all. Only ways with a price.
    """
    priced = [option for option in offered if option.change is not None and option.forecast is not None]
    if not is_thrashing:
        slack = [option for option in priced if option.way is Way.SMALLER and (option.change or 0) < 0]
        return min(slack, key=lambda option: (option.change or 0, option.key), default=None)
    helping = [option for option in priced if option.way not in (Way.TODAY, Way.SMALLER)]
    enough = [option for option in helping if _low(option) >= LIMITS.recovered_hit_ratio]
    if enough:
        # Two endpoints cost callers a change: only where one endpoint will not do.
        return min(enough, key=lambda option: (option.endpoints, option.change or 0, option.key))
    hits = found.observation.hit_ratio or 0.0
    gaining = [option for option in helping if _low(option) > hits + MARGIN]
    return max(gaining, key=lambda option: (_low(option), -(option.change or 0)), default=None)


def gaining(found: Fit, offered: Sequence[Option], chosen: Option | None) -> Option | None:
    """The one whose gain ranks a cache among others: what was chosen, unless that only saves.

    Else the cheapest that surely gains, else the one that gains most; None where nothing is forecast or has a price.
    """
    if chosen is not None and chosen.way is not Way.SMALLER and gain(found, chosen) is not None:
        return chosen
    helping = [
        option
        for option in offered
        if option.way not in (Way.TODAY, Way.SMALLER) and option.change is not None and gain(found, option)
    ]
    hits = found.observation.hit_ratio or 0.0
    sure = [option for option in helping if _low(option) > hits + MARGIN]
    if sure:
        return min(sure, key=lambda option: (option.endpoints, option.change or 0, option.key))
    return max(helping, key=lambda option: (gain(found, option) or 0.0, -(option.change or 0)), default=None)


def gain(found: Fit, option: Option) -> float | None:
    """What an option adds to the hit ratio; None where only a range, or nothing, can be told."""
    hits, forecast = found.observation.hit_ratio, option.forecast
    return None if hits is None or forecast is None or forecast.hit is None else forecast.hit - hits


def _low(option: Option) -> float:
    return option.forecast.low if option.forecast else 0.0


def _bigger(found: Fit, setup: Setup, here: Host, known: dict[str, Host]) -> Iterator[Option]:
    family = sorted(
        (h for h in known.values() if h.family == here.family and h.memory_mb > here.memory_mb),
        key=lambda host: host.memory_mb,
    )
    for host in family[:SIZES_SHOWN]:
        yield _with(Way.BIGGER, found, setup, here, host)
    roomier = [_roomier(here, known, times) for times in MORE_MEMORY]
    for roomy in {each.name: each for each in roomier if each}.values():
        notes: tuple[str, ...] = ("Another processor: measure latency first.",)
        if has_local_disk(roomy.name) < has_local_disk(here.name):
            notes += ("Without a local disk a missing model takes longer; the volume must hold all models.",)
        yield _with(Way.MEMORY, found, setup, here, roomy, notes)


def _roomier(here: Host, known: dict[str, Host], times: float) -> Host | None:
    """The cheapest of another family with so much memory and as many vCPUs; where there is a local disk today, one

    with a local disk if there is any.
    """
    fitting = [
        host
        for host in known.values()
        if host.family != here.family
        and host.memory_mb >= times * here.memory_mb
        and host.vcpus >= here.vcpus
        and host.usd_per_hour is not None
    ]
    alike = [host for host in fitting if has_local_disk(host.name) >= has_local_disk(here.name)]
    return min(alike or fitting, key=lambda host: (host.usd_per_hour or Decimal(0), host.name), default=None)


def _more(found: Fit, setup: Setup, here: Host) -> Iterator[Option]:
    count = setup.instance_count + 1
    forecast = more_instances(found, count / setup.instance_count)
    yield Option(Way.MORE, here.name, count, forecast, _usd(here, count), None)


def _disk(found: Fit, setup: Setup, here: Host, known: dict[str, Host]) -> Iterator[Option]:
    """The same size with local NVMe: as many models in memory, each quicker there."""
    if has_local_disk(here.name):
        return
    size = here.name.rpartition(".")[2]
    twin = known.get(f"{here.family}d.{size}")
    if twin is None:
        return
    seen = found.observation
    note = "As many models fit; a missing one is read from a faster disk."
    if seen.download_ms is not None and seen.load_ms is not None:
        share = (
            seen.download_ms / (seen.download_ms + seen.load_ms) if seen.download_ms + seen.load_ms else 0.0
        )
        note += f" Downloading is {share * 100:.0f} % of the time a missing model takes today."
    yield _with(Way.LOCAL_DISK, found, setup, here, twin, (note,))


def _split(found: Fit, setup: Setup, here: Host) -> Iterator[Option]:
    """Two endpoints, each with half of the models, similar ones together, and as many or half as many instances."""
    forecast = with_memory(found, 1.0, models=0.5)
    callers = "Callers must know which endpoint has their model."
    if setup.instance_count % 2 == 0:
        half = setup.instance_count // 2
        notes = (callers, "One instance each: nothing serves if it fails.") if half == 1 else (callers,)
        same = _usd(here, setup.instance_count)
        yield Option(Way.SPLIT, here.name, half, forecast, same, None, endpoints=2, notes=notes)
    count = setup.instance_count
    yield Option(
        Way.SPLIT, here.name, count, forecast, _usd(here, 2 * count), None, endpoints=2, notes=(callers,)
    )


def _smaller(found: Fit, setup: Setup, here: Host, known: dict[str, Host]) -> Iterator[Option]:
    """The cheapest smaller host on which the hit ratio would stay, as far as can be told, and the vCPUs suffice."""
    price = here.usd_per_hour
    if price is None or setup.busy is None or found.observation.hit_ratio is None:
        return
    if found.standing is not Standing.FITS and found.observation.hit_ratio < LIMITS.recovered_hit_ratio:
        return
    fitting = []
    for host in known.values():
        cheaper = host.usd_per_hour is not None and host.usd_per_hour < price
        if not cheaper or setup.busy * here.vcpus / host.vcpus > BUSY_ENOUGH:
            continue
        if has_local_disk(host.name) < has_local_disk(here.name) or _BURSTABLE.match(host.name):
            continue
        said = with_memory(found, host.memory_mb / here.memory_mb)
        if said is not None and said.low >= found.observation.hit_ratio - MARGIN - 1e-9:
            fitting.append(host)
    if fitting:
        host = min(fitting, key=lambda host: (host.usd_per_hour or Decimal(0), host.name))
        yield _with(Way.SMALLER, found, setup, here, host, ("Keep slack for an instance that fails.",))


def _with(way: Way, found: Fit, setup: Setup, here: Host, host: Host, notes: tuple[str, ...] = ()) -> Option:
    forecast = with_memory(found, host.memory_mb / here.memory_mb)
    if way is Way.LOCAL_DISK and found.observation.hit_ratio is not None:
        now = today(found)
        forecast = HitForecast(now.hit, now.low, now.high, now.residents, now.loads_per_hour, Sureness.GOOD)
    return Option(
        way, host.name, setup.instance_count, forecast, _usd(host, setup.instance_count), None, notes=notes
    )


def _priced(option: Option, first: Option, found: Fit) -> Option:
    change = option.usd - first.usd if option.usd is not None and first.usd is not None else None
    return replace(option, change=change, wait_s_per_hour=_wait(found, option.forecast))


def _wait(found: Fit, forecast: HitForecast | None) -> float | None:
    each = found.observation.wait_ms_per_miss
    if forecast is None or forecast.loads_per_hour is None or each is None:
        return None
    return forecast.loads_per_hour * each / 1000


def _usd(host: Host, count: int) -> Decimal | None:
    return None if host.usd_per_hour is None else host.usd_per_hour * HOURS_PER_MONTH * count
