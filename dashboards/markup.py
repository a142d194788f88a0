"""Small pieces that stand in every row of a table, written without a template: one of its own costs ten times as much.

Each escapes what it is given (format_html), and ends in a line break, so that it stands apart from what follows.
"""

from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import status, wording
from dashboards.icons import icon_svg
from dashboards.tables import FacetOption, PlainTable

_LONGEST_WHOLE = 18


def state(look: status.Look, *, word: str = "", since: str = "", is_pill: bool = False) -> SafeString:
    """Icon and word of a state; since: how long, as HTML; word replaces the look's."""
    return format_html(
        '<span class="st {}{}{}">{}{}{}{}</span>\n',
        look.tone, " aws" if look.is_aws else "", " pill" if is_pill else "", icon_svg(look.icon), word or look.word,
        " " if since else "", since,
    )  # fmt: skip


def kind(name: str) -> SafeString:
    """Coloured dot and words of a fleet.types.Kind."""
    return format_html(
        '<span class="kind"><span class="dot {}"></span>{}</span>\n',
        name,
        status.KIND_LABELS.get(name, name),
    )


def truncated(text: str, tail: int = 6) -> SafeString:
    """A name that the browser cuts in its middle when it does not fit."""
    cut = max(len(text) - tail, 0) if len(text) > _LONGEST_WHOLE else len(text)
    return format_html(
        '<span class="truncate-middle" title="{}"><span class="head">{}</span><span class="tail">{}</span></span>\n',
        text, text[:cut], text[cut:],
    )  # fmt: skip


def facet_option(name: str, option: FacetOption) -> SafeString:
    """One check box of a facet; name is the query parameter."""
    dot = format_html('<span class="dot {}"></span>', option.dot) if option.dot else ""
    mark = icon_svg(option.icon) if option.icon else ""
    return format_html(
        '<label class="check"><input type="checkbox" name="{}" value="{}"{}><span class="label{}">{}{}{}</span>'
        '<span class="count">{}</span></label>\n',
        name, option.value, SafeString(" checked") if option.is_on else "",
        f" tone-{option.tone}" if option.tone else "", mark, dot,
        option.label if mark or dot else truncated(option.label), option.count,
    )  # fmt: skip


def scope_option(name: str, value: str, label: str, *, is_on: bool, note: str = "") -> SafeString:
    """One check box of the scope picker."""
    return format_html(
        '<label class="check"><input type="checkbox" name="{}" value="{}"{}><span class="label">{}</span>{}</label>\n',
        name, value, SafeString(" checked") if is_on else "", label,
        format_html('<span class="count">{}</span>', note) if note else "",
    )  # fmt: skip


def plain_rows(table: PlainTable) -> SafeString:
    """The body of a PlainTable; a dash says what it means."""
    flags = [SafeString(' class="num"') if column.is_number else "" for column in table.columns]
    unknown = _unknown(table.why_unknown)
    rows = (
        (
            format_html_join(
                "",
                "<td{}>{}</td>",
                (
                    (flag, unknown if cell == wording.UNKNOWN else cell)
                    for cell, flag in zip(row, flags, strict=True)
                ),
            ),
        )
        for row in table.rows
    )
    return format_html_join("", "<tr>{}</tr>", rows)


@lru_cache(maxsize=64)
def _unknown(why: str) -> SafeString:
    return format_html('<span class="muted" title="{}">—<span class="sr-only"> {}</span></span>', why, why)
