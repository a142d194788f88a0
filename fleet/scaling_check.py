"""Running the scaling linter over a shard, and keeping what it finds."""

from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from fleet.analysis.scaling_policies import lint
from fleet.analysis.scaling_policies.findings import LABELS, Finding, Missing, Rule
from fleet.models import ChangeEvent, Endpoint, ScalableTarget, ScalingCheck, ScalingFinding, Shard
from fleet.queries import scaling_evidence
from fleet.queries.scaling_evidence import Seen

EVERY = timedelta(hours=1)
"""Hours come in once an hour; what changes in between is looked at within the minute."""
SOON = timedelta(minutes=5)
"""Again after it where a queue may fill at no instance, or where the hours of a history are still coming in."""
AT_ONCE = 50
"""As many shards a tick: the others have their turn a minute later."""
_KEY = ("resource_id", "dimension", "rule")
_VALUES = (
    "endpoint_id", "target_id", "severity", "title", "why", "facts", "source", "saving_usd", "proposal", "calls",
)  # fmt: skip
_TELLING = (
    ChangeEvent.Category.CREATED,
    ChangeEvent.Category.CLOSED,
    ChangeEvent.Category.CONFIG,
    ChangeEvent.Category.CAPACITY,
    ChangeEvent.Category.SCALING,
)

_MOVING = Q(rule=Rule.ZERO_TRAP) | Q(
    rule__in=[Rule.PAID_WHILE_EMPTY, Rule.WARM_UNUSED], severity=ScalingFinding.UNKNOWN
)


def due(now: datetime) -> list[int]:
    """Shards not looked at for an hour, or where something that scales changed since, the longest first."""
    changed = ChangeEvent.objects.filter(
        endpoint__shard=OuterRef("pk"), category__in=_TELLING, pk__gt=OuterRef("scaling_check__event_id")
    )
    has_any = Exists(Endpoint.objects.filter(shard=OuterRef("pk"))) | Exists(
        ScalableTarget.objects.filter(shard=OuterRef("pk"))
    )
    late = Q(scaling_check=None) | Q(scaling_check__checked_at=None)
    late |= Q(scaling_check__checked_at__lt=now - EVERY)
    moving = ScalingFinding.objects.filter(_MOVING, shard=OuterRef("pk"))
    late |= Q(Exists(moving), scaling_check__checked_at__lt=now - SOON)
    found = Shard.objects.filter(has_any).filter(late | Exists(changed))
    oldest = found.order_by(F("scaling_check__checked_at").asc(nulls_first=True), "pk")
    return list(oldest.values_list("pk", flat=True)[:AT_ONCE])


def check(shard_id: int, *, now: datetime) -> int:
    """Lint every scaled capacity of a shard; the number of findings. What is not found any more goes.

    Two at once do no harm: one of them waits.
    """
    with transaction.atomic():
        ScalingCheck.objects.bulk_create([ScalingCheck(shard_id=shard_id)], ignore_conflicts=True)
        state = ScalingCheck.objects.select_for_update().get(shard=shard_id)
        state.event_id = ChangeEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0
        state.checked_at = now
        shard = Shard.objects.select_related("account").get(pk=shard_id)
        rows = [row for seen in scaling_evidence.of_shard(shard, now) for row in _rows(shard, seen, now)]
        _keep(shard, rows)
        state.save()
    return sum(row.severity != ScalingFinding.UNKNOWN for row in rows)


def _rows(shard: Shard, seen: Seen, now: datetime) -> list[ScalingFinding]:
    report = lint(seen.scaled)
    said: list[Finding | Missing] = [*report.findings, *report.missing]
    return [
        ScalingFinding(
            shard=shard,
            endpoint=seen.endpoint,
            target=seen.target,
            resource_id=seen.scaled.resource_id,
            dimension=seen.scaled.dimension,
            rule=each.rule.value,
            since=now,
            **(_told(each) if isinstance(each, Finding) else _untold(each)),
        )
        for each in said
    ]


def _told(finding: Finding) -> dict[str, object]:
    proposal, source = finding.proposal, finding.source
    return {
        "severity": finding.severity.value,
        "title": finding.title[:255],
        "why": finding.why,
        "facts": [list(fact) for fact in finding.facts],
        "source": {"title": source.title, "url": source.url, "read": source.read},
        "saving_usd": finding.saving,
        "proposal": asdict(proposal) if proposal else None,
        "calls": [asdict(call) for call in finding.calls],
    }


def _untold(missing: Missing) -> dict[str, object]:
    return {"severity": ScalingFinding.UNKNOWN, "title": LABELS[missing.rule], "why": missing.text}


def _keep(shard: Shard, rows: list[ScalingFinding]) -> None:
    """Write what is new or differs, and delete what is gone; what stays keeps its `since`."""
    held = {_key(row): row for row in ScalingFinding.objects.filter(shard=shard)}
    fresh = [
        row for row in rows if (old := held.pop(_key(row), None)) is None or _values(old) != _values(row)
    ]
    if held:
        ScalingFinding.objects.filter(pk__in=[row.pk for row in held.values()]).delete()
    if fresh:
        ScalingFinding.objects.bulk_create(
            fresh, update_conflicts=True, unique_fields=["shard", *_KEY], update_fields=list(_VALUES)
        )


def _key(row: ScalingFinding) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _KEY)


def _values(row: ScalingFinding) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _VALUES)
