"""Rows of "Best actions", written without a template."""

from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup, wording
from dashboards.advisor import words
from dashboards.scaling.findings import form_url
from fleet.models import Advice
from fleet.queries.best_actions import BestActions

_ROW = (
    '<tr><td class="what card-wide"><a class="row-link" href="{}">{}</a><span class="sub">{}</span>'
    '<span class="sub">{}</span></td><td class="num" data-label="A month">{}</td>'
    '<td class="action"><a class="btn btn-sm" href="{}">Review<span class="sr-only"> {}</span></a></td></tr>\n'
)
_LONGEST = 70


def rows(found: BestActions, *, may_operate: bool) -> SafeString:
    """One row for each action; its button leads to the form that carries it out, for who may plan one."""
    return format_html_join("", _ROW, (_row(each, may_operate=may_operate) for each in found.actions))


def together(found: BestActions) -> str:
    """ "$690 – $812", "up to $312", "" where no action has a figure: USD a month of those shown."""
    return words.together(found.low, found.high) if found.saving else ""


def told(found: BestActions) -> str:
    """ "Three actions": those that claim a saving."""
    return f"{wording.spoken(found.saving)} {'action' if found.saving == 1 else 'actions'}"


def advisor_url(query: str) -> str:
    """The Advisor page, "" while there is none."""
    try:
        url = reverse("advisor:page")
    except NoReverseMatch:
        return ""
    return f"{url}?{query}" if query else url


def _row(advice: Advice, *, may_operate: bool) -> tuple[object, ...]:
    endpoint = advice.endpoint
    page = reverse("endpoints:detail", args=[endpoint.pk])
    form = form_url(endpoint.pk, advice.operation_kind, advice.operation_fields) if may_operate else ""
    name = format_html("{} {}", markup.truncated(endpoint.name), markup.kind(endpoint.kind))
    return (
        page,
        advice.title,
        name,
        markup.shortened(advice.why, _LONGEST),
        words.saving_range(advice.saving_low, advice.saving_high),
        form or advisor_url("") or page,
        f"{advice.title}, {endpoint.name}",
    )
