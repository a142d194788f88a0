"""Kinds of operation in words."""

from django import template

from dashboards.operations.words import state_word
from fleet.models import Operation
from fleet.operations.kinds import KINDS, OperationKind

register = template.Library()


@register.filter
def operation_label(kind: str) -> str:
    """{{ operation.kind|operation_label }} → Change concurrency; an unknown kind is shown as stored."""
    try:
        return KINDS[OperationKind(kind)].label
    except (KeyError, ValueError):
        return kind


@register.filter
def operation_state(operation: Operation) -> str:
    """{% state operation|operation_state %}: the verdict where it says more than the state."""
    return state_word(operation)
