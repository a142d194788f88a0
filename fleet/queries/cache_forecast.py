"""What is known of a model cache and what would help it: the rows behind fleet.analysis.cache_forecast."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from fleet.analysis.cache import Verdict, course
from fleet.analysis.cache_forecast.fit import Fit, fit
from fleet.analysis.cache_forecast.observed import observe
from fleet.analysis.cache_forecast.options import Host, Option, Setup, best, options
from fleet.costs.price_book import PriceBook
from fleet.instance_types import has_gpu
from fleet.models import CapacityPeriod, HostedModelCount, HourBucket, Shard, VariantStatus
from fleet.queries import cost_options, instance_ledger, instance_sizes, prices
from fleet.types import CostComponent, Kind, MetricRow

WINDOW = timedelta(days=7)
EVERY_ONE = Q()
_COLUMNS = (
    "cache_hit_sum", "cache_hit_count", "unload_count", "load_count", "loaded_models", "load_ms_avg",
    "download_ms_avg", "loading_wait_ms_sum", "model_latency_ms_sum", "memory_pct", "cpu_pct",
)  # fmt: skip


@dataclass(frozen=True)
class Outlook:
    """A cache as it is and as it could be. since: when the verdict began, None = before [start, end).

    held_since: when today's instances came, if that was within the window: only what came after says anything of them.
    options is empty where the type of today is not known or has a GPU.
    """

    variant: VariantStatus
    fit: Fit
    start: datetime
    end: datetime
    verdict: Verdict
    since: datetime | None
    held_since: datetime | None
    setup: Setup | None
    options: Sequence[Option]
    best: Option | None

    @property
    def is_on_gpu(self) -> bool:
        return bool(self.variant.instance_type) and has_gpu(self.variant.instance_type)


def outlook(variant: VariantStatus, entered: HostedModelCount | None, now: datetime) -> Outlook:
    """The outlook of one variant of a multi-model endpoint, by the models it was said to host. Five queries at most."""
    counts = {entered.endpoint_id: entered.count} if entered else {}
    return _outlooks(variant.endpoint.shard, [variant], counts, now)[0]


def live(shard_ids: Iterable[int], only: Q = EVERY_ONE) -> list[VariantStatus]:
    """Variants of open multi-model endpoints of some shards, by shard. One query."""
    found = VariantStatus.objects.filter(
        endpoint__shard__in=list(shard_ids),
        endpoint__kind=Kind.MULTI_MODEL,
        endpoint__closed_at=None,
        removed_at=None,
        is_shadow=False,
    )
    return list(found.filter(only).select_related("endpoint").order_by("endpoint__shard_id", "pk"))


def verdicts(variants: Sequence[VariantStatus], now: datetime) -> dict[int, tuple[Verdict, datetime | None]]:
    """The verdict that holds and when it began, without any forecast: a tenth of its cost. Two queries."""
    ids = [variant.pk for variant in variants]
    rows, held = _rows(ids, now - WINDOW, now), _held_since(ids)
    return {
        variant.pk: _verdict(rows.get(variant.pk, []), _changes(variant, held.get(variant.pk), now))
        for variant in variants
    }


def of_shard(shard: Shard, variants: Sequence[VariantStatus], now: datetime) -> list[Outlook]:
    """The outlooks of variants of one shard; the number of queries does not depend on how many."""
    endpoint_ids = {variant.endpoint_id for variant in variants}
    entered = HostedModelCount.objects.filter(endpoint__in=endpoint_ids)
    return _outlooks(shard, variants, dict(entered.values_list("endpoint_id", "count")), now)


def _outlooks(
    shard: Shard, variants: Sequence[VariantStatus], counts: Mapping[int, int], now: datetime
) -> list[Outlook]:
    ids = [variant.pk for variant in variants]
    rows = _rows(ids, now - WINDOW, now)
    periods = _held_since(ids)
    hosts = hosts_of(shard)
    return [
        _outlook(variant, rows.get(variant.pk, []), periods.get(variant.pk), counts, hosts, now)
        for variant in variants
    ]


def hosts_of(shard: Shard, book: PriceBook | None = None) -> dict[str, list[Host]]:
    """Instance types of known size that the account may run there, by what an image must be built for."""
    book = book or prices.book(shard.region, account=shard.account_id)
    quotas = instance_ledger.quotas(shard)
    found: dict[str, list[Host]] = defaultdict(list)
    for machine in cost_options.machines(shard.region, book):
        point = book.find(shard.region, CostComponent.INSTANCE_TIME, machine.name)
        if quotas.get(machine.name) != 0:
            host = Host(machine.name, machine.memory_mb, machine.vcpus, point.usd if point else None)
            found[cost_options.processor(machine.name)].append(host)
    return found


def _rows(variant_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, list[MetricRow]]:
    found: dict[int, list[MetricRow]] = defaultdict(list)
    hours = HourBucket.objects.filter(variant_id__in=variant_ids, at__gte=start, at__lt=end).order_by("at")
    for variant, at, period_s, *values in hours.values_list("variant_id", "at", "period_s", *_COLUMNS):
        found[variant].append(MetricRow(variant, at, period_s, dict(zip(_COLUMNS, values, strict=True))))
    return found


def _outlook(
    variant: VariantStatus,
    rows: Sequence[MetricRow],
    held_since: datetime | None,
    counts: Mapping[int, int],
    hosts: Mapping[str, Sequence[Host]],
    now: datetime,
) -> Outlook:
    start = now - WINDOW
    held = held_since if held_since and held_since > start else None
    changes = _changes(variant, held_since, now)
    count = variant.current_instance_count
    seen = observe(
        [row for row in rows if held is None or row.at >= held],
        instances=count,
        hosted=counts.get(variant.endpoint_id),
        changed_at=changes,
    )
    found = fit(seen)
    said, since = _verdict(rows, changes)
    setup = _setup(variant, rows)
    offered = [] if setup is None else options(found, setup, hosts.get(_processor(variant), ()))
    return Outlook(
        variant=variant,
        fit=found,
        start=start,
        end=now,
        verdict=said,
        since=since,
        held_since=held,
        setup=setup,
        options=offered,
        best=best(found, offered, said is Verdict.THRASHING),
    )


def _held_since(variant_ids: Sequence[int]) -> dict[int, datetime]:
    """Since when each variant has the instances of today."""
    open_ones = CapacityPeriod.objects.filter(variant__in=variant_ids, end=None)
    return dict(open_ones.values_list("variant_id", "start"))


def _changes(variant: VariantStatus, held_since: datetime | None, now: datetime) -> list[datetime]:
    held = held_since if held_since and held_since > now - WINDOW else None
    return [at for at in (held, variant.endpoint.modified_at) if at]


def _verdict(rows: Sequence[MetricRow], changes: Sequence[datetime]) -> tuple[Verdict, datetime | None]:
    """The verdict that holds, and when it began; None = before the rows."""
    stretches = course(rows, changed_at=changes)
    if not stretches:
        return Verdict.NO_DATA, None
    last = stretches[-1]
    return last.verdict, last.since if rows and last.since > rows[0].at else None


def _processor(variant: VariantStatus) -> str:
    return cost_options.processor(variant.instance_type)


def _setup(variant: VariantStatus, rows: Sequence[MetricRow]) -> Setup | None:
    """What runs; None where it is not known, or where models live in a GPU's memory, whose size is not known here."""
    if not variant.instance_type or not variant.current_instance_count or has_gpu(variant.instance_type):
        return None
    vcpus = instance_sizes.vcpus(variant.instance_type)
    most = max((value for row in rows if (value := row.get("cpu_pct")) is not None), default=None)
    busy = most / 100 / vcpus if most is not None and vcpus else None
    return Setup(variant.instance_type, variant.current_instance_count, busy)
