"""Kinds of operation in words."""

import re

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

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
def whole_dates(text: str) -> SafeString:
    """{{ row.source|whole_dates }}: the text, escaped, with no line break inside its dates."""
    parts = re.split(r"(\d{4}-\d{2}-\d{2})", text)
    return format_html_join(
        "", '{}<span class="nowrap">{}</span>', zip(parts[::2], [*parts[1::2], ""], strict=True)
    )


@register.filter
def operation_state(operation: Operation) -> str:
    """{% state operation|operation_state %}: the verdict where it says more than the state."""
    return state_word(operation)
