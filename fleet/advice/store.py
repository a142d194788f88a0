"""Advice of a chunk of endpoints into rows: what is true is renewed, what is true no more is marked so."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q

from fleet.advisor.advice import Advice as Found
from fleet.advisor.advice import Alternative
from fleet.advisor.engine import Review
from fleet.models import Advice, KeptEvidence
from fleet.queries.advice_evidence import Known, kept

_RENEWED = {
    "version": "smallint", "decision": "text", "severity": "smallint", "effort": "smallint", "risk": "smallint",
    "title": "text", "why": "text", "evidence": "jsonb", "undo": "text", "is_irreversible": "boolean",
    "saving_low": "numeric(20,9)", "saving_high": "numeric(20,9)", "operation_kind": "text",
    "operation_fields": "jsonb", "runbook": "jsonb", "missing": "jsonb", "alternatives": "jsonb", "to": "text",
    "source": "text",
}  # fmt: skip
"""Columns that a look renews, by type; text where a cast would cut what is too long without a word."""
_NAMES = ", ".join(f'"{name}"' for name in _RENEWED)
# What is dismissed, given to somebody or done stays as it is: no column of it is named in the conflict.
_WRITE = f"""
INSERT INTO fleet_advice (endpoint_id, rule, {_NAMES}, first_seen_at, last_seen_at)
SELECT endpoint_id, rule, {_NAMES}, %(now)s, %(now)s
FROM JSON_TO_RECORDSET(%(rows)s::json) AS told (
    endpoint_id bigint, rule text, {", ".join(f'"{name}" {kind}' for name, kind in _RENEWED.items())}
)
ON CONFLICT (endpoint_id, rule) DO UPDATE SET
    {", ".join(f'"{name}" = EXCLUDED."{name}"' for name in _RENEWED)}, last_seen_at = EXCLUDED.last_seen_at
"""  # noqa: S608 - the names above only
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
    rows = [_row(pk, found) for pk, review in reviews.items() for found in review.advice]
    with transaction.atomic():
        # One look at a time per chunk, in the order of ids, so that two looks at once cannot wait for each other.
        held = Advice.objects.filter(endpoint__in=list(reviews)).order_by("pk").select_for_update()
        before = list(held.values_list("pk", "endpoint", "rule", "gone_at"))
        _renew(rows, now)
        seen = {(row["endpoint_id"], row["rule"]) for row in rows}
        back = [pk for pk, *key, gone_at in before if tuple(key) in seen and gone_at is not None]
        gone = [
            pk
            for pk, endpoint, rule, gone_at in before
            if gone_at is None and _is_gone((endpoint, rule), seen, reviews)
        ]
        Advice.objects.filter(pk__in=back).update(gone_at=None, first_seen_at=now)
        Advice.objects.filter(pk__in=back, state=Advice.State.DONE).update(state=Advice.State.OPEN)
        Advice.objects.filter(pk__in=gone).update(gone_at=now)
        _end_dismissals(list(reviews), now)
    return Counts(len(rows), len(gone))


def _renew(rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Rows as one JSON text, which PostgreSQL takes apart; none without a row."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, {"rows": json.dumps(rows), "now": now})


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


def _row(endpoint: int, found: Found) -> dict[str, Any]:
    proposal = found.proposal
    return {
        "endpoint_id": endpoint,
        "rule": found.rule,
        "version": found.version,
        "decision": found.decision.value,
        "severity": int(found.severity),
        "effort": int(found.effort),
        "risk": int(found.risk),
        "title": found.title,
        "why": found.why,
        "evidence": [[line.label, line.value, line.source] for line in found.evidence],
        "undo": found.undo,
        "is_irreversible": found.is_irreversible,
        "saving_low": _text(found.saving_low),
        "saving_high": _text(found.saving_high),
        "operation_kind": proposal.kind.value if proposal else "",
        "operation_fields": dict(proposal.fields) if proposal else {},
        "runbook": found.runbook,
        "missing": [[each.what, each.takes] for each in found.missing],
        "alternatives": [_alternative(each) for each in found.alternatives],
        "to": found.to[:128],
        "source": found.source,
    }


def _alternative(each: Alternative) -> dict[str, Any]:
    return {
        "rule": each.rule,
        "title": each.title,
        "low": _text(each.saving_low),
        "high": _text(each.saving_high),
        "why": each.why,
    }


def _text(usd: Decimal | None) -> str | None:
    """As it is written: PostgreSQL makes the same number of it."""
    return None if usd is None else str(usd)
