"""Rows of "Needs attention", written without a template: up to fifty of them, on every look at the overview."""

from datetime import datetime

from django.template.defaultfilters import capfirst
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards import markup, status
from dashboards.overview import trouble_help
from dashboards.overview.figures import Figures
from dashboards.templatetags import units
from fleet.queries.overview import Trouble, Unreadable

_LONGEST = 110
_ROW = (
    '<tr><td>{}</td><td class="card-wide"><span class="name">{}</span>{}</td>{}'
    '<td class="num card-end muted">{}</td><td class="action">{}</td></tr>\n'
)
_BUTTON = '<a class="btn btn-sm" href="{}">{}<span class="sr-only"> {}</span></a>'
_SUB = '<span class="sub">{}</span>'


def rows(figures: Figures, now: datetime, *, may_operate: bool) -> SafeString:
    """Open incidents, then what cannot be read; now: aware, what "for" counts up to.

    may_operate: whether the reader may plan operations, so that a button may lead to one's form.
    """
    found = [_trouble(each, units.age_of(each.since, now), may_operate) for each in figures.troubles]
    found += [_unreadable(each, units.age_of(each.since, now)) for each in figures.unreadable]
    # Each row escapes what it is made of.
    return mark_safe("".join(found))  # noqa: S308


def _trouble(trouble: Trouble, age: SafeString, may_operate: bool) -> SafeString:
    name: SafeString | str = "Fleet"
    if trouble.endpoint_id:
        name = format_html(
            '<a class="row-link" href="{}">{}</a>',
            reverse("endpoints:detail", args=[trouble.endpoint_id]),
            markup.truncated(trouble.endpoint),
        )
    words = capfirst(trouble.cause or trouble.title)
    what = format_html(
        '<td class="what" title="{}"><a class="row-link" href="{}">{}</a>{}</td>',
        trouble.summary,
        reverse("alerts:detail", args=[trouble.incident_id]),
        markup.shortened(words, _LONGEST),
        SafeString(' <span class="muted">· acknowledged</span>') if trouble.is_acknowledged else "",
    )
    words, url = trouble_help.button(trouble, may_operate=may_operate)
    button = format_html(_BUTTON, url, words, trouble.title)
    kind = format_html(_SUB, markup.kind(trouble.kind)) if trouble.kind else ""
    return format_html(_ROW, markup.state(status.look(trouble.severity)), name, kind, what, age, button)


def _unreadable(lost: Unreadable, age: SafeString) -> SafeString:
    # What AWS names is "service:Action" as a rule, but any text may stand there.
    service, colon, action = lost.action.rpartition(":")
    on = format_html(" on <code>{}{}<wbr>{}</code>", service, colon, action) if lost.action else ""
    what = format_html('<td class="what"><code>{}</code>{}</td>', lost.code, on)
    button = format_html(_BUTTON, reverse("sync:page"), "See why", f"{lost.name} cannot be read")
    place = format_html(_SUB, lost.place)
    look = markup.state(status.look("unreadable"))
    return format_html(_ROW, look, markup.truncated(lost.name), place, what, age, button)
