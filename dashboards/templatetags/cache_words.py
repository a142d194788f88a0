"""The verdict on a model cache as icon and word."""

from django import template
from django.utils.safestring import SafeString

from dashboards import markup, status
from dashboards.cache.tables import VERDICTS
from fleet.analysis.cache import Verdict

register = template.Library()


@register.simple_tag
def verdict(found: str, pill: bool = False) -> SafeString:
    """{% verdict row.verdict %} → Thrashing"""
    state, word = VERDICTS[Verdict(found)]
    return markup.state(status.look(state), word=word, is_pill=pill)
