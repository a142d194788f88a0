"""Rows of "where it goes", written without a template: fifty of them with nine cells each, on every look."""

from collections.abc import Iterable

from django.utils.safestring import SafeString, mark_safe

from dashboards import markup
from dashboards.costs.groups import CostRow, Moved
from dashboards.costs.rows import LineRow
from dashboards.escaping import filled
from dashboards.icons import icon_svg
from dashboards.templatetags import units
from fleet.queries.cost_scope import OF_LINES, GroupBy

_ROW = (
    '<tr{}><th scope="row" class="name card-wide"><span class="cost-name">'
    '<a class="cost-toggle" id="open-{}" href="?{}" hx-get="?{}" aria-expanded="{}" '
    'aria-label="{} the formula lines of {}">{}</a>{}<span class="cost-label">{}{}</span></span></th>{}{}'
    '<td class="num card-end">{}</td><td class="num" data-label="Share, %">{}</td>'
    '<td class="num change-cell" data-label="Change">{}</td>{}</tr>\n'
)
_LINK = '<a class="row-link" data-row href="{}">{}</a>'
_USE = (
    '<td class="num" data-label="Per 1,000 calls">{}</td><td class="num" data-label="Per compute s">{}</td>'
    '<td class="num" data-label="Idle or spare, %"{}>{}</td>'
)
_LINE = (
    '<tr class="cost-line{}"><td class="line-label card-wide"><span class="kind"><span class="dot {}"></span>{}</span>'
    '</td><td class="line-formula card-wide"{}><span class="formula" title="{}">{}</span> '
    '<span class="muted" title="{}">{}</span> <span class="{}">{}</span>{}</td><td class="num card-end">{}</td>'
    '<td class="card-hide" colspan="{}"></td></tr>\n'
)
_SUB = '<span class="sub">{}</span>'
_DASH = SafeString('<span class="muted">—<span class="sr-only"> No call was reported</span></span>')
_NO_CALLS = SafeString('<span class="muted">no calls</span>')
_OPENED = SafeString(' class="opened"')
_WIDE = SafeString(' colspan="2"')


def body(found: Iterable[CostRow], by: GroupBy) -> SafeString:
    """The <tr> of the groups, each followed by those of its formula lines when it is open."""
    rows = []
    for n, row in enumerate(found, start=1):
        rows.append(_row(row, by, n))
        last = len(row.lines)
        rows += [_line(line, by, is_last=place == last) for place, line in enumerate(row.lines, start=1)]
    # Each row escapes what it is made of.
    return mark_safe("".join(rows))  # noqa: S308


def _row(row: CostRow, by: GroupBy, number: int) -> SafeString:
    has_dot = by in {GroupBy.COMPONENT, GroupBy.KIND}
    return filled(
        _ROW,
        _OPENED if row.is_open else "",
        number, row.toggle, row.toggle, "true" if row.is_open else "false", "Close" if row.is_open else "Open",
        row.label, icon_svg("chevron-right"),
        filled('<span class="dot {}"></span>', row.key) if has_dot else "",
        _label(row),
        filled(_SUB, row.sub) if row.sub else "",
        _what(row, by),
        "" if by is GroupBy.COMPONENT else filled('<td class="bar-cell">{}</td>', row.bar),
        _usd(row),
        units.percent(row.share, unit=False, reason=row.reason),
        _change(row),
        "" if by in OF_LINES else _use(row),
    )  # fmt: skip


def _label(row: CostRow) -> SafeString | str:
    if row.endpoint:
        return filled(_LINK, row.url, markup.truncated(row.label))
    return filled(_LINK, row.url, row.label) if row.url else row.label


def _what(row: CostRow, by: GroupBy) -> SafeString:
    """The kind of an endpoint; of another group how many endpoints are in it."""
    if by is GroupBy.ENDPOINT:
        return filled("<td>{}</td>", markup.kind(row.endpoint.kind if row.endpoint else ""))
    return filled('<td class="num" data-label="Endpoints">{}</td>', units.count(row.found.endpoints))


def _usd(row: CostRow) -> SafeString:
    """Cents, with every digit as title; why there is no amount in one word."""
    if row.amount is not None:
        return filled('<span title="{}">{}</span>', f"{row.found.amount:f}", units.amount(row.amount))
    word = "unpriced" if row.found.unpriced else "no data" if row.found.lines else "gone"
    return filled('<span class="muted" title="{}">{}</span>', row.reason, word)


def _change(row: CostRow) -> SafeString:
    change = row.change
    if change.moved is Moved.UNKNOWN:
        dash = '<span class="muted" title="{}">—<span class="sr-only"> {}</span></span>'
        return filled(dash, change.why, change.why)
    compared, before = (
        "no amount" if usd is None else f"{usd:f}" for usd in (row.found.compared, row.found.before)
    )
    return filled(
        '<span title="{} against {}">{}</span> <span class="{}">{}</span>',
        compared, before, change.words, change.tone, change.percent,
    )  # fmt: skip


def _use(row: CostRow) -> SafeString:
    """Per 1,000 calls, per second of compute, and what was paid for in vain."""
    per_1000 = row.usd_per_1000
    none: SafeString = _NO_CALLS if row.use.calls == 0 else _DASH
    unused, parts = row.unused, ("", "")
    if unused is not None:
        parts = (_or_unknown(row.use.idle_usd), _or_unknown(row.use.spare_usd))
    return filled(
        _USE,
        none if per_1000 is None else units.amount(per_1000, digits=4),
        units.amount(row.usd_per_compute_s, digits=6, reason="No model latency was reported"),
        "" if unused is None else filled(' title="idle {}, spare {}"', *parts),
        units.percent(unused, unit=False, reason="Cannot tell"),
    )


def _or_unknown(usd: object) -> str:
    return "cannot tell" if usd is None else f"{usd:f}"


def _line(line: LineRow, by: GroupBy, *, is_last: bool) -> SafeString:
    """A formula line under its open group."""
    if line.amount is None:
        amount = filled('<span class="muted">{}</span>', line.confidence)
    else:
        amount = filled('<span title="{}">{}</span>', f"{line.exact:f}", units.amount(line.amount))
    return filled(
        _LINE,
        " last" if is_last else "",
        "unpriced" if line.amount is None else line.component,
        line.label,
        "" if by is GroupBy.COMPONENT else _WIDE,
        line.formula_exact, line.formula, line.source_full, line.source or "no price source",
        "tone-attention" if line.is_doubtful else "muted", line.confidence,
        filled(_SUB, line.notes) if line.notes else "",
        amount,
        2 if by in OF_LINES else 5,
    )  # fmt: skip
