"""Advice of a chunk of endpoints into rows: what is true is renewed, what is true no more is marked so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from fleet.advisor.advice import Advice as Found
from fleet.advisor.engine import Review
from fleet.models import Advice, KeptEvidence
from fleet.queries.advice_evidence import Known, kept

_KEYS = ("endpoint", "rule")
_RENEWED = (
    "version", "decision", "severity", "effort", "risk", "title", "why", "evidence", "undo", "is_irreversible",
    "saving_low", "saving_high", "operation_kind", "operation_fields", "runbook", "missing", "alternatives", "to",
    "source", "last_seen_at",
)  # fmt: skip
_APART = "\x1f"
"""Between documents: JSON has no control character as it is."""
# One text is quoted at once; of an array every text would be searched for what is to be quoted.
_KEEP = """
INSERT INTO fleet_keptevidence (endpoint_id, looked_at, document)
SELECT told.id, %(now)s, told.document
FROM UNNEST(%(ids)s::bigint[], STRING_TO_ARRAY(%(documents)s, CHR(31))) AS told (id, document)
ON CONFLICT (endpoint_id) DO UPDATE SET looked_at = EXCLUDED.looked_at, document = EXCLUDED.document
"""


@dataclass(frozen=True)
class Counts:
    """What one chunk came to: advice that is true, and rows that are true no more."""

    advice: int = 0
    gone: int = 0


def write(reviews: Mapping[int, Review], now: datetime) -> Counts:
    """Keep what was found of some endpoints (by id), in one transaction; writing it again changes nothing.

    A rule that lacked figures says nothing, so what it said before stays as it was. Who was assigned stays; a dismissal
    ends when the rule has a newer version, and what was done and is true again is open again.
    """
    rows = [_row(pk, found, now) for pk, review in reviews.items() for found in review.advice]
    with transaction.atomic():
        # One look at a time per chunk, in the order of ids, so that two looks at once cannot wait for each other.
        held = Advice.objects.filter(endpoint__in=list(reviews)).order_by("pk").select_for_update()
        before = {(row.endpoint_id, row.rule): row for row in held.only("endpoint", "rule", "gone_at")}
        Advice.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=list(_KEYS),
            update_fields=list(_RENEWED),
            batch_size=500,
        )
        seen = {(row.endpoint_id, row.rule) for row in rows}
        back = [row.pk for key, row in before.items() if key in seen and row.gone_at is not None]
        gone = [row.pk for key, row in before.items() if row.gone_at is None and _is_gone(key, seen, reviews)]
        Advice.objects.filter(pk__in=back).update(gone_at=None, first_seen_at=now)
        Advice.objects.filter(pk__in=back, state=Advice.State.DONE).update(state=Advice.State.OPEN)
        Advice.objects.filter(pk__in=gone).update(gone_at=now)
        _end_dismissals(list(reviews), now)
    return Counts(len(rows), len(gone))


def keep(found: Iterable[Known], now: datetime) -> None:
    """Keep what was known of some endpoints, for their Advice tabs. One statement, none without an endpoint."""
    documents = {each.endpoint.pk: kept.packed(each.evidence) for each in found}
    if documents:
        bound: dict[str, Any] = {
            "ids": list(documents),
            "documents": _APART.join(documents.values()),
            "now": now,
        }
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, bound)


def forget_closed(now: datetime) -> int:
    """What was said of endpoints that are gone is true no more; how much that was."""
    KeptEvidence.objects.filter(endpoint__closed_at__isnull=False).delete()
    return Advice.objects.filter(gone_at=None, endpoint__closed_at__isnull=False).update(gone_at=now)


def _is_gone(key: tuple[int, str], seen: set[tuple[int, str]], reviews: Mapping[int, Review]) -> bool:
    endpoint, rule = key
    return key not in seen and all(gap.rule != rule for gap in reviews[endpoint].gaps)


def _end_dismissals(endpoints: Sequence[int], now: datetime) -> None:
    over = Q(dismissed_until__lte=now.date()) | Q(dismissed_version__lt=F("version"))
    dismissed = Advice.objects.filter(endpoint__in=endpoints, state=Advice.State.DISMISSED)
    dismissed.filter(over).update(state=Advice.State.OPEN)


def _row(endpoint: int, found: Found, now: datetime) -> Advice:
    proposal = found.proposal
    return Advice(
        endpoint_id=endpoint,
        rule=found.rule,
        version=found.version,
        decision=found.decision.value,
        severity=int(found.severity),
        effort=int(found.effort),
        risk=int(found.risk),
        title=found.title,
        why=found.why,
        evidence=[[line.label, line.value, line.source] for line in found.evidence],
        undo=found.undo,
        is_irreversible=found.is_irreversible,
        saving_low=found.saving_low,
        saving_high=found.saving_high,
        operation_kind=proposal.kind.value if proposal else "",
        operation_fields=dict(proposal.fields) if proposal else {},
        runbook=list(found.runbook),
        missing=[[each.what, each.takes] for each in found.missing],
        alternatives=[_alternative(each) for each in found.alternatives],
        to=found.to[:128],
        source=found.source,
        first_seen_at=now,
        last_seen_at=now,
    )


def _alternative(each: Any) -> dict[str, Any]:
    low, high = each.saving_low, each.saving_high
    return {
        "rule": each.rule,
        "title": each.title,
        "low": None if low is None else str(low),
        "high": None if high is None else str(high),
        "why": each.why,
    }
