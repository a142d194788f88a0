"""When the advisor looks at the fleet, and one look from its first endpoint to its last."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q, QuerySet

from fleet.access import audit
from fleet.advice import ledger, sets, store
from fleet.advisor import engine
from fleet.advisor.engine import Review
from fleet.analysis.consolidation import Candidate
from fleet.doorbell import ring_after_commit
from fleet.models import Advice, AdvisorRun, Endpoint, Shard, User
from fleet.queries import advice_evidence, advice_ledger, usage
from fleet.queries.advice_evidence import Known

log = structlog.get_logger(__name__)
EVERY = timedelta(hours=1)
SOON = timedelta(minutes=2)
"""Between looks while history comes in."""
DEAD_AFTER = timedelta(minutes=10)
"""A look that began so long ago and never ended is taken for dead."""
CHUNK = 500
"""As many endpoints are read, judged and stored together."""
TASK = "fleet.advise"
THE_ONE = 1


def is_due(now: datetime) -> bool:
    """Whether a look should begin; the first time it makes the row that says so."""
    AdvisorRun.objects.get_or_create(pk=THE_ONE, defaults={"due_at": now})
    return _due(now).exists() and Endpoint.objects.filter(closed_at=None).exists()


def claim(now: datetime) -> bool:
    """Take the look that is due; False when another worker has it or none is."""
    return _due(now).update(due_at=now + EVERY, begun_at=now) == 1


def ask(*, actor: User, now: datetime, address: str | None = None) -> None:
    """Have the fleet looked at again at once; call inside a transaction."""
    run, _ = AdvisorRun.objects.get_or_create(pk=THE_ONE, defaults={"due_at": now})
    AdvisorRun.objects.filter(pk=run.pk).update(due_at=now, asked_at=now)
    audit.record(actor=actor, action="advisor.asked", target=run, address=address)
    ring_after_commit(TASK)


def look(now: Callable[[], datetime], *, chunk: int = CHUNK) -> AdvisorRun:
    """Judge every open endpoint and keep what comes out, a chunk at a time; what is read is stored rows only."""
    begun = now()
    about, demoted = advice_evidence.surroundings(begun), advice_ledger.unreliable()
    ids = list(Endpoint.objects.filter(closed_at=None).order_by("shard", "pk").values_list("pk", flat=True))
    advice = failed = 0
    could_share: list[tuple[Candidate, Endpoint]] = []
    for first in range(0, len(ids), chunk):
        known = advice_evidence.of(ids[first : first + chunk], begun, about)
        reviews, broken = judge(known, demoted)
        advice += store.write(reviews, begun).advice
        store.keep(known, begun)
        failed += broken
        could_share += [
            (found, each.endpoint) for each in known if (found := sets.candidate(each)) is not None
        ]
    store.forget_closed(begun)
    sets.renew(could_share, about, begun)
    ledger.follow(begun)
    ledger.look(begun)
    AdvisorRun.objects.update_or_create(
        pk=THE_ONE,
        defaults={"ended_at": now(), "endpoints": len(ids), "advice": advice, "failed": failed},
        create_defaults={
            "due_at": begun + EVERY, "begun_at": begun, "ended_at": now(), "endpoints": len(ids), "advice": advice,
            "failed": failed,
        },
    )  # fmt: skip
    _look_again_soon(begun, now())
    log.info("advice.look", endpoints=len(ids), advice=advice, failed=failed)
    return AdvisorRun.objects.get(pk=THE_ONE)


def renew(endpoint: Endpoint, now: datetime) -> None:
    """Judge one open endpoint at once: somebody said what its rules rest on. Some forty queries."""
    known = advice_evidence.of([endpoint.pk], now, advice_evidence.surroundings(now, endpoint.shard))
    reviews, _ = judge(known, advice_ledger.unreliable())
    store.write(reviews, now)
    store.keep(known, now)


def judge(found: Sequence[Known], demoted: Collection[str] = ()) -> tuple[dict[int, Review], int]:
    """What the rules say of some endpoints, and on how many a rule broke: of those, what was said before stays.

    demoted: rules whose advice comes after what is as urgent.
    """
    reviews: dict[int, Review] = {}
    broken = 0
    for known in found:
        try:
            reviews[known.endpoint.pk] = engine.review(known.evidence, demoted=demoted)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            broken += 1
            log.exception("advice.rule_broke", endpoint=known.endpoint.pk, error=str(error))
    return reviews, broken


def _look_again_soon(begun: datetime, ended: datetime) -> None:
    """While history comes in, the next look is not an hour away: most rules waited for it. A tenth of the time goes to

    looks then, at most.
    """
    whole = usage.history_reaches(
        Shard.objects.filter(enabled=True, account__enabled=True, endpoints__closed_at=None).distinct(), ended
    )
    if not whole:
        soon = min(ended + max(SOON, 10 * (ended - begun)), begun + EVERY)
        AdvisorRun.objects.filter(pk=THE_ONE, due_at__gt=soon).update(due_at=soon)


def _due(now: datetime) -> QuerySet[AdvisorRun]:
    is_idle = Q(begun_at=None) | Q(ended_at__gte=F("begun_at")) | Q(begun_at__lt=now - DEAD_AFTER)
    return AdvisorRun.objects.filter(is_idle, pk=THE_ONE, due_at__lte=now)


def standing() -> tuple[AdvisorRun | None, int]:
    """The row of the looks, and how much advice is true now."""
    return AdvisorRun.objects.filter(pk=THE_ONE).first(), Advice.objects.filter(gone_at=None).count()
