"""The ways to host one endpoint: which there are, what each rests on, and why one is not open to it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from fleet.costs.break_even import Family, Option, Site, cost, instances, option_lines, today_lines
from fleet.costs.lines import worst
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic, expected_share
from fleet.types import MAX_SERVERLESS_CONCURRENCY, Confidence, CostComponent, CostLine, Kind

MEMORY_SIZES_MB = range(1024, 6144 + 1, 1024)


@dataclass(frozen=True)
class Machine:
    """An instance type that fits: memory in MB and vCPUs are known."""

    name: str
    memory_mb: int
    vcpus: int


@dataclass(frozen=True)
class Need:
    """What the model takes, MB. per_call_mb: held by each execution at once (serverless), None = shared by all.

    used_mb: most that was used, None = not reported.
    """

    per_call_mb: int | None = None
    used_mb: int | None = None


@dataclass(frozen=True)
class Circumstances:
    """What decides which ways are open. models: endpoints whose image is the same, this one included, None = unknown.

    exclusions: what it uses that serverless excludes, in words.
    """

    need: Need = field(default_factory=Need)
    machines: Sequence[Machine] = ()
    models: int | None = None
    exclusions: Sequence[str] = ()


@dataclass(frozen=True)
class Offer:
    """One way with its month. why_not: reasons why it is not open to this endpoint; empty = it is."""

    option: Option
    lines: tuple[CostLine, ...]
    assumption: str
    why_not: tuple[str, ...] = ()
    is_today: bool = False
    count: int | None = None

    @cached_property
    def usd(self) -> Decimal | None:
        """USD a month; None without a price or traffic. Kept, because sorting and ranking ask for it again."""
        return cost(self.lines)

    @property
    def confidence(self) -> Confidence:
        """The worst of its lines; storage of unknown size is left out of the sum and does not count."""
        counted = [
            line.confidence
            for line in self.lines
            if line.component is not CostComponent.STORAGE or line.amount is not None
        ]
        return worst(counted)


def offers(site: Site, traffic: Traffic, about: Circumstances, book: PriceBook) -> list[Offer]:
    """Every way, cheapest first, those without a cost after them; what runs today is always among them."""
    found = [_offer(option, site, traffic, about, book) for option in _options(site, traffic, about)]
    if not any(each.is_today for each in found):
        found.append(_today(site, traffic, about, book))
    families = list(Family)
    return sorted(
        found,
        key=lambda each: (
            each.usd is None,
            each.usd or Decimal(0),
            families.index(each.option.family),
            each.option.key,
        ),
    )


def slots(machine: Machine, need: Need) -> int:
    """Executions at once on one instance: one per vCPU, and per memory that each of them holds. An assumption."""
    by_memory = machine.memory_mb // need.per_call_mb if need.per_call_mb else machine.vcpus
    return max(1, min(machine.vcpus, by_memory))


def fits(machine: Machine, need: Need) -> bool:
    """Whether an instance has the memory that the model is known to take."""
    return machine.memory_mb >= (need.per_call_mb or need.used_mb or 0)


def _options(site: Site, traffic: Traffic, about: Circumstances) -> list[Option]:
    found = [Option(Family.SERVERLESS, str(memory_mb)) for memory_mb in MEMORY_SIZES_MB]
    warm_mb = _memory_mb(site, about.need)
    found += [Option(Family.PROVISIONED, str(warm_mb), level) for level in _levels(site, traffic)]
    volume = site.capacity.volume_gb
    for machine in about.machines:
        if not fits(machine, about.need):
            continue
        at_once = slots(machine, about.need)
        found.append(Option(Family.REAL_TIME, machine.name, 0, at_once, 1, volume))
        found.append(Option(Family.ASYNCHRONOUS, machine.name, 0, at_once, 1, volume))
        found.append(Option(Family.SHARED, machine.name, 0, at_once, about.models or 1, volume))
    return found


def _memory_mb(site: Site, need: Need) -> int:
    """Memory size that provisioned concurrency is priced at: today's, else the smallest that holds what is used."""
    if site.capacity.serverless:
        return site.capacity.serverless.memory_mb
    return next((size for size in MEMORY_SIZES_MB if size >= (need.used_mb or 0)), MEMORY_SIZES_MB[-1])


def _levels(site: Site, traffic: Traffic) -> list[int]:
    """One unit, half the peak, the peak, and the level of today."""
    peak = min(traffic.peak or 1, MAX_SERVERLESS_CONCURRENCY)
    return sorted({1, max(1, -(-peak // 2)), max(1, peak), site.level or 1})


def _offer(option: Option, site: Site, traffic: Traffic, about: Circumstances, book: PriceBook) -> Offer:
    return Offer(
        option,
        tuple(option_lines(option, site, traffic, book)),
        _assumption(option, site, traffic, about),
        tuple(_why_not(option, site, traffic, about)),
        is_today=_is_today(option, site),
        count=instances(traffic, option.slots) if option.family is Family.REAL_TIME else None,
    )


def _today(site: Site, traffic: Traffic, about: Circumstances, book: PriceBook) -> Offer:
    """What runs now on instances: as many hours as ran, whatever any assumption says."""
    name = site.capacity.instance_type
    machine = next((each for each in about.machines if each.name == name), None)
    family = {Kind.ASYNCHRONOUS: Family.ASYNCHRONOUS, Kind.MULTI_MODEL: Family.SHARED}.get(
        Kind(site.kind), Family.REAL_TIME
    )
    at_once = slots(machine, about.need) if machine else 1
    option = Option(family, name, 0, at_once, 1, site.capacity.volume_gb)
    words = "the instance-hours that ran, scaled to a month"
    if traffic.instance_hours is None:
        words = "the instances of today, all month"
    found = tuple(today_lines(site, traffic, book))
    return Offer(option, found, words, is_today=True, count=site.capacity.instance_count)


def _is_today(option: Option, site: Site) -> bool:
    live = site.capacity.serverless
    if live is None:
        return False
    family = Family.PROVISIONED if live.provisioned_concurrency else Family.SERVERLESS
    here = (family, str(live.memory_mb), live.provisioned_concurrency or 0)
    return (option.family, option.item, option.level) == here


def _assumption(option: Option, site: Site, traffic: Traffic, about: Circumstances) -> str:
    if option.family is Family.PROVISIONED:
        return expected_share(option.level, traffic, site.level)[1]
    if option.family is Family.SERVERLESS:
        live = site.capacity.serverless
        if live and int(option.item) < live.memory_mb:
            known = "" if about.need.used_mb is not None else "; memory in use is not reported"
            return f"durations as today, though less memory comes with less CPU{known}"
        return "durations as today"
    held = f", as each holds {about.need.per_call_mb:,} MB" if about.need.per_call_mb else ""
    at_once = f"{option.slots} at once on an instance, one per vCPU{held}"
    if option.family is Family.ASYNCHRONOUS:
        return f"{at_once}; starting up is not counted; answers come through S3"
    peak = _peak_words(traffic)
    if option.family is Family.SHARED:
        return f"{option.models} models share evenly; {peak}; the container must serve many models"
    return f"{peak}, {at_once}"


def _peak_words(traffic: Traffic) -> str:
    if traffic.peak is None:
        return "no peak is known, as neither executions at once nor hours of calls are reported"
    seen = "as observed" if traffic.peak_concurrency is not None else "if calls arrive at random"
    return f"peak of {traffic.peak} at once {seen}"


def _why_not(option: Option, site: Site, traffic: Traffic, about: Circumstances) -> Iterable[str]:
    if option.family in (Family.SERVERLESS, Family.PROVISIONED):
        if site.capacity.serverless is None:
            yield from (f"serverless has no {feature}" for feature in about.exclusions)
        if about.need.used_mb is not None and about.need.used_mb > int(option.item):
            yield f"{about.need.used_mb:,} MB are in use"
        if (traffic.peak or 0) > MAX_SERVERLESS_CONCURRENCY:
            yield f"{traffic.peak:,} at once are more than {MAX_SERVERLESS_CONCURRENCY}"
    if site.kind == Kind.INFERENCE_COMPONENT and option.family is not Family.REAL_TIME:
        yield "several inference components run on it"
    if option.family is Family.SHARED:
        if site.kind == Kind.MULTI_CONTAINER:
            yield "it runs several containers"
        elif (about.models or 1) < 2:
            yield "no other endpoint of the account and region runs its image alone"
