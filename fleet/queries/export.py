"""Endpoints as plain records, for files and for the API: state, capacity, scaling, tags, cost and traffic."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TextIO

from django.db.models import Prefetch, QuerySet

from fleet.models import Endpoint, EndpointWindow, ScalableTarget, VariantStatus
from fleet.queries import costs, keyset, rolled, usage
from fleet.queries.cost_scope import Span, Sums
from fleet.queries.endpoint_measures import Measures, measures, summaries, with_silence
from fleet.queries.endpoints import Criteria, selected, with_state
from fleet.queries.scope import ScopeFilter, TimeRange, window_start

_ENDPOINT_FIELDS = (
    "name",
    "arn",
    "status",
    "status_since",
    "failure_reason",
    "kind",
    "kind_reason",
    "config_name",
    "created_at",
    "modified_at",
    "closed_at",
    "described_at",
    "unreadable",
    "owner",
    "team",
    "tags",
)
COLUMNS = (
    "account_id",
    "account",
    "region",
    *_ENDPOINT_FIELDS,
    "variants",
    "scaling",
    "cost_month_to_date_usd",
    "cost_is_complete",
    "window_start",
    "window_end",
    "invocations",
    "cold_starts",
    "cache_hit_ratio",
)
_CHUNK = 500
_VARIANT_FIELDS = (
    "name",
    "is_shadow",
    "model_name",
    "instance_type",
    "volume_gb",
    "current_instance_count",
    "desired_instance_count",
    "current_weight",
    "memory_mb",
    "max_concurrency",
    "provisioned_concurrency",
    "desired_max_concurrency",
    "desired_provisioned_concurrency",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def endpoints(
    scope: ScopeFilter, *, now: datetime, hours: int = 24, with_closed: bool = False
) -> Iterator[dict[str, Any]]:
    """One record per endpoint, keys as in COLUMNS; invocations, cold starts and hit ratio over the last `hours`.

    None where AWS reported nothing; money is a Decimal in USD, month to date in UTC.
    """
    end = now.replace(second=0, microsecond=0)
    window = TimeRange("export", f"last {hours} hours", end - timedelta(hours=hours), end)
    rows = list(_endpoints(scope, with_closed=with_closed))
    for first in range(0, len(rows), _CHUNK):
        for _, record, _ in _records(rows[first : first + _CHUNK], window, now):
            yield record


def endpoint_slice(
    criteria: Criteria, window: TimeRange, *, now: datetime, after: keyset.Key | None, limit: int
) -> keyset.Slice[dict[str, Any]]:
    """The records of a filter by name, `limit` of them after a key (name, id); each also has id, state and measures.

    Figures are those of fleet.rollups where these cover the window; window_start and window_end are then the
    summary's own. A constant number of queries, whatever the fleet's size and the limit.
    """
    found = keyset.rows(_loaded(selected(criteria)), ("name", "pk"), after, limit)
    fresh = rolled.freshness(criteria.scope)
    return keyset.Slice([_whole(*parts) for parts in _records(found.rows, window, now, fresh)], found.last)


def endpoint(pk: int, scope: ScopeFilter, window: TimeRange, *, now: datetime) -> dict[str, Any] | None:
    """The record of one endpoint of the scope, closed ones too, as endpoint_slice has it; None when there is none."""
    rows = list(_loaded(with_state(Endpoint.objects.filter(scope.q("shard"), pk=pk))))
    fresh = rolled.freshness(scope)
    return next((_whole(*parts) for parts in _records(rows, window, now, fresh)), None)


def _records(
    rows: Sequence[Endpoint], window: TimeRange, now: datetime, fresh: rolled.Freshness = rolled.NOT_SUMMED
) -> Iterator[tuple[Endpoint, dict[str, Any], Measures]]:
    today = now.astimezone(UTC).date()
    month = Span(today.replace(day=1), today)
    traffic, windows = _traffic(rows, window, fresh)
    money = costs.endpoint_totals([row.pk for row in rows], month)
    for row in rows:
        sums, figures = money.get(row.pk, Sums()), traffic.get(row.pk, Measures())
        record = _record(row, sums, figures, windows.get(row.pk, window))
        yield row, record | {"cost_is_complete": _is_complete(row, sums, month)}, figures


def _traffic(
    rows: Sequence[Endpoint], window: TimeRange, fresh: rolled.Freshness
) -> tuple[dict[int, Measures], dict[int, TimeRange]]:
    """Figures by endpoint, and the windows they are of where these are not the one asked for."""
    ids = [row.pk for row in rows]
    if fresh.covers(window):
        ended = EndpointWindow.objects.filter(key=window.key, endpoint__in=ids).values_list(
            "endpoint", "until"
        )
        windows = {
            pk: TimeRange(window.key, window.label, window_start(window.key, until), until)
            for pk, until in ended
        }
        return summaries(ids, window)[0], windows
    measured = measures([v.pk for row in rows for v in row.variants.all() if not v.is_shadow], window)
    return with_silence(measured, ids, window), {}


def _whole(row: Any, record: dict[str, Any], figures: Measures) -> dict[str, Any]:
    return {"id": row.pk, "state": row.state, "measures": figures, **record}


def write_json(records: Iterable[Mapping[str, Any]], out: TextIO) -> int:
    """A JSON array, one record a line; the number of records. Money is text, so that no digit is lost."""
    count = 0
    out.write("[")
    for record in records:
        out.write(",\n" if count else "\n")
        json.dump(record, out, default=_json, ensure_ascii=False)
        count += 1
    out.write("\n]\n")
    return count


def write_csv(records: Iterable[Mapping[str, Any]], out: TextIO) -> int:
    """A CSV table with COLUMNS as header; nested values as JSON text, unknown as an empty cell; the number of rows."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for record in records:
        writer.writerow([defused(_cell(record[column])) for column in COLUMNS])
        count += 1
    return count


def defused(cell: str) -> str:
    """A cell that a spreadsheet shows as text: what would start a formula gets a quote before it."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _endpoints(scope: ScopeFilter, *, with_closed: bool) -> QuerySet[Endpoint]:
    rows = Endpoint.objects.filter(scope.q("shard"))
    if not with_closed:
        rows = rows.filter(closed_at=None)
    return _loaded(rows).order_by("shard__account__alias", "shard__region", "name", "id")


def _loaded(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """With everything a record is made of: five queries in all."""
    targets = ScalableTarget.objects.prefetch_related("policies", "scheduled_actions")
    return (
        rows.defer("document", "search_text")
        .select_related("shard__account")
        .prefetch_related(
            Prefetch("variants", VariantStatus.objects.filter(removed_at=None)),
            Prefetch("scalable_targets", targets),
        )
    )


def _record(row: Endpoint, money: Sums, traffic: Measures, window: TimeRange) -> dict[str, Any]:
    return {
        "account_id": row.shard.account.account_id,
        "account": row.shard.account.alias,
        "region": row.shard.region,
        **{field: getattr(row, field) for field in _ENDPOINT_FIELDS},
        "variants": [{field: getattr(v, field) for field in _VARIANT_FIELDS} for v in row.variants.all()],
        "scaling": [_target(target) for target in row.scalable_targets.all()],
        "cost_month_to_date_usd": money.amount,
        "window_start": window.start,
        "window_end": window.end,
        "invocations": traffic.calls,
        "cold_starts": traffic.cold_starts,
        "cache_hit_ratio": traffic.hit_ratio,
    }


def _is_complete(row: Endpoint, money: Sums, month: Span) -> bool:
    """Whether every line of the month has an amount, and the history since its start (or the endpoint's) is stored."""
    since, read_from = max(month.start, row.created_at), row.shard.backfill_until
    is_stored = read_from is not None and since >= read_from
    known = is_stored or usage.history_reaches([row.shard], since)
    return known and money.amount is not None and money.is_complete


def _target(target: ScalableTarget) -> dict[str, Any]:
    return {
        "resource_id": target.resource_id,
        "dimension": target.dimension,
        "min_capacity": target.min_capacity,
        "max_capacity": target.max_capacity,
        "policies": [{"name": p.name, "type": p.policy_type} for p in target.policies.all()],
        "scheduled_actions": [
            {"name": a.name, "schedule": a.schedule} for a in target.scheduled_actions.all()
        ],
    }


def _json(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no place in an export")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, default=_json, ensure_ascii=False)
    if isinstance(value, datetime | Decimal):
        return _json(value)
    return str(value)
