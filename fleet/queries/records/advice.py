"""Advice as files and the API have it."""

from datetime import datetime
from decimal import Decimal

from fleet.models import Advice
from fleet.queries.records.place import Place, place

SEVERITIES = ("critical", "warning", "advice", "note")
RISKS = ("low", "medium", "high")
EFFORTS = ("small", "medium", "large")


class AdviceRecord(Place):
    """One advice on one endpoint. id: its own; savings in USD a month of 730 h, null = none claimed.

    A saving below 0 is what it costs more. effect: "saves", "costs", "either" as the traffic goes, "none" claimed.
    """

    id: int
    endpoint_id: int
    endpoint_name: str
    kind: str
    team: str
    owner: str
    rule: str
    rule_version: int
    severity: str
    risk: str
    effort: str
    title: str
    why: str
    saving_low_usd: Decimal | None
    saving_high_usd: Decimal | None
    effect: str
    is_irreversible: bool
    undo: str
    operation: str | None
    operation_fields: dict[str, str]
    state: str
    assigned_to: str | None
    dismissed_until: str | None
    dismissed_reason: str
    first_seen_at: datetime
    last_seen_at: datetime


def advice(row: Advice) -> AdviceRecord:
    """One row; needs its endpoint with place, and its person."""
    endpoint = row.endpoint
    return {
        **place(endpoint.shard),
        "id": row.pk,
        "endpoint_id": endpoint.pk,
        "endpoint_name": endpoint.name,
        "kind": endpoint.kind,
        "team": endpoint.team,
        "owner": endpoint.owner,
        "rule": row.rule,
        "rule_version": row.version,
        "severity": SEVERITIES[row.severity],
        "risk": RISKS[row.risk],
        "effort": EFFORTS[row.effort],
        "title": row.title,
        "why": row.why,
        "saving_low_usd": row.saving_low,
        "saving_high_usd": row.saving_high,
        "effect": effect(row.saving_low, row.saving_high),
        "is_irreversible": row.is_irreversible,
        "undo": row.undo,
        "operation": row.operation_kind or None,
        "operation_fields": row.operation_fields,
        "state": row.state,
        "assigned_to": row.assigned_to.get_username() if row.assigned_to else None,
        "dismissed_until": row.dismissed_until.isoformat() if row.dismissed_until else None,
        "dismissed_reason": row.dismissed_reason,
        "first_seen_at": row.first_seen_at,
        "last_seen_at": row.last_seen_at,
    }


def effect(low: Decimal | None, high: Decimal | None) -> str:
    """What an advice does to the month, in one word, from its lowest and highest saving."""
    if low is None or high is None:
        return "none"
    if low < 0 < high:
        return "either"
    return "costs" if low < 0 else "saves"
