"""The verdict on a model cache as icon and word."""

from typing import Any

from django import template

from dashboards import status
from dashboards.cache.tables import VERDICTS
from fleet.analysis.cache import Verdict

register = template.Library()


@register.inclusion_tag("components/status.html")
def verdict(found: str, pill: bool = False) -> dict[str, Any]:
    """{% verdict row.verdict %} → Thrashing"""
    state, word = VERDICTS[Verdict(found)]
    return {"look": status.look(state), "since": None, "is_pill": pill, "word": word}
