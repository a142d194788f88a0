"""The Advice tab of an endpoint: what would be better, the decision flow and the five fitness functions."""

from typing import Any

from django.utils import timezone

from dashboards.advisor import fit, shown, words
from fleet.models import Advice
from fleet.queries import advice as queries
from fleet.queries import advice_evidence, advice_sets
from fleet.queries.endpoint import Activity, Head


def context(head: Head, activity: Activity) -> dict[str, Any]:
    """Stored advice, and the flow as its figures answer it now."""
    endpoint, now = head.endpoint, timezone.now()
    about = advice_evidence.surroundings(now, endpoint.shard)
    known = advice_evidence.of([endpoint.pk], now, about)
    rows = queries.of_endpoint(endpoint)
    found = {
        "advice_rows": [_line(row) for row in rows if row.state in Advice.WAITING],
        "settled": [_line(row) for row in rows if row.state not in Advice.WAITING],
        "run": queries.last_run(),
        "set": advice_sets.of_endpoint(endpoint),
    }
    return {**found, **fit.of_evidence(known[0].evidence)} if known else found


def _line(row: Advice) -> dict[str, Any]:
    return {
        "row": row,
        "rule": words.rule_label(row.rule),
        "saving": words.saving_range(row.saving_low, row.saving_high),
        "risk": words.RISKS.get(row.risk, ""),
        "effort": words.EFFORTS.get(row.effort, ""),
        "form_url": shown.form_url(row),
        "form_label": shown.form_label(row),
    }
