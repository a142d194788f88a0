"""Sets of little-called endpoints with one model each that could share a multi-model endpoint, and the saving."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fleet.analysis.shared_hosts import RULES as RULES
from fleet.analysis.shared_hosts import Candidate as Candidate
from fleet.analysis.shared_hosts import Host as Host
from fleet.analysis.shared_hosts import Rules as Rules
from fleet.analysis.shared_hosts import best_part, hits


@dataclass(frozen=True)
class Proposal:
    """Endpoints that could share `instance_count` × `instance_type`; USD a month of 730 hours.

    hit_ratio: forecast, between hit_low and hit_high; 1 with fits_all = every model stays loaded. saving_low: with
    the next dearer host, in case the models take more memory than is seen today.
    """

    place: str
    image: str
    members: tuple[Candidate, ...]
    instance_type: str
    instance_count: int
    before_usd: Decimal
    after_usd: Decimal
    saving_low: Decimal
    saving_high: Decimal
    hit_ratio: float
    hit_low: float
    hit_high: float
    loads_per_hour: float
    fits_all: bool
    assumptions: tuple[str, ...]
    checks: tuple[str, ...]

    @property
    def key(self) -> str:
        """Stays the same while its first member does."""
        return f"{self.place} {self.image} {min(member.endpoint_id for member in self.members)}"

    @property
    def saving(self) -> Decimal:
        return self.before_usd - self.after_usd


@dataclass(frozen=True)
class LeftOut:
    """An endpoint that is in no set, and why."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True)
class Found:
    """Sets, the one that saves most first; every candidate is in one of them or left out."""

    proposals: tuple[Proposal, ...]
    left_out: tuple[LeftOut, ...]


def find(
    candidates: Iterable[Candidate],
    hosts: Mapping[str, Sequence[Host]],
    *,
    proven_images: Collection[str] = (),
    rules: Rules = RULES,
) -> Found:
    """The sets that save something. hosts: by place. proven_images: those that a multi-model endpoint runs already."""
    groups: dict[tuple[str, str, str], list[Candidate]] = defaultdict(list)
    left_out = []
    for candidate in sorted(candidates, key=lambda one: (one.place, one.name, one.endpoint_id)):
        reason = _why_not(candidate, rules)
        if reason:
            left_out.append(LeftOut(candidate, reason))
        else:
            groups[(candidate.place, candidate.image, candidate.processor)].append(candidate)
    proposals = []
    for (place, image, processor), members in groups.items():
        fitting = sorted(
            (host for host in hosts.get(place, ()) if host.processor == processor),
            key=lambda host: (host.usd_per_hour, host.name),
        )
        sets, rest = _sets(members, fitting, image in proven_images, rules)
        proposals += sets
        left_out += [LeftOut(one, _alone(members, rules)) for one in rest]
    proposals.sort(key=lambda one: (-one.saving, one.key))
    return Found(tuple(proposals), tuple(left_out))


def _why_not(one: Candidate, rules: Rules) -> str:
    if one.apart:
        return f"It must stay alone: {', '.join(one.apart)}."
    if not one.image:
        return "Its container image is not known."
    missing = {
        "its cost": one.month_usd,
        "its number of instances": one.instance_count,
        "its calls": one.calls_per_hour,
        "its busiest hour": one.busy,
        "its memory in use": one.memory_mb,
    }
    unknown = [name for name, value in missing.items() if value is None]
    if unknown:
        return f"Not known: {', '.join(unknown)}."
    if (one.busy or 0.0) > rules.most_busy:
        return f"In its busiest hour {one.busy:.2f} calls run at once on average: that is too many to share."
    return ""


def _alone(members: Sequence[Candidate], rules: Rules) -> str:
    if len(members) < 2:
        return "No other little-called endpoint of its account and region runs its image."
    return f"Sharing with others would save less than ${rules.least_saving} a month."


def _sets(
    members: Sequence[Candidate], hosts: Sequence[Host], is_proven: bool, rules: Rules
) -> tuple[list[Proposal], list[Candidate]]:
    """Sets out of endpoints that may all share, one after the other, and those that no set is worth."""
    # The dearest for their memory first: each set is a first part of this order.
    rest = sorted(members, key=lambda one: (-_worth(one), one.endpoint_id))
    found = []
    while len(rest) >= 2:
        best = best_part(rest[: rules.most_models], hosts, rules)
        if best is None:
            break
        size, number = best
        found.append(_proposal(rest[:size], hosts, number, is_proven, rules))
        rest = rest[size:]
    return found, rest


def _worth(one: Candidate) -> float:
    return float(one.month_usd or 0) / max(one.memory_mb or 0.0, 1.0)


def _proposal(
    members: Sequence[Candidate], hosts: Sequence[Host], number: int, is_proven: bool, rules: Rules
) -> Proposal:
    host, count = hosts[number], max(one.instance_count or 1 for one in members)
    memory = sum(one.memory_mb or 0.0 for one in members)
    before = sum((one.month_usd or Decimal(0) for one in members), Decimal(0))
    dearer = next((h for h in hosts[number + 1 :] if h.memory_mb > host.memory_mb), host)
    fits_all = memory <= host.memory_mb * rules.fill
    hit_ratio = hits(members, host, rules)
    calls = sum(one.calls_per_hour or 0.0 for one in members)
    return Proposal(
        place=members[0].place,
        image=members[0].image,
        members=tuple(sorted(members, key=lambda one: one.name)),
        instance_type=host.name,
        instance_count=count,
        before_usd=before,
        after_usd=host.month_usd(count),
        saving_low=before - dearer.month_usd(count),
        saving_high=before - host.month_usd(count),
        hit_ratio=hit_ratio,
        hit_low=hit_ratio if fits_all else max(0.0, hit_ratio - 0.05),
        hit_high=1.0 if fits_all else min(1.0, hit_ratio + 0.05),
        loads_per_hour=calls * (1 - hit_ratio),
        fits_all=fits_all,
        assumptions=_assumptions(memory, host, count, fits_all),
        checks=_checks(is_proven),
    )


def _assumptions(memory: float, host: Host, count: int, fits_all: bool) -> tuple[str, ...]:
    room = "so all of them stay loaded" if fits_all else "so seldom called ones are unloaded and loaded again"
    return (
        f"The models take {memory:,.0f} MB of {host.name}'s {host.memory_mb:,} MB, {room}. That counts the memory in "
        "use on each endpoint today, its container's own part with it.",
        f"{count} × {host.name}: as many instances as the one of them that has most today.",
        "One call at a time takes a vCPU; the busiest hours fall together.",
    )


def _checks(is_proven: bool) -> tuple[str, ...]:
    found = [
        "Callers have to name the model (TargetModel) and call the new endpoint.",
        "The models are similar in size and latency, and a first call that waits for loading is acceptable.",
        "All artefacts lie under one S3 prefix, packed as the container wants them.",
    ]
    if not is_proven:
        found.insert(
            0, "The container has to serve many models (multi-model mode): AWS does not tell of an image."
        )
    return tuple(found)
