"""The scaling_history section: what Application Auto Scaling did, once an hour where something scales.

AWS tells the activities of the whole region at once, so one page an hour is the rule.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet

from fleet import locks
from fleet.aws import autoscaling
from fleet.models import Endpoint, InferenceComponent, ScalableTarget, ScalingActivity, ScalingHistory, Shard
from fleet.sync import rows
from fleet.sync.chunks import chunks
from fleet.sync.scaling import place, variant_of
from fleet.sync.stock import Stock

NAME = "scaling_history"
KEPT = timedelta(weeks=6)
"""How far back AWS tells ("from the previous six weeks": API DescribeScalingActivities, botocore 1.44.5)."""
OVERLAP = timedelta(minutes=15)
"""How far each reading goes back before the last one: an activity may be told a little after it began."""
MOST_PAGES = 40

# A scheduled action's own activity sets the bounds, which are no level.
_LEVEL = re.compile(r"^(?!.*\b(?:min|max) capacity\b).*\bto (\d{1,9})\.$", re.DOTALL)
_CHANGING = ("status", "ended_at", "status_message", "cause", "description", "to_level")

Document = dict[str, Any]
Key = tuple[int, str, str]


@dataclass(frozen=True)
class Reading:
    """What one reading brought: every activity of the region that began at or after `reach`."""

    documents: Sequence[Document]
    reach: datetime


def is_due(shard: Shard, now: datetime, stock: Stock) -> bool:
    """Early in each hour, from the second inventory on, while something scales, and once more when nothing does."""
    if shard.inventory_ok_at is None:
        return False
    tried = (shard.sections.get(NAME) or {}).get("tried_at")
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if tried and datetime.fromisoformat(tried) >= hour:
        return False
    return stock.has(ScalableTarget) or bool(tried and _of(shard).filter(_unread(now)).exists())


def run(shard: Shard, *, now: datetime, fence: int, keep_alive: Callable[[], None]) -> int:
    """Store what scaling did since the last reading; how many activities are new or went on.

    Targets are noted even where AWS refuses the reading, so that costs know what they do not know.
    """
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        _note_targets(shard, now)
    found = read(shard, _since(shard, now), keep_alive)
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        written = _write(shard, found.documents, now)
        _cover(shard, found.reach, now)
    return written


def read(shard: Shard, since: datetime, keep_alive: Callable[[], None]) -> Reading:
    """Activities newest first until one began before `since`; after MOST_PAGES the reach ends with the oldest told."""
    documents: list[Document] = []
    told = chunks(autoscaling.scaling_activities(shard.scope), autoscaling.PAGE_SIZE)
    for number, page in enumerate(told, start=1):
        documents += page
        oldest = min(_time(document["StartTime"]) for document in page)
        if oldest < since:
            break
        if number == MOST_PAGES:
            return Reading(documents, oldest)
        keep_alive()
    return Reading(documents, since)


def level(description: str) -> int | None:
    """The level that an activity's description names, None where it names none in the words we know.

    Of instances AWS says "Setting desired instance count to 48." (an answer kept in public sample code of asynchronous
    inference, read November 2026); of provisioned concurrency no text is published.
    """
    found = _LEVEL.match(description)
    return int(found[1]) if found else None


def _unread(now: datetime) -> Q:
    """Histories that go on, or ended within AWS's memory and were not read up to their end."""
    is_short = Q(read_until=None) | Q(read_until__lt=F("closed_at"))
    return Q(closed_at=None) | Q(closed_at__gt=now - KEPT) & is_short


def _of(shard: Shard) -> QuerySet[ScalingHistory]:
    return ScalingHistory.objects.filter(endpoint__shard=shard)


def _note_targets(shard: Shard, now: datetime) -> None:
    """A history for every target of an endpoint; one whose target is gone is closed after one more reading."""
    known = {_key(row): row for row in _of(shard)}
    targets = ScalableTarget.objects.filter(shard=shard).exclude(endpoint=None)
    fresh, changed = [], []
    for target in targets.only("endpoint_id", "resource_id", "dimension", "variant_name", "created_at"):
        key = (target.endpoint_id or 0, target.resource_id, target.dimension)
        row = known.pop(key, None)
        if row is None:
            row = ScalingHistory(
                endpoint_id=key[0],
                resource_id=key[1],
                dimension=key[2],
                variant_name=target.variant_name,
                target_since=target.created_at or now,
            )
            fresh.append(row)
        elif row.closed_at is not None or row.target_since is None:
            row.target_since, row.closed_at = row.target_since or target.created_at or now, None
            changed.append(row)
    gone = [row for row in known.values() if row.closed_at is None]
    for row in gone:
        row.closed_at = now
    rows.insert(fresh)
    rows.update([*changed, *gone], ["target_since", "closed_at"])


def _since(shard: Shard, now: datetime) -> datetime:
    """From when on activities may be new or have gone on: the last reading, or the oldest that had not ended."""
    floor = now - KEPT
    last = _of(shard).order_by("-read_until").exclude(read_until=None).values_list("read_until", flat=True)
    until = last.first()
    if until is None:
        return floor
    moving = ScalingActivity.objects.filter(
        history__endpoint__shard=shard, status__in=ScalingActivity.MOVING, ended_at=None
    )
    oldest = moving.aggregate(oldest=Min("begun_at"))["oldest"] or now
    return max(floor, min(until - OVERLAP, oldest))


def _write(shard: Shard, documents: Sequence[Document], now: datetime) -> int:
    """Store activities; what scaled without a target that Flotilla ever saw gets a history that is closed already."""
    owned = _owned(shard, documents)
    histories = {_key(row): row for row in _of(shard)}
    fresh = [
        ScalingHistory(
            endpoint_id=pk,
            resource_id=resource_id,
            dimension=dimension,
            variant_name=variant_of(resource_id),
            closed_at=now,
        )
        for pk, resource_id, dimension in {key for key, _ in owned} - histories.keys()
    ]
    rows.insert(fresh)
    histories |= {_key(row): row for row in fresh}
    return _write_activities([(histories[key], document) for key, document in owned])


def _write_activities(found: Sequence[tuple[ScalingHistory, Document]]) -> int:
    ids = {history.pk for history, _ in found}
    named = {_id(document) for _, document in found}
    stored = ScalingActivity.objects.filter(history__in=ids, activity_id__in=named)
    known = {(row.history_id, row.activity_id): row for row in stored}
    fresh: dict[tuple[int, str], ScalingActivity] = {}
    changed = []
    for history, document in found:
        key, values = (history.pk, _id(document)), _values(document)
        row = known.get(key)
        if row is None:
            # The newest telling stands where AWS tells one twice.
            fresh.setdefault(key, ScalingActivity(history=history, activity_id=key[1], **values))
        elif any(getattr(row, name) != values[name] for name in _CHANGING):
            for name in _CHANGING:
                setattr(row, name, values[name])
            changed.append(row)
    rows.insert(fresh.values())
    rows.update(changed, _CHANGING)
    return len(fresh) + len(changed)


def _values(document: Document) -> Document:
    description = str(document.get("Description") or "")
    ended = document.get("EndTime")
    return {
        "begun_at": _time(document["StartTime"]),
        "ended_at": _time(ended) if ended else None,
        "status": str(document.get("StatusCode") or "")[:32],
        "status_message": str(document.get("StatusMessage") or ""),
        "cause": str(document.get("Cause") or ""),
        "description": description,
        "to_level": level(description),
    }


def _owned(shard: Shard, documents: Iterable[Document]) -> list[tuple[Key, Document]]:
    """Each activity with the endpoint that had its name when it began: names recur. Others are left out."""
    documents = list(documents)
    of_name = _endpoints(shard, {place(document["ResourceId"]) for document in documents})
    found = []
    for document in documents:
        begun = _time(document["StartTime"])
        for endpoint in of_name.get(place(document["ResourceId"]), ()):
            if endpoint.created_at <= begun and (endpoint.closed_at is None or begun < endpoint.closed_at):
                key = (endpoint.pk, document["ResourceId"], document["ScalableDimension"])
                found.append((key, document))
                break
    return found


def _endpoints(shard: Shard, places: set[str]) -> Mapping[str, list[Endpoint]]:
    """Endpoints by "endpoint/NAME" and "inference-component/NAME", the newest first."""
    names = [name.removeprefix("endpoint/") for name in places if name.startswith("endpoint/")]
    found: dict[str, list[Endpoint]] = defaultdict(list)
    stored = Endpoint.objects.filter(shard=shard).only("name", "created_at", "closed_at")
    for row in stored.filter(name__in=names).order_by("-created_at"):
        found[f"endpoint/{row.name}"].append(row)
    prefix = "inference-component/"
    copied = [name.removeprefix(prefix) for name in places if name.startswith(prefix)]
    if copied:
        components = InferenceComponent.objects.filter(endpoint__shard=shard, name__in=copied)
        for component in components.select_related("endpoint").order_by("-created_at"):
            found[prefix + component.name].append(component.endpoint)
    return found


def _cover(shard: Shard, reach: datetime, now: datetime) -> None:
    """Say of every history what is known by now: on from the last reading where this one goes back to it."""
    is_joined = Q(read_until__gte=reach)
    known_from = _of(shard).filter(is_joined).aggregate(oldest=Min("read_from"))["oldest"] or reach
    pks = list(_of(shard).filter(_unread(now)).values_list("pk", flat=True))
    histories = ScalingHistory.objects.filter(pk__in=pks)
    histories.filter(Q(read_until=None) | Q(read_until__lt=reach)).update(read_from=known_from)
    histories.update(read_until=now)


def _key(row: ScalingHistory) -> Key:
    return row.endpoint_id, row.resource_id, row.dimension


def _id(document: Document) -> str:
    return str(document["ActivityId"])[:256]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
