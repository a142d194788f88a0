"""The Advice tab of an endpoint: what would be better, the decision flow and the five fitness functions."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboards.advisor import fit, goals, prefilled, shown, words
from fleet.models import Advice
from fleet.queries import advice as queries
from fleet.queries import advice_sets
from fleet.queries.advice_evidence import kept
from fleet.queries.endpoint import Activity, Head


def context(head: Head, activity: Activity) -> dict[str, Any]:
    """Stored advice, and the flow as its figures answered it at the last look."""
    endpoint = head.endpoint
    known = kept.of_endpoint(endpoint)
    rows = queries.of_endpoint(endpoint)
    shared = advice_sets.of_endpoint(endpoint)
    found = {
        "advice_rows": [_line(row) for row in rows if row.state in Advice.WAITING],
        "settled": [_line(row) for row in rows if row.state not in Advice.WAITING],
        "run": queries.last_run(),
        "set": shared,
        "set_saving": words.set_saving(shared.saving_low, shared.saving_high) if shared else "",
        **goals.strip(endpoint),
    }
    if known is None:
        return found
    evidence, looked_at = known
    asked = f"{reverse('advisor:new-workload')}?{urlencode(prefilled.query(evidence))}"
    return {**found, "looked_at": looked_at, "workload_url": asked, **fit.of_evidence(evidence)}


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
