"""Kinds of operation in words."""

from django import template

from fleet.operations.kinds import KINDS, OperationKind

register = template.Library()


@register.filter
def operation_label(kind: str) -> str:
    """{{ operation.kind|operation_label }} → Change concurrency; an unknown kind is shown as stored."""
    try:
        return KINDS[OperationKind(kind)].label
    except (KeyError, ValueError):
        return kind
