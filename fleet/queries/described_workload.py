"""Prices and machines for a workload that somebody only describes: the same as an endpoint of its region has."""

from django.utils import timezone

from fleet.advisor import workload
from fleet.advisor.evidence import Evidence, PricedWay
from fleet.advisor.flow import Answers
from fleet.advisor.workload import Workload
from fleet.costs.break_even import Family
from fleet.models import Shard
from fleet.queries import cost_options, prices


def regions() -> list[str]:
    """Regions of the watched account regions, by name. One query."""
    found = Shard.objects.filter(enabled=True, account__enabled=True).order_by("region")
    return list(found.values_list("region", flat=True).distinct())


def evidence(described: Workload, answers: Answers, region: str) -> Evidence:
    """The workload with every way priced at list prices of the region, no agreement taken off. Two queries at most.

    Machines are those that run an image built for x86 without GPUs.
    """
    book = prices.book(region, on=timezone.now().date())
    machines = [
        machine
        for machine in cost_options.machines(region, book)
        if cost_options.processor(machine.name) == "x86"
    ]
    return workload.evidence(described, answers, region, book, machines, answers.models)


def cheapest(found: Evidence) -> list[PricedWay]:
    """The cheapest open way of every sort that has a price, the cheapest first."""
    best = [way for family in Family if (way := found.cheapest(family)) is not None]
    return sorted(best, key=lambda way: (way.usd is None, way.usd or 0, way.item))
