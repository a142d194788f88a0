"""Small pieces that stand in every row of a table, written without a template: one of its own costs ten times as much.

Each escapes what it is given (format_html), and ends in a line break, so that it stands apart from what follows.
What pages repeat is kept. Only by what it was given, and typed: a text that is equal to a piece of HTML is no HTML.
"""

from collections.abc import Iterable
from functools import lru_cache

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards import status, wording
from dashboards.icons import icon_svg
from dashboards.tables import FacetOption, PlainTable
from fleet.texts import shortened as shortened_text

_LONGEST_WHOLE = 18
_kept = lru_cache(maxsize=4096, typed=True)
"""As many pieces of a sort as a few pages of a large fleet have."""


@_kept
def state(look: status.Look, *, word: str = "", since: str = "", is_pill: bool = False) -> SafeString:
    """Icon and word of a state; since: how long, as HTML; word replaces the look's."""
    return format_html(
        '<span class="st {}{}{}">{}{}{}{}</span>\n',
        look.tone, " aws" if look.is_aws else "", " pill" if is_pill else "", icon_svg(look.icon), word or look.word,
        " " if since else "", since,
    )  # fmt: skip


@_kept
def kind(name: str) -> SafeString:
    """Coloured dot and words of a fleet.types.Kind."""
    return format_html(
        '<span class="kind"><span class="dot {}"></span>{}</span>\n',
        name,
        status.KIND_LABELS.get(name, name),
    )


@_kept
def truncated(text: str, tail: int = 6) -> SafeString:
    """A name that the browser cuts in its middle when it does not fit."""
    cut = max(len(text) - tail, 0) if len(text) > _LONGEST_WHOLE else len(text)
    return format_html(
        '<span class="truncate-middle" title="{}"><span class="head">{}</span><span class="tail">{}</span></span>\n',
        text, text[:cut], text[cut:],
    )  # fmt: skip


def shortened(text: str, longest: int) -> SafeString:
    """A sentence cut between words to `longest` characters; whole on hover."""
    cut = shortened_text(text, longest)
    return format_html('<span title="{}">{}</span>', text, cut) if cut != text else format_html("{}", text)


def facet_option(name: str, option: FacetOption) -> SafeString:
    """One check box of a facet; name is the query parameter."""
    return _facet_option(
        name, option.value, option.label, option.count, option.is_on, option.icon, option.tone, option.dot
    )


@_kept
def _facet_option(
    name: str, value: str, label: str, count: int, is_on: bool, icon: str, tone: str, dot: str
) -> SafeString:
    before = icon_svg(icon) if icon else ""
    after = format_html('<span class="dot {}"></span>', dot) if dot else ""
    return format_html(
        '<label class="check"><input type="checkbox" name="{}" value="{}"{}><span class="label{}">{}{}{}</span>'
        '<span class="count">{}</span></label>\n',
        name, value, SafeString(" checked") if is_on else "", f" tone-{tone}" if tone else "", before, after,
        # What people wrote as words wraps; a name from AWS is cut in its middle.
        label if icon or dot or " " in label else truncated(label), count,
    )  # fmt: skip


@_kept
def scope_option(name: str, value: str, label: str, *, is_on: bool, note: str = "") -> SafeString:
    """One check box of the scope picker."""
    return format_html(
        '<label class="check"><input type="checkbox" name="{}" value="{}"{}><span class="label">{}</span>{}</label>\n',
        name, value, SafeString(" checked") if is_on else "", label,
        format_html('<span class="count">{}</span>', note) if note else "",
    )  # fmt: skip


def joined(pieces: Iterable[SafeString]) -> SafeString:
    """Pieces one after the other."""
    # Each is HTML that has escaped what it was given.
    return mark_safe("".join(pieces))  # noqa: S308


def plain_rows(table: PlainTable) -> SafeString:
    """The body of a PlainTable; a dash says what it means."""
    flags = [' class="num"' if column.is_number else "" for column in table.columns]
    unknown = _unknown(table.why_unknown)
    rows = (
        "".join(
            [
                f"<td{flag}>{unknown if cell == wording.UNKNOWN else conditional_escape(cell)}</td>"
                for cell, flag in zip(row, flags, strict=True)
            ]
        )
        for row in table.rows
    )
    # The cells are escaped above, one by one.
    return mark_safe("".join([f"<tr>{cells}</tr>" for cells in rows]))  # noqa: S308


@lru_cache(maxsize=64)
def _unknown(why: str) -> SafeString:
    return format_html('<span class="muted" title="{}">—<span class="sr-only"> {}</span></span>', why, why)
