"""Rows of the Advisor's list, written without a template: fifty of them with eight cells each, on every look."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup, status
from dashboards.advisor import words
from dashboards.templatetags import units
from fleet.models import Advice

NO_SAVING = "No saving is claimed: it is about risk or care"
_ROW = (
    '<tr><td class="pick">{}</td><th scope="row" class="name card-wide"><a class="row-link" data-row href="{}">{}</a>'
    '<span class="sub">{}</span></th>'
    '<td class="card-wide" data-label="Endpoint">{}<span class="sub">{} · {}</span></td>'
    '{}<td data-label="Risk">{}</td><td data-label="Effort">{}</td><td data-label="State">{}</td></tr>\n'
)
_SAVES = (
    '<td class="num" data-label="Saves for sure, $ a month">{}</td>'
    '<td class="num" data-label="Saves up to, $ a month">{}</td>'
)
_COSTS = '<td class="num" colspan="2" data-label="$ a month">{}</td>'
_PICK = '<input class="form-check-input" type="checkbox" form="bulk" name="advice" value="{}" aria-label="Choose: {}">'


def rows(found: Iterable[Advice], query: str, *, may_choose: bool) -> SafeString:
    """The <tr> of advice; query: the scope in the URL, which their links keep."""
    labels = words.rule_labels()
    kept = f"?{query}" if query else ""
    return format_html_join("", _ROW, (_cells(each, labels, kept, may_choose=may_choose) for each in found))


def _cells(row: Advice, labels: dict[str, str], query: str, *, may_choose: bool) -> tuple[object, ...]:
    endpoint = row.endpoint
    return (
        format_html(_PICK, row.pk, row.title) if may_choose else "",
        reverse("advisor:detail", args=[row.pk]) + query,
        row.title,
        labels.get(row.rule, row.rule),
        markup.truncated(endpoint.name),
        status.KIND_LABELS.get(endpoint.kind, endpoint.kind),
        f"{endpoint.shard.account.alias} {endpoint.shard.region}",
        money(row),
        risk(row),
        words.EFFORTS.get(row.effort, ""),
        state(row),
    )


def money(row: Advice) -> SafeString:
    """The cells of what it saves; what costs more, or may, says so in words instead of a negative saving."""
    if row.saving_low is not None and row.saving_low < 0:
        return format_html(_COSTS, words.saving_range(row.saving_low, row.saving_high))
    low, high = (units.amount(each, NO_SAVING) for each in (row.saving_low, row.saving_high))
    return format_html(_SAVES, low, high)


def risk(row: Advice) -> SafeString:
    """ "Low", "High, no way back"."""
    word = words.RISKS.get(row.risk, "")
    return format_html("{}{}", word, ", no way back" if row.is_irreversible else "")


def state(row: Advice) -> SafeString:
    """Who has it, or until when it is put aside."""
    if row.state == Advice.State.ASSIGNED:
        return format_html("{}", row.assigned_to.get_username() if row.assigned_to else "nobody")
    if row.state == Advice.State.DISMISSED:
        until = f" until {row.dismissed_until:%-d %b %Y}" if row.dismissed_until else ""
        return format_html('<span class="muted">Dismissed{}</span>', until)
    if row.state == Advice.State.DONE:
        return format_html('<span class="tone-ok">{}</span>', "Done")
    return format_html('<span class="muted">{}</span>', "Open")
