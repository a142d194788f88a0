"""What is the same for many endpoints: prices, machines, quotas, images in common. Read once for a run."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from fleet.advisor.evidence_parts import Machine
from fleet.costs import discounts as agreements
from fleet.costs import options
from fleet.costs.instances import has_local_disk
from fleet.costs.price_book import PriceBook
from fleet.instance_types import has_gpu
from fleet.models import ConsolidationSet, Container, Endpoint, PlanCommitment, Shard
from fleet.queries import cost_options, instance_sizes, prices, quotas
from fleet.queries.quotas import Line
from fleet.queries.scope import ScopeFilter
from fleet.serverless_quotas import INSTANCES
from fleet.types import CostComponent, Kind

APPLICATION_SHOWN = 20
"""As many members of an application are named at most."""
_TYPE = re.compile(r"ml\.(?P<letters>[a-z]+)(?P<generation>\d+)(?P<rest>[a-z]*)\.(?P<size>[a-z0-9]+)")
# Kinds that host one model each; a model with several containers is no candidate for sharing.
_ALIKE = """
SELECT e.shard_id, c.image, COUNT(DISTINCT e.id)
FROM fleet_variantstatus v
JOIN fleet_endpoint e ON e.id = v.endpoint_id AND e.closed_at IS NULL AND e.kind = ANY(%(kinds)s)
JOIN fleet_hostedmodel m ON m.shard_id = e.shard_id AND m.name = v.model_name AND m.gone_at IS NULL
JOIN (SELECT model_id, MIN(image) AS image FROM fleet_container GROUP BY model_id HAVING COUNT(*) = 1) c
    ON c.model_id = m.id AND c.image <> ''
WHERE v.removed_at IS NULL AND NOT v.is_shadow AND (%(shard)s::bigint IS NULL OR e.shard_id = %(shard)s)
GROUP BY e.shard_id, c.image
"""
_APPLICATIONS = f"""
SELECT application, (ARRAY_AGG(name ORDER BY name))[1:{APPLICATION_SHOWN}]
FROM fleet_endpoint WHERE closed_at IS NULL AND application <> ''
GROUP BY application HAVING COUNT(*) > 1
"""  # noqa: S608 - a number only


@dataclass(frozen=True)
class SharedSet:
    """A set of endpoints that could share one, as the last look found it; USD a month."""

    names: tuple[str, ...]
    instance_type: str
    instance_count: int
    before: Decimal
    after: Decimal
    saving_low: Decimal
    hit_ratio: float
    checks: tuple[str, ...]


@dataclass
class Around:
    """Books by account, machines by region, quota lines by (shard, subject), endpoints by the image they run alone.

    applications: names of the endpoints of each; with_plans: accounts (primary keys) that hold a Savings Plan, None
    among them when one is shared by all. multi_model_images: those that a multi-model endpoint runs.
    sets: by member, as the last look found them.
    """

    today: date
    base: PriceBook
    agreed: prices.Histories
    quotas: Mapping[tuple[int, str], Line]
    alike: Mapping[tuple[int, str], int]
    applications: Mapping[str, Sequence[str]]
    with_plans: frozenset[int | None]
    multi_model_images: frozenset[str]
    sets: Mapping[int, SharedSet]
    _books: dict[int, PriceBook] = field(default_factory=dict)
    _priced: dict[str, list[options.Machine]] = field(default_factory=dict)
    _machines: dict[tuple[str, str], Machine] = field(default_factory=dict)
    _by_processor: dict[tuple[str, str], list[options.Machine]] = field(default_factory=dict)
    _refused: dict[int, set[str]] | None = None
    _rates: dict[tuple[str, str], Decimal] | None = None

    def book(self, account: int) -> PriceBook:
        """Today's prices of every region with the agreements of one account (primary key)."""
        if account not in self._books:
            held = (*self.agreed.agreements.get(None, ()), *self.agreed.agreements.get(account, ()))
            found = agreements.on(held, self.today)
            # Accounts without an agreement share a book, and what is kept of it.
            self._books[account] = replace(self.base, discounts=found) if found.held else self.base
        return self._books[account]

    def priced(self, region: str) -> list[options.Machine]:
        """Instance types with a price and a known size in the region, cheapest first."""
        if region not in self._priced:
            self._priced[region] = cost_options.machines(region, self.base)
        return self._priced[region]

    def plan_rate(self, region: str, name: str) -> Decimal | None:
        """USD an hour of an instance type under a Savings Plan, the lowest that was entered for any account."""
        if self._rates is None:
            self._rates = {}
            for held in self.agreed.agreements.values():
                for each in agreements.on(held, self.today).held:
                    key, usd = (each.region, each.item), each.usd_per_hour
                    if usd is not None and each.component is CostComponent.INSTANCE_TIME:
                        self._rates[key] = min(usd, self._rates.get(key, usd))
        return self._rates.get((region, name))

    def open_machines(self, shard: int, region: str, instance_type: str) -> list[options.Machine]:
        """Those that the account may run and whose processor is that of `instance_type` ("" = serverless)."""
        wanted = cost_options.processor(instance_type) if instance_type else "x86"
        if (region, wanted) not in self._by_processor:
            self._by_processor[region, wanted] = [
                each for each in self.priced(region) if cost_options.processor(each.name) == wanted
            ]
        return self._allowed(shard, self._by_processor[region, wanted])

    def allowed(self, shard: int, region: str) -> list[options.Machine]:
        """Those that the account may run there: of no type is the quota known to be 0."""
        return self._allowed(shard, self.priced(region))

    def machine(self, region: str, name: str) -> Machine:
        """What is known of an instance type, with its nearest newer and smaller relations that the region sells."""
        if (region, name) not in self._machines:
            self._machines[region, name] = _machine(name, region, self.priced(region), self.base)
        return self._machines[region, name]

    def _allowed(self, shard: int, found: list[options.Machine]) -> list[options.Machine]:
        if self._refused is None:
            self._refused = defaultdict(set)
            for (where, subject), line in self.quotas.items():
                if line.reported is not None and line.reported <= 0:
                    self._refused[where].add(subject)
        refused = self._refused.get(shard)
        return [each for each in found if f"{INSTANCES}{each.name}" not in refused] if refused else found


def read(now: datetime, shard: Shard | None = None) -> Around:
    """Of the fleet, or of one account region. A dozen queries at most, whatever the fleet's size."""
    today = now.date()
    lines = quotas.ledger(ScopeFilter(), shards=None if shard is None else [shard.pk]).lines
    with connection.cursor() as cursor:
        of = None if shard is None else shard.pk
        cursor.execute(_ALIKE, {"kinds": [kind.value for kind in cost_options.ALONE], "shard": of})
        alike = {(shard, image): count for shard, image, count in cursor.fetchall()}
        cursor.execute(_APPLICATIONS)
        applications = {name: tuple(members) for name, members in cursor.fetchall()}
    plans = PlanCommitment.objects.filter(first_day__lte=today).exclude(last_day__lt=today)
    multi_model = Container.objects.filter(mode="MultiModel", model__gone_at=None).order_by()
    return Around(
        today=today,
        base=prices.history(*([] if shard is None else [shard.region])).on(today),
        agreed=prices.histories(CostComponent.INSTANCE_TIME),
        quotas={(line.shard_id, line.subject): line for line in lines},
        alike=alike,
        applications=applications,
        with_plans=frozenset(plan.account_id for plan in plans),
        sets=_sets(shard),
        multi_model_images=frozenset(multi_model.values_list("image", flat=True).distinct()),
    )


def _sets(shard: Shard | None) -> dict[int, SharedSet]:
    """By member, none of those that somebody dismissed. Two queries."""
    rows = ConsolidationSet.objects.filter(gone_at=None, dismissed_at=None)
    found = list(rows if shard is None else rows.filter(shard=shard))
    wanted = {pk for row in found for pk in row.members}
    names = dict(Endpoint.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}
    result: dict[int, SharedSet] = {}
    for row in found:
        shared = SharedSet(
            tuple(sorted(names[pk] for pk in row.members if pk in names)), row.instance_type, row.instance_count,
            row.before or Decimal(0), row.after or Decimal(0), row.saving_low or Decimal(0), row.hit_ratio,
            tuple(row.checks),
        )  # fmt: skip
        result |= dict.fromkeys(row.members, shared)
    return result


def covers_plans(kind: Kind) -> bool:
    """Whether Savings Plans reach the instances of a kind."""
    return kind in prices.KINDS_IN_PLANS


def _machine(name: str, region: str, sold: Sequence[options.Machine], book: PriceBook) -> Machine:
    newer, smaller = _newer(name, region, sold, book), _smaller(name, sold)
    return Machine(
        name=name,
        memory_mb=instance_sizes.memory_mib(name),
        vcpus=instance_sizes.vcpus(name),
        gpus=None if has_gpu(name) else 0,
        has_local_disk=has_local_disk(name),
        usd_hour=_usd(book, region, name),
        newer=newer,
        newer_usd_hour=_usd(book, region, newer),
        smaller=smaller.name if smaller else "",
        smaller_memory_mb=smaller.memory_mb if smaller else None,
        smaller_usd_hour=_usd(book, region, smaller.name if smaller else ""),
    )


def _newer(name: str, region: str, sold: Sequence[options.Machine], book: PriceBook) -> str:
    """The cheapest of a later generation of the family with the same size, processor and kind of disk; "" without."""
    mine = _TYPE.fullmatch(name)
    if mine is None:
        return ""
    found = []
    for machine in sold:
        other = _TYPE.fullmatch(machine.name)
        if (
            other is not None
            and (other["letters"], other["size"]) == (mine["letters"], mine["size"])
            and int(other["generation"]) > int(mine["generation"])
            and cost_options.processor(machine.name) == cost_options.processor(name)
            and has_local_disk(machine.name) == has_local_disk(name)
        ):
            found.append(machine.name)
    return min(found, key=lambda each: (_usd(book, region, each) or 0, each), default="")


def _smaller(name: str, sold: Sequence[options.Machine]) -> options.Machine | None:
    """The next smaller size of the same family."""
    family, _, _ = name.rpartition(".")
    vcpus = instance_sizes.vcpus(name)
    if vcpus is None:
        return None
    found = [each for each in sold if each.name.rpartition(".")[0] == family and each.vcpus < vcpus]
    return max(found, key=lambda each: (each.vcpus, each.memory_mb), default=None)


def _usd(book: PriceBook, region: str, name: str) -> Decimal | None:
    point = book.find(region, CostComponent.INSTANCE_TIME, name) if name else None
    return None if point is None else point.usd
