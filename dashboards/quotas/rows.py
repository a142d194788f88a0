"""Rows of the Quotas page, written without a template: fifty of them with their holders, on every look."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup, status, svg, wording
from dashboards.quotas.tables import Row
from dashboards.templatetags import units

_ROW = (
    '<tr id="quota-{}-{}"><td>{}</td><th scope="row" class="name card-wide">{}{}</th>'
    '<td class="nowrap card-wide" title="{}">{} <span class="muted">{}</span></td>'
    '<td class="num" data-label="In use">{}</td><td class="num" data-label="Limit">{}</td>'
    '<td class="num" data-label="Used, %">{}</td><td class="num{}" data-label="Room">{}</td>{}'
    '<td class="card-wide words quota-holders">{}</td></tr>\n'
)
_HOW = (
    '<details class="parts" id="how-{}-{}"><summary class="caption">How it is counted<span class="sr-only">: {}, {} {}'
    '</span></summary><dl class="quota-facts">{}</dl></details>'
)
_PENDING = '<span class="sub">{} on the way</span>'
_CLAIM = (
    '<span class="sub{}" title="If every scalable target reached its maximum capacity">could claim {}</span>'
)
_NO_LIMIT = '<span class="muted" title="{}">—</span><span class="sub">{}</span>'
_MORE = '<td class="num{}" data-label="With {} more">{}</td>'
_HOLDER = '<div><a class="row-link"{} href="{}">{}</a> <span class="caption">{}{}</span></div>'
_IDLE = ", <span{}>{} unused in 7 d</span>"
_OTHERS = '<div><a class="caption" href="{}">{}<span class="sr-only"> of {} {}, {}</span></a></div>'
_NOBODY = SafeString('<span class="muted">nobody</span>')
_UNKNOWN = "The limit is unknown"


def rows(found: Iterable[Row], more: int) -> SafeString:
    """The <tr> of quotas; more: what somebody thinks of adding to each, 0 for nothing."""
    return format_html_join("", _ROW, (_cells(row, more) for row in found))


def _cells(row: Row, more: int) -> tuple[object, ...]:
    line = row.line
    is_over = line.room is not None and line.room < 0
    facts = format_html_join("", "<dt>{}</dt><dd>{}</dd>", row.facts)
    return (
        line.shard_id,
        line.subject,
        markup.state(status.look(row.state), word=row.word),
        row.label,
        format_html(_HOW, line.shard_id, line.subject, row.label, line.alias, line.region, facts),
        line.account_id,
        line.alias,
        line.region,
        _in_use(row),
        _limit(row),
        _used(row),
        " tone-failed" if is_over else "",
        _room(row, is_over=is_over),
        format_html(_MORE, f" tone-{row.after_tone}" if row.after_tone else "", more, row.after)
        if more
        else "",
        _holders(row),
    )


def _in_use(row: Row) -> SafeString:
    line = row.line
    pending = format_html(_PENDING, units.count(line.pending)) if line.pending else ""
    claim: SafeString | str = ""
    if line.claim is not None and line.claim > line.held:
        claim = format_html(_CLAIM, " tone-attention" if row.overreach else "", units.count(line.claim))
    return format_html("{}{}{}", units.count(line.held), pending, claim)


def _limit(row: Row) -> SafeString:
    line = row.line
    if line.limit is None:
        return format_html(_NO_LIMIT, row.why_unknown, row.why_unknown)
    if line.reported is not None and not line.error:
        return units.count(line.limit)
    not_yours = ", not yours" if line.error and line.reported is None else ""
    return format_html('{}<span class="sub">{}{}</span>', units.count(line.limit), row.source, not_yours)


def _used(row: Row) -> SafeString:
    line = row.line
    share = units.percent(line.share, _UNKNOWN, unit=False)
    return (
        share if line.share is None else format_html("{} {}", svg.meter(line.held, line.limit, "Used"), share)
    )


def _room(row: Row, *, is_over: bool) -> SafeString:
    if is_over:
        return format_html('0<span class="sub tone-failed">{} over</span>', units.count(row.over_by))
    return units.count(row.line.room, _UNKNOWN)


def _holders(row: Row) -> SafeString:
    """The largest endpoints behind the line, and the way to the others."""
    tone = SafeString(' class="tone-attention"') if row.state != "ok" else ""
    named = format_html_join(
        "",
        _HOLDER,
        (
            (
                SafeString(" data-row") if place == 0 else "",
                reverse("endpoints:detail", args=[holder.user.endpoint_id]),
                markup.truncated(holder.user.name),
                holder.words,
                format_html(_IDLE, tone, units.count(holder.idle)) if holder.idle else "",
            )
            for place, holder in enumerate(row.holders)
        ),
    )
    if not row.others:
        return named or _NOBODY
    words = f"{row.others} more" if row.holders else wording.plural(row.others, "endpoint")
    return named + format_html(_OTHERS, row.all_url, words, row.line.alias, row.line.region, row.label)
