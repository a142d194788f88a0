"""One advice as its page shows it: evidence, saving with its range, the way to carry it out, what became of it."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from dashboards.advisor import words
from dashboards.operations.words import FORMS
from dashboards.tables import Column, PlainTable
from dashboards.tiles import Explain, Tile
from fleet.models import Advice
from fleet.operations.kinds import KINDS, OperationKind

_RANGE = (
    "A month of 730 hours. The lower figure is what it saves where the traffic goes the less favourable way: ways to "
    "host are priced with three quarters, all and five quarters of what was observed. What was observed stands under "
    "Evidence."
)


def context(row: Advice) -> dict[str, Any]:
    """The template context of one advice."""
    return {
        "advice": row,
        "rule_label": words.rule_label(row.rule),
        "decision": words.DECISIONS.get(row.decision, row.decision),
        "tiles": _tiles(row),
        "evidence": PlainTable(
            "Evidence",
            [Column("What"), Column("Value"), Column("From")],
            [tuple(line) for line in row.evidence],
        ),
        "alternatives": [_alternative(each) for each in row.alternatives],
        "form_url": form_url(row),
        "form_label": form_label(row),
        "risk": words.RISKS.get(row.risk, ""),
        "effort": words.EFFORTS.get(row.effort, ""),
        "saving_done": row.savings.select_related("operation").first() if row.pk else None,
    }


def form_url(row: Advice) -> str:
    """The operation's form with the proposal filled in; "" where there is none."""
    kind = _kind(row)
    name = FORMS.get(kind) if kind else None
    if name is None:
        return ""
    address = reverse(name, args=[row.endpoint_id])
    return f"{address}?{urlencode(row.operation_fields)}" if row.operation_fields else address


def form_label(row: Advice) -> str:
    """ "Change memory"."""
    kind = _kind(row)
    return KINDS[kind].label if kind else ""


def _kind(row: Advice) -> OperationKind | None:
    return OperationKind(row.operation_kind) if row.operation_kind in set(OperationKind) else None


def _tiles(row: Advice) -> list[Tile]:
    saving = words.saving_range(row.saving_low, row.saving_high)
    explain = Explain(
        _RANGE, basis="estimated", as_of=row.last_seen_at, source=row.source or "Flotilla's own rule",
        window="the last 14 days, whole hours", call="read from stored figures",
    )  # fmt: skip
    return [
        Tile(
            "Saving" if words.saves(row.saving_high) or not saving else "Cost",
            saving or None,
            unit="a month" if saving else "",
            reason="No saving is claimed",
            explain=explain,
        ),
        Tile(
            "Risk",
            words.RISKS.get(row.risk, ""),
            note="there is no way back" if row.is_irreversible else "",
            tone="failed" if row.is_irreversible else "",
            explain=_judged(row, "What may go wrong, as the rule has it."),
        ),
        Tile("Effort", words.EFFORTS.get(row.effort, ""), explain=_judged(row, "What it takes of a person.")),
    ]


def _judged(row: Advice, text: str) -> Explain:
    return Explain(
        text, formula=f"rule {row.rule}, version {row.version}", source="docs/advisor.md", basis="estimated",
        as_of=row.last_seen_at, window="the last 14 days", call="none",
    )  # fmt: skip


def _alternative(found: dict[str, Any]) -> dict[str, Any]:
    low, high = (None if found.get(end) is None else Decimal(str(found[end])) for end in ("low", "high"))
    saving = words.saving_range(low, high)
    return {
        **found,
        "saving": f"{saving} a month" if saving else "",
        "label": words.rule_label(str(found.get("rule", ""))),
    }
