"""Lines of the list of incidents, written without a template: up to two hundred of them, on every look."""

from collections.abc import Sequence
from datetime import datetime

from django.template.defaultfilters import capfirst
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards import markup, status
from dashboards.icons import icon_svg
from dashboards.templatetags import units
from fleet.models import Incident

_ROW = (
    '<li><a href="{}{}"{}> {}<span class="when">{}</span> <span class="what" title="{}">{}</span> '
    '<span class="cause" title="{}">{}</span><span class="who">{}</span> </a></li>\n'
)
_CURRENT = SafeString(' aria-current="true"')


def rows(found: Sequence[Incident], shown: Incident | None, query: str, now: datetime) -> SafeString:
    """One line for each incident. shown: the one being looked at; query: the scope in the URL; now: aware."""
    after, chosen = f"?{query}" if query else "", shown.pk if shown else None
    return markup.joined(
        format_html(
            _ROW,
            reverse("alerts:detail", args=[each.pk]),
            after,
            _CURRENT if each.pk == chosen else "",
            markup.state(status.look("resolved" if each.resolved_at else each.severity)),
            units.instant_of(each.resolved_at, now)
            if each.resolved_at
            else units.age_of(each.condition_since, now),
            each.title,
            each.endpoint.name if each.endpoint else each.title,
            each.cause,
            capfirst(each.cause or each.title),
            _who(each),
        )
        for each in found
    )


def _who(incident: Incident) -> SafeString | str:
    if incident.acknowledged_by:
        return format_html("{} {}", icon_svg("user-check"), incident.acknowledged_by.get_username())
    return "" if incident.resolved_at else "no one yet"
