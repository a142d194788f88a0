"""Endpoints that could share a multi-model endpoint, found over the whole fleet and kept as rows."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from fleet.advisor.evidence import Evidence
from fleet.analysis import consolidation
from fleet.analysis.consolidation import Candidate, Host, Proposal
from fleet.models import ConsolidationSet, Endpoint
from fleet.queries import cost_options
from fleet.queries.advice_evidence import Around, Known
from fleet.types import CostComponent, Kind

_RENEWED = (
    "shard", "members", "image", "instance_type", "instance_count", "before", "after", "saving_low", "saving_high",
    "hit_ratio", "hit_low", "hit_high", "loads_per_hour", "fits_all", "assumptions", "checks", "last_seen_at",
)  # fmt: skip


def candidate(known: Known) -> Candidate | None:
    """An endpoint with one model on instances of its own; None for every other one."""
    evidence, endpoint = known.evidence, known.endpoint
    main = evidence.main
    if endpoint.kind != Kind.REAL_TIME or main is None or not main.instance_type:
        return None
    used, machine = evidence.use.memory_max, main.machine
    whole = machine.memory_mb if machine else None
    return Candidate(
        endpoint_id=endpoint.pk,
        name=endpoint.name,
        place=place(endpoint),
        image=main.images[0] if len(main.images) == 1 else "",
        processor=cost_options.processor(main.instance_type),
        instance_type=main.instance_type,
        instance_count=main.instance_count,
        month_usd=evidence.month.total,
        calls_per_hour=_per_hour(evidence),
        busy=known.busiest,
        memory_mb=None if used is None or whole is None else whole * used / 100,
        apart=_apart(endpoint, main.images),
    )


def place(endpoint: Endpoint) -> str:
    """Account and region: only endpoints of one place share."""
    return f"{endpoint.shard.account.account_id} {endpoint.shard.region}"


def renew(candidates: Iterable[tuple[Candidate, Endpoint]], about: Around, now: datetime) -> int:
    """Find the sets anew and keep them; how many there are."""
    found = list(candidates)
    shards = {each.place: endpoint for each, endpoint in found}
    hosts = {where: _hosts(endpoint, about) for where, endpoint in shards.items()}
    result = consolidation.find([each for each, _ in found], hosts, proven_images=about.multi_model_images)
    rows = [_row(each, shards, now) for each in result.proposals]
    with transaction.atomic():
        _end_dismissals({row.key: row.members for row in rows}, now)
        ConsolidationSet.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["key"], update_fields=list(_RENEWED)
        )
        back = ConsolidationSet.objects.filter(last_seen_at=now, gone_at__isnull=False)
        back.update(gone_at=None, first_seen_at=now)
        ConsolidationSet.objects.filter(last_seen_at__lt=now, gone_at=None).update(gone_at=now)
    return len(rows)


def _end_dismissals(members: Mapping[str, list[int]], now: datetime) -> None:
    """Dismissals that are over: their day has come, or the set found now has a member that it had not then."""
    held = ConsolidationSet.objects.filter(dismissed_at__isnull=False).select_for_update()
    over = [
        row.pk
        for row in held
        if (row.dismissed_until and row.dismissed_until <= now.date())
        or not set(members.get(row.key, ())) <= set(row.members)
    ]
    ConsolidationSet.objects.filter(pk__in=over).update(dismissed_at=None)


def _per_hour(evidence: Evidence) -> float | None:
    shape = evidence.shape
    if evidence.calls.count is None or shape is None or not shape.known_hours:
        return None
    return evidence.calls.count / shape.known_hours


def _apart(endpoint: Endpoint, images: tuple[str, ...]) -> tuple[str, ...]:
    """Why it must stay alone, as far as its config tells."""
    reasons = []
    document = endpoint.config.document if endpoint.config else {}
    if (document.get("DataCaptureConfig") or {}).get("EnableCapture"):
        reasons.append("its data capture records one model")
    if len(images) > 1:
        reasons.append("its model has several containers")
    return tuple(reasons)


def _hosts(endpoint: Endpoint, about: Around) -> list[Host]:
    region, book = endpoint.shard.region, about.book(endpoint.shard.account_id)
    found = []
    for machine in about.allowed(endpoint.shard_id, region):
        point = book.find(region, CostComponent.INSTANCE_TIME, machine.name)
        if point is not None:
            processor = cost_options.processor(machine.name)
            found.append(Host(machine.name, machine.memory_mb, machine.vcpus, processor, point.usd))
    return found


def _row(found: Proposal, shards: Mapping[str, Endpoint], now: datetime) -> ConsolidationSet:
    return ConsolidationSet(
        shard_id=shards[found.place].shard_id,
        key=hashlib.sha256(found.key.encode()).hexdigest(),
        members=[member.endpoint_id for member in found.members],
        image=found.image,
        instance_type=found.instance_type,
        instance_count=found.instance_count,
        before=found.before_usd,
        after=found.after_usd,
        saving_low=found.saving_low,
        saving_high=found.saving_high,
        hit_ratio=found.hit_ratio,
        hit_low=found.hit_low,
        hit_high=found.hit_high,
        loads_per_hour=found.loads_per_hour,
        fits_all=found.fits_all,
        assumptions=list(found.assumptions),
        checks=list(found.checks),
        first_seen_at=now,
        last_seen_at=now,
    )
