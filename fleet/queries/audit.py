"""The audit log: who changed what, when, from where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from fleet.models import AuditEntry


@dataclass(frozen=True)
class AuditFilter:
    """What to show; "" means any. text is looked for in the object's name and the reason."""

    actor: str = ""
    action: str = ""
    text: str = ""


def entries(wanted: AuditFilter) -> QuerySet[AuditEntry]:
    """Matching entries, newest first."""
    found = AuditEntry.objects.all()
    if wanted.actor:
        found = found.filter(actor_label=wanted.actor)
    if wanted.action:
        found = found.filter(action=wanted.action)
    if wanted.text:
        found = found.filter(Q(object_label__icontains=wanted.text) | Q(reason__icontains=wanted.text))
    return found


def actors() -> list[str]:
    """Everybody who appears in the log, by name."""
    return list(AuditEntry.objects.order_by("actor_label").values_list("actor_label", flat=True).distinct())


def actions() -> list[str]:
    """Every action that appears in the log, by name."""
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(field, before, after) in words for every field that either side has; "" where a side lacks it."""
    names = list(dict.fromkeys([*before, *after]))
    return [
        (name.replace("_", " "), _text(before.get(name)), _text(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)
