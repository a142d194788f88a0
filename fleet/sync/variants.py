"""Live variants of endpoints and the periods of capacity they held: what metrics and costs hang on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleet import loading
from fleet.models import CapacityPeriod, Endpoint, ProductionVariant, VariantStatus
from fleet.sync import rows
from fleet.types import EndpointState, ServerlessCapacity, VariantState

LIVE_FIELDS = (
    "is_shadow",
    "model_name",
    "instance_type",
    "volume_gb",
    "current_weight",
    "desired_weight",
    "current_instance_count",
    "desired_instance_count",
    "memory_mb",
    "max_concurrency",
    "provisioned_concurrency",
    "desired_max_concurrency",
    "desired_provisioned_concurrency",
    "removed_at",
)
# VariantStatus → CapacityPeriod: what a variant is billed by.
CAPACITY_FIELDS = {
    "instance_type": "instance_type",
    "current_instance_count": "instance_count",
    "volume_gb": "volume_gb",
    "memory_mb": "memory_mb",
    "max_concurrency": "max_concurrency",
    "provisioned_concurrency": "provisioned_concurrency",
}


@dataclass(frozen=True)
class Seen:
    """An endpoint row as just written, with the state it was written from. is_new: first sighting.

    is_discovery: it existed before Flotilla first looked at its shard.
    """

    endpoint: Endpoint
    state: EndpointState
    is_new: bool
    is_discovery: bool


@dataclass(frozen=True)
class Moved:
    """A live variant that differs from the last look: field → (before, after)."""

    endpoint: Endpoint
    variant_name: str
    fields: Mapping[str, tuple[Any, Any]]


Wishes = Mapping[int, Mapping[str, ProductionVariant]]
"""Variants as configs wish them, by the config's id and their name."""


def write(seen: Sequence[Seen], *, now: datetime, wishes: Wishes | None = None) -> list[Moved]:
    """Bring VariantStatus and CapacityPeriod of these endpoints up to date; rows change only where values do.

    wishes: those of configs at hand; the others are read.
    """
    known = _known_variants(seen)
    wished = _wished(seen, wishes or {})
    fresh: list[VariantStatus] = []
    changed: list[VariantStatus] = []
    moved: list[Moved] = []
    for item in seen:
        stored = known.get(item.endpoint.pk, {})
        wanted = _wanted(item, wished.get(item.endpoint.config_id or 0, {}), now, stored)
        for name, values in wanted.items():
            row = stored.get(name)
            if row is None:
                fresh.append(VariantStatus(endpoint=item.endpoint, name=name, **values))
                continue
            fields = {f: (getattr(row, f), v) for f, v in values.items() if getattr(row, f) != v}
            if fields:
                for name_, (_, value) in fields.items():
                    setattr(row, name_, value)
                changed.append(row)
                moved.append(Moved(item.endpoint, name, fields))
    rows.insert(fresh)
    rows.update(changed, LIVE_FIELDS)
    _write_capacity({item.endpoint.pk: item for item in seen}, fresh, changed, now)
    return moved


def _known_variants(seen: Sequence[Seen]) -> dict[int, dict[str, VariantStatus]]:
    known: dict[int, dict[str, VariantStatus]] = {}
    old = [item.endpoint.pk for item in seen if not item.is_new]
    for row in loading.read(VariantStatus, "WHERE t.endpoint_id = ANY(%s)", [old]) if old else ():
        known.setdefault(row.endpoint_id, {})[row.name] = row
    return known


def _wished(seen: Sequence[Seen], at_hand: Wishes) -> Wishes:
    configs = {item.endpoint.config_id for item in seen if item.endpoint.config_id}
    wanted = list(configs - at_hand.keys())
    wished: dict[int, dict[str, ProductionVariant]] = {}
    for row in loading.read(ProductionVariant, "WHERE t.config_id = ANY(%s)", [wanted]) if wanted else ():
        wished.setdefault(row.config_id, {})[row.name] = row
    return {**at_hand, **wished}


def _wanted(
    item: Seen, wished: Mapping[str, ProductionVariant], now: datetime, rows: Mapping[str, VariantStatus]
) -> dict[str, dict[str, Any]]:
    """Field values by variant name; variants that are gone keep theirs and get removed_at."""
    if item.state.variants:
        wanted = {v.name: _live_values(v, wished.get(v.name), rows.get(v.name)) for v in item.state.variants}
        for name, row in rows.items():
            if name not in wanted and row.removed_at is None:
                wanted[name] = {"removed_at": now}
        return wanted
    # While creating or deleting AWS names no live variant: show what the config wishes, remove nothing.
    return {name: _wished_values(row) for name, row in wished.items() if name not in rows}


def _live_values(
    live: VariantState, wish: ProductionVariant | None, row: VariantStatus | None
) -> dict[str, Any]:
    current = live.current_serverless or live.desired_serverless
    desired: ServerlessCapacity | None = live.desired_serverless
    known: ProductionVariant | VariantStatus | None = wish or row
    return {
        "is_shadow": live.is_shadow,
        "model_name": known.model_name if known else "",
        "instance_type": "" if current else (known.instance_type if known else ""),
        "volume_gb": None if current else (known.volume_gb if known else None),
        "current_weight": live.current_weight,
        "desired_weight": live.desired_weight,
        "current_instance_count": live.current_instance_count,
        "desired_instance_count": live.desired_instance_count,
        "memory_mb": current.memory_mb if current else None,
        "max_concurrency": current.max_concurrency if current else None,
        "provisioned_concurrency": current.provisioned_concurrency if current else None,
        "desired_max_concurrency": desired.max_concurrency if desired else None,
        "desired_provisioned_concurrency": desired.provisioned_concurrency if desired else None,
        "removed_at": None,
    }


def _wished_values(wish: ProductionVariant) -> dict[str, Any]:
    return {
        "is_shadow": wish.is_shadow,
        "model_name": wish.model_name,
        "instance_type": wish.instance_type,
        "volume_gb": wish.volume_gb,
        "desired_weight": wish.initial_weight,
        "desired_instance_count": wish.initial_instance_count,
        "desired_max_concurrency": wish.max_concurrency,
        "desired_provisioned_concurrency": wish.provisioned_concurrency,
    }


def _write_capacity(
    items: Mapping[int, Seen], new: Sequence[VariantStatus], changed: Sequence[VariantStatus], now: datetime
) -> None:
    known = [row.pk for row in changed]
    held = loading.read(CapacityPeriod, _OPEN_OF, [known]) if known else ()
    open_periods = {period.variant_id: period for period in held}
    fresh: list[CapacityPeriod] = []
    amended: list[CapacityPeriod] = []
    for row in [*new, *changed]:
        period = open_periods.get(row.pk)
        values = _capacity(row)
        if period is None:
            if values is not None:
                fresh.append(_first_period(items[row.endpoint_id], row, values, now))
        elif values is None or any(getattr(period, f) != v for f, v in values.items()):
            at = _change_time(items[row.endpoint_id].state, period, now)
            if at == period.start and values is not None:
                for field, value in values.items():
                    setattr(period, field, value)
            else:
                period.end = at
                if values is not None:
                    fresh.append(CapacityPeriod(variant=row, start=at, **values))
            amended.append(period)
    # The old period must be closed before the new one opens: a variant has at most one open period.
    rows.update(amended, ["end", *CAPACITY_FIELDS.values()])
    rows.insert(fresh)


_OPEN_OF = 'WHERE t.variant_id = ANY(%s) AND t."end" IS NULL'


def _capacity(row: VariantStatus) -> dict[str, Any] | None:
    """What the variant holds now; None when it is gone or AWS has reported no capacity yet."""
    if row.removed_at is not None or (row.memory_mb is None and row.current_instance_count is None):
        return None
    return {period: getattr(row, live) for live, period in CAPACITY_FIELDS.items()}


def _first_period(
    item: Seen,
    row: VariantStatus,
    values: Mapping[str, Any],
    now: datetime,
) -> CapacityPeriod:
    """AWS keeps no history: an endpoint found running is taken to have been so since its config was made.

    Not since its last modification, which a failed update or a tag moves too. A config never changes, so before its
    creation nothing is claimed.
    """
    if not item.is_new:
        start = min(max(item.state.modified_at, item.state.created_at), now)
    elif item.is_discovery:
        config = item.endpoint.config
        known_since = config.created_at if config else item.state.modified_at
        start = min(max(item.state.created_at, known_since), item.state.modified_at, now)
    else:
        start = min(item.state.created_at, now)
    return CapacityPeriod(variant=row, start=start, is_inferred=item.is_discovery and item.is_new, **values)


def _change_time(state: EndpointState, period: CapacityPeriod, now: datetime) -> datetime:
    """When the capacity changed: AWS's modification time when it can be, else when it was noticed."""
    return state.modified_at if period.start <= state.modified_at <= now else now
