"""Writes endpoints as read from AWS: only rows whose values differ, with a change event for every difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from fleet import loading
from fleet.access import ownership
from fleet.aws import unknown
from fleet.errors import AwsError
from fleet.models import ChangeEvent, Endpoint, EndpointConfig, HostedModel, Ownership, Shard
from fleet.sync import blueprints, changes, closing, rows, search, variants
from fleet.sync.kinds import containers_of, infer
from fleet.sync.reading import Reading, model_names
from fleet.sync.roster import Roster
from fleet.types import EndpointState, Kind

FIELDS = (
    "arn",
    "kind",
    "kind_reason",
    "status",
    "status_since",
    "failure_reason",
    "config_id",
    "config_name",
    "modified_at",
    "unreadable",
    "document",
    "unknown_fields",
    "closed_at",
)
_BUILT_FROM = ("config_id", "config_name", "unreadable", "closed_at")
"""What the verdict on what an endpoint is built from rests on (fleet.sync.built_from)."""


@dataclass
class _Written:
    """A row after its values were set, with what it was before (None: it is new).

    is_filled: its search text and labels were set as well.
    """

    endpoint: Endpoint
    reading: Reading
    before: dict[str, Any] | None
    is_filled: bool

    @property
    def is_back(self) -> bool:
        """It was taken for deleted, and AWS has it after all: the same one, by its creation time."""
        return self.before is not None and self.before["closed_at"] is not None

    @property
    def is_changed(self) -> bool:
        return self.before is None or any(getattr(self.endpoint, f) != v for f, v in self.before.items())

    @property
    def is_rebuilt(self) -> bool:
        """It is new, or built from something else than before."""
        return self.before is None or any(getattr(self.endpoint, f) != self.before[f] for f in _BUILT_FROM)


def write(shard: Shard, readings: Sequence[Reading], *, now: datetime, roster: Roster | None = None) -> int:
    """Upsert these endpoints with configs, models, variants, capacity and events; the number of rows changed.

    Call inside the transaction that holds the shard's fence. roster: told what was written.
    """
    roster = roster or Roster(shard)
    stock = roster.stock
    blueprints.write_models(shard, [m for r in readings for m in r.models], stock)
    configs = blueprints.write_configs(shard, [r.config for r in readings if r.config is not None], stock)
    known = _known(shard, readings) if stock.has(Endpoint) else {}
    written = [
        _apply(shard, r, known.get((r.summary.name, r.summary.created_at)), configs.rows, now)
        for r in readings
    ]
    lacking = [w for w in written if _lacks_models(w)]
    if lacking:
        search.refill([w.endpoint for w in lacking])
        for item in lacking:
            item.is_filled = True
    closing.reopen({w.endpoint.pk: w.before["closed_at"] for w in written if w.is_back and w.before})
    fresh = [w.endpoint for w in written if w.before is None]
    changed = [w for w in written if w.before is not None and w.is_changed]
    rows.insert(fresh)
    is_set_by_hand = _update(changed)
    looked_at = [w.endpoint.pk for w in written if w.reading.state is not None and not w.is_changed]
    if looked_at:
        with connection.cursor() as cursor:
            # Every endpoint's, once an hour.
            cursor.execute("UPDATE fleet_endpoint SET described_at = %s WHERE id = ANY(%s)", [now, looked_at])
    events = _events(shard, written, configs.variants, now)
    handed = _inherited(fresh, now) if stock.has(Ownership) else []
    changes.save([*events, *handed], now=now)
    stock.fill(Endpoint, EndpointConfig, HostedModel)
    if any(w.is_rebuilt for w in written):
        roster.is_rebuilt = True
    if handed or is_set_by_hand:
        roster.changed()
    elif fresh or changed:
        roster.came([*fresh, *(w.endpoint for w in changed)])
    return len(fresh) + len(changed)


def _known(shard: Shard, readings: Sequence[Reading]) -> dict[tuple[str, datetime], Endpoint]:
    """Stored rows by identity, without the search text: it is set anew or left alone."""
    names = [r.summary.name for r in readings]
    of_names = "WHERE t.shard_id = %s AND t.name = ANY(%s)"
    stored = loading.read(Endpoint, of_names, [shard.pk, names], without=("search_text",))
    return {(row.name, row.created_at): row for row in stored}


def _update(changed: Sequence[_Written]) -> bool:
    """Save these rows; whether people set something on one of them, which then stands over what its tags say."""
    fields = [*FIELDS, "described_at"]
    filled = [w.endpoint for w in changed if w.is_filled]
    rows.update([w.endpoint for w in changed if not w.is_filled], fields)
    rows.update(filled, [*fields, *search.FIELDS])
    return bool(filled and ownership.reapply([endpoint.pk for endpoint in filled]))


def _apply(
    shard: Shard, reading: Reading, row: Endpoint | None, configs: dict[str, EndpointConfig], now: datetime
) -> _Written:
    """Set the row's values; the row is not saved yet."""
    before = None if row is None else {f: getattr(row, f) for f in FIELDS}
    is_filled = row is None
    if row is None:
        row = Endpoint(
            shard=shard,
            name=reading.summary.name,
            created_at=reading.summary.created_at,
            first_seen_at=now,
        )
        search.fill(row, (), ())
    row.closed_at = None
    source: Any = reading.state or reading.summary
    if row.status != source.status:
        is_later = row.modified_at is None or source.modified_at > row.modified_at
        row.status_since = min(source.modified_at, now) if is_later else now
    row.arn, row.status, row.modified_at = source.arn, source.status, source.modified_at
    row.unreadable = _unreadable(reading.error, row.unreadable, now)
    if reading.state is not None:
        row.described_at = now
        row.failure_reason = reading.state.failure_reason
        row.document = dict(reading.state.document)
        row.unknown_fields = unknown.taken(row.document)
        is_filled |= _apply_config(row, reading, reading.state, configs)
    return _Written(row, reading, before, is_filled)


def _apply_config(
    row: Endpoint, reading: Reading, state: EndpointState, configs: dict[str, EndpointConfig]
) -> bool:
    """Set what the config says, where it was read; whether the search text was filled with it."""
    if not reading.has_config:
        return False
    if reading.config is None and reading.error is not None and row.config_name == state.config_name:
        # Not readable this time: what an earlier look found still holds, since configs never change.
        return False
    row.config_name = state.config_name
    row.config = configs.get(state.config_name) if reading.config is not None else None
    _fill_search(row, reading)
    kind, row.kind_reason = infer(state, reading.config, reading.models)
    if kind is not Kind.UNKNOWN or not row.kind or reading.error is None:
        row.kind = kind
    return True


def _fill_search(row: Endpoint, reading: Reading) -> None:
    names = model_names(reading.config) if reading.config is not None else []
    images = [
        str(container.get("Image", "")) for model in reading.models for container in containers_of(model)
    ]
    search.fill(row, names, filter(None, images))


def _unreadable(error: AwsError | None, known: dict[str, Any] | None, now: datetime) -> dict[str, Any] | None:
    if error is None:
        return None
    fresh = {"code": error.code, "message": error.message, "action": error.action}
    is_same = known is not None and all(known.get(key) == value for key, value in fresh.items())
    since = known["since"] if known and is_same else now.isoformat()
    return {**fresh, "since": since, "tried_at": now.isoformat()}


def _lacks_models(item: _Written) -> bool:
    """Whether its config is new to the row but not all of its models could be read: an earlier run may know them."""
    is_new = item.before is None or item.before["config_id"] != item.endpoint.config_id
    config = item.reading.config
    return is_new and config is not None and len(item.reading.models) < len(model_names(config))


def _events(
    shard: Shard, written: Sequence[_Written], wishes: variants.Wishes, now: datetime
) -> list[ChangeEvent]:
    seen = [
        variants.Seen(
            w.endpoint,
            w.reading.state,
            is_new=w.before is None,
            is_discovery=shard.inventory_ok_at is None or w.endpoint.created_at < shard.inventory_ok_at,
        )
        for w in written
        if w.reading.state is not None
    ]
    moved = variants.write(seen, now=now, wishes=wishes)
    events: list[ChangeEvent] = []
    reconfigured = set()
    configs = _configs_before(written)
    for item in written:
        endpoint, before = item.endpoint, item.before
        if before is None:
            events.append(changes.created(endpoint))
            continue
        if item.is_back:
            events.append(changes.reopened(endpoint, before["closed_at"], now))
        at = _event_time(endpoint, before["modified_at"], now)
        if before["config_name"] != endpoint.config_name:
            reconfigured.add(endpoint.pk)
            config = configs.get(before["config_id"])
            events.append(changes.config(endpoint, before["config_name"], config, endpoint.config, at))
        if before["status"] != endpoint.status:
            events.append(changes.status(endpoint, before["status"], at))
    for difference in moved:
        if difference.endpoint.pk not in reconfigured:
            event = changes.capacity(difference, min(difference.endpoint.modified_at, now))
            events += [event] if event else []
    return events


def _configs_before(written: Sequence[_Written]) -> dict[int, EndpointConfig]:
    """By id, the configs of rows that name another one now."""
    wanted = [
        w.before["config_id"]
        for w in written
        if w.before and w.before["config_id"] and w.before["config_name"] != w.endpoint.config_name
    ]
    found = loading.read(EndpointConfig, "WHERE t.id = ANY(%s)", [wanted]) if wanted else []
    return {row.pk: row for row in found}


def _inherited(fresh: Sequence[Endpoint], now: datetime) -> list[ChangeEvent]:
    """An endpoint deleted and made again keeps what people set on it: to them it is the same one."""
    handed = ownership.inherit(fresh, now.date())
    return [
        changes.inherited(endpoint, handed[endpoint.pk].words, now)
        for endpoint in fresh
        if endpoint.pk in handed
    ]


def _event_time(endpoint: Endpoint, modified_before: datetime, now: datetime) -> datetime:
    """AWS's modification time when this is what it stands for, else the time of the look."""
    return endpoint.modified_at if modified_before < endpoint.modified_at <= now else now
