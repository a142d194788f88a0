"""How old the mirror of a scope is: the times of its oldest region, which is what any sum over it rests on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, Window
from django.db.models.functions import Least

from fleet.models import Shard
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class Freshness:
    """The oldest good read over the regions of a scope; None while one of them was never read."""

    inventory_at: datetime | None
    metrics_at: datetime | None


def freshness(scope: ScopeFilter) -> Freshness:
    """One query over the enabled regions of enabled accounts."""
    watched = Shard.objects.filter(scope.q(), enabled=True, account__enabled=True)
    found = watched.order_by().aggregate(
        inventory_at=Min("inventory_ok_at"),
        metrics_at=Min("metrics_ok_at"),
        without_inventory=Count("pk", filter=Q(inventory_ok_at=None)),
        without_metrics=Count("pk", filter=Q(metrics_ok_at=None)),
    )
    return Freshness(
        None if found["without_inventory"] else found["inventory_at"],
        None if found["without_metrics"] else found["metrics_at"],
    )


@dataclass(frozen=True)
class OldPlace:
    """An account region whose mirror is old, and why if AWS said so. None: never read.

    code, action: of the first failing part that matters, "" where no error was reported (a worker is busy or away).
    """

    name: str
    inventory_at: datetime | None
    metrics_at: datetime | None
    part: str = ""
    code: str = ""
    action: str = ""


@dataclass(frozen=True)
class Old:
    """The account regions of a page whose mirror is old: how many, and the oldest of them."""

    count: int
    places: tuple[OldPlace, ...]


def old(
    scope: ScopeFilter,
    *,
    now: datetime,
    late_after: timedelta,
    parts: Collection[str] = (),
    shard_id: int | None = None,
    named: int = 3,
) -> Old:
    """What of a page is old: endpoints or figures beyond `late_after`, or one of `parts` that cannot be read.

    shard_id: of a page about one thing, instead of the scope. One query.
    """
    shards = Shard.objects.filter(enabled=True, account__enabled=True)
    shards = shards.filter(scope.q()) if shard_id is None else shards.filter(pk=shard_id)
    limit = now - late_after
    is_old = Q(inventory_ok_at=None) | Q(metrics_ok_at=None)
    is_old |= Q(inventory_ok_at__lt=limit) | Q(metrics_ok_at__lt=limit)
    for part in parts:
        is_old |= Q(**{f"sections__{part}__error__code__isnull": False})
    asked = ("inventory", "metrics", *parts)
    found = list(
        shards.filter(is_old)
        .annotate(total=Window(Count("pk")), oldest=Least("inventory_ok_at", "metrics_ok_at"))
        .order_by(F("oldest").asc(nulls_first=True), "account__alias", "region")
        .values_list(
            "total",
            "account__alias",
            "region",
            "inventory_ok_at",
            "metrics_ok_at",
            *(f"sections__{part}__error" for part in asked),
        )[:named]
    )
    return Old(found[0][0] if found else 0, tuple(_old_place(row, asked) for row in found))


def _old_place(row: tuple[Any, ...], asked: Sequence[str]) -> OldPlace:
    _, alias, region, inventory_at, metrics_at, *errors = row
    failing = [(part, error) for part, error in zip(asked, errors, strict=True) if error]
    part, error = failing[0] if failing else ("", {})
    name = f"{alias} · {region}"
    return OldPlace(name, inventory_at, metrics_at, part, error.get("code", ""), error.get("action", ""))
