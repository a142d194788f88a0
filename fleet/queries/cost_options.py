"""What the ways to host one endpoint would cost: its traffic, what fits it, prices, and what rules a way out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db.models import Count

from fleet.costs import break_even
from fleet.costs.break_even import Crossing, Family, Site
from fleet.costs.options import Circumstances, Machine, Need, Offer, offers
from fleet.costs.price_book import PriceBook
from fleet.costs.traffic import Traffic
from fleet.instance_types import has_gpu
from fleet.models import Container, Endpoint, HostedModel, VariantStatus
from fleet.queries import endpoint as endpoints
from fleet.queries import instance_ledger, instance_sizes, prices, serverless_fit, workload
from fleet.queries.endpoint import Head
from fleet.queries.scope import TimeRange
from fleet.queries.serverless_fit import Use
from fleet.types import Capacity, Kind, MetricRow, ServerlessCapacity

SHORTEST = timedelta(hours=24)
USUAL = timedelta(days=7)
"""What is replayed where the page looks at less than SHORTEST: the window that operations are priced by."""
_GRAVITON = re.compile(r"[a-z]+\d+g")
ALONE = (Kind.SERVERLESS, Kind.REAL_TIME)
"""Kinds that host one model each, which could share instances."""


@dataclass(frozen=True)
class Workplace:
    """One variant with its traffic over `window` and the prices it is held against."""

    variant: VariantStatus
    site: Site
    traffic: Traffic
    need: Need
    book: PriceBook
    window: TimeRange


@dataclass(frozen=True)
class Line:
    """One way as the chart draws it: USD a month at each of break_even.SCALES."""

    offer: Offer
    amounts: Sequence[Decimal | None]


@dataclass(frozen=True)
class Point:
    """Where another way than today's begins to cost less, or stops to. busy_s: seconds of execution an hour there."""

    offer: Offer
    crossing: Crossing
    busy_s: Decimal | None


@dataclass(frozen=True)
class Choices:
    """Every way to host the endpoint, cheapest first, and those that the curve compares."""

    place: Workplace
    offers: Sequence[Offer]
    lines: Sequence[Line]
    points: Sequence[Point]

    @property
    def today(self) -> Offer | None:
        return next((each for each in self.offers if each.is_today), None)

    @property
    def cheapest(self) -> Offer | None:
        """The cheapest way that is open; None without a price or traffic."""
        return next((each for each in self.offers if each.usd is not None and not each.why_not), None)


def workplace(head: Head, window: TimeRange) -> Workplace | None:
    """The main variant's traffic and prices; None while no variant is known. Two to four queries."""
    variant = head.main
    capacity = capacity_of(variant) if variant else None
    if variant is None or capacity is None:
        return None
    window = _long_enough(window)
    found = workload.rows([variant.pk], window.start, window.end)
    shard = head.endpoint.shard
    return Workplace(
        variant,
        Site(shard.region, capacity, head.endpoint.kind),
        workload.traffic(found, head.endpoint.kind, window.end, max_concurrency=variant.max_concurrency),
        _need(variant, found),
        prices.book(shard.region, account=shard.account_id),
        window,
    )


def choices(head: Head, window: TimeRange) -> Choices | None:
    """Every way to host the endpoint; None while no variant is known. At most a dozen queries."""
    place = workplace(head, window)
    if place is None:
        return None
    about = Circumstances(
        place.need,
        _machines(head.endpoint, place),
        models=_models_alike(head.endpoint, place.variant),
        exclusions=_exclusions(head),
    )
    found = offers(place.site, place.traffic, about, place.book)
    lines, points = _compared(place, found)
    return Choices(place, found, lines, points)


def capacity_of(variant: VariantStatus) -> Capacity | None:
    """What a variant holds now; None when it was never described."""
    start = variant.metrics_until or datetime.now(UTC)
    if variant.memory_mb and variant.max_concurrency:
        size = ServerlessCapacity(
            variant.memory_mb, variant.max_concurrency, variant.provisioned_concurrency or None
        )
        return Capacity(start, None, serverless=size)
    if not variant.instance_type:
        return None
    return Capacity(start, None, variant.instance_type, variant.current_instance_count, variant.volume_gb)


def machines(region: str, book: PriceBook) -> list[Machine]:
    """Instance types with a price in the region whose memory and vCPUs are known, cheapest first."""
    found = []
    for name in book.instance_types(region):
        memory_mb, vcpus = instance_sizes.memory_mib(name), instance_sizes.vcpus(name)
        if memory_mb and vcpus:
            found.append(Machine(name, memory_mb, vcpus))
    return found


def _long_enough(window: TimeRange) -> TimeRange:
    if window.length >= SHORTEST:
        return window
    return TimeRange("7d", "last 7 days", window.end - USUAL, window.end)


def _need(variant: VariantStatus, found: Sequence[MetricRow]) -> Need:
    """Memory: utilisation is reported in percent of the memory size, or of one instance."""
    highest = max((value for row in found if (value := row.get("memory_pct")) is not None), default=None)
    whole = variant.memory_mb or instance_sizes.memory_mib(variant.instance_type)
    used = None if highest is None or whole is None else round(whole * highest / 100)
    return Need(per_call_mb=variant.memory_mb, used_mb=used)


def _machines(endpoint: Endpoint, place: Workplace) -> list[Machine]:
    """Types that the account may run and whose processor is of today's sort, so that the same image runs on them."""
    quotas = instance_ledger.quotas(endpoint.shard)
    wanted = processor(place.variant.instance_type) if place.variant.instance_type else "x86"
    return [
        machine
        for machine in machines(place.site.region, place.book)
        if quotas.get(machine.name) != 0 and processor(machine.name) == wanted
    ]


def processor(instance_type: str) -> str:
    """What an image must be built for: "gpu", "neuron" (Inferentia, Trainium), "gaudi", "arm" (Graviton) or "x86".

    Serverless runs without GPUs. Source: the families of aws-cdk-lib, aws-eks/lib/instance-types (inferentia, graviton,
    trainium), read November 2026; Graviton families have a g behind their generation.
    """
    if has_gpu(instance_type):
        return "gpu"
    family = instance_type.removeprefix("ml.").partition(".")[0]
    if family.startswith(("inf", "trn")):
        return "neuron"
    if family.startswith("dl"):
        return "gaudi"
    return "arm" if _GRAVITON.match(family) else "x86"


def _models_alike(endpoint: Endpoint, variant: VariantStatus) -> int | None:
    """Endpoints of the shard, this one included, that run nothing but the same image; None when it is not known."""
    mine = HostedModel.objects.filter(shard=endpoint.shard_id, name=variant.model_name, gone_at=None)
    images = list(Container.objects.filter(model__in=mine).values_list("image", flat=True)[:2])
    if endpoint.kind not in ALONE or len(images) != 1 or not images[0]:
        return None
    alone = (
        HostedModel.objects.filter(shard=endpoint.shard_id, gone_at=None)
        .annotate(parts=Count("containers"))
        .filter(parts=1, containers__image=images[0])
    )
    live = VariantStatus.objects.filter(
        endpoint__shard=endpoint.shard_id,
        endpoint__closed_at=None,
        endpoint__kind__in=ALONE,
        removed_at=None,
        is_shadow=False,
        model_name__in=alone.values("name"),
    )
    return live.values("endpoint").distinct().count()


def _exclusions(head: Head) -> list[str]:
    """What the endpoint uses that serverless excludes; empty for serverless itself and while its config is unread."""
    config = head.endpoint.config
    if config is None or head.endpoint.kind == Kind.SERVERLESS:
        return []
    parts = endpoints.configuration(head).models
    rows = serverless_fit.exclusions(
        config.document,
        [part.model.document for part in parts if part.model],
        is_complete=all(part.model for part in parts),
    )
    return [row.feature for row in rows if row.use is Use.USED]


def _compared(place: Workplace, found: Sequence[Offer]) -> tuple[list[Line], list[Point]]:
    """Today's way and the cheapest open one of every family, with the points where they meet today's."""
    today = next((each for each in found if each.is_today), None)
    drawn: dict[Family, Offer] = {}
    if today is not None:
        drawn[today.option.family] = today
    for offer in found:
        if offer.usd is not None and not offer.why_not:
            drawn.setdefault(offer.option.family, offer)
    way = today.option if today else None
    price = break_even.pricer(place.site, place.traffic, place.book, way)
    lines = [
        Line(offer, [price(offer.option, scale) for scale in break_even.SCALES])
        for _, offer in sorted(drawn.items(), key=lambda each: list(Family).index(each[0]))
    ]
    lines = [line for line in lines if any(amount is not None for amount in line.amounts)]
    points = [
        Point(line.offer, crossing, break_even.busy_s_per_hour(crossing.scale, place.traffic))
        for line in lines
        if today is not None and line.offer is not today
        for crossing in break_even.crossings(today.option, line.offer.option, price)
    ]
    return lines, points
