"""Rows of the endpoints table, written without a template: fifty of them with twelve cells each, on every look."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards import markup, status, svg
from dashboards.endpoints import tables
from dashboards.endpoints.tables import Cell, Line
from dashboards.icons import icon_svg
from dashboards.templatetags import units
from fleet.queries.endpoint_rows import Row

_ROW = (
    '<tr><td{}>{}</td><td class="name"><a class="row-link" data-row href="{}">{}</a></td>'
    '<td class="card-end">{}</td>{}<td class="spark-cell">{}</td>{}{}{}{}{}{}{}</tr>\n'
)
_PLACE = '<td class="nowrap place" title="{} {}">{} <span class="muted">{}</span></td>'
_kept = lru_cache(maxsize=2048, typed=True)
"""Typed: a text that is equal to a piece of HTML is no HTML."""


def rows(found: Iterable[Row], now: datetime) -> SafeString:
    """The <tr> of the rows; now: aware, what a time counts up to."""
    return markup.joined(
        _row(row, units.age_of(since, now) if (since := tables.changing_since(row)) else "") for row in found
    )


@lru_cache(maxsize=512, typed=True)
def _row(row: Row, since: SafeString | str) -> SafeString:
    """Most rows of a look were drawn for an earlier one. Some 5 kB each, with what they were drawn from."""
    line = tables.line(row)
    return format_html(
        _ROW,
        format_html(' title="{}"', row.incident) if row.incident else "",
        markup.state(status.look(tables.state(row)), since=since),
        reverse("endpoints:detail", args=[row.pk]),
        markup.truncated(row.name),
        markup.kind(row.kind),
        _place(row.account, row.region),
        svg.sparkline(row.spark, "Calls", 88, 20) if row.spark else _no_spark(line.no_spark or "no data"),
        _figure(line.p99, "p99"),
        _figure(line.cold, "Cold %"),
        _figure(line.hit, "Hit %"),
        _figure(line.errors, "5xx %"),
        _figure(line.cost, "Cost MTD, $"),
        _capacity(line),
        _owner(row.owner),
    )


@_kept
def _place(account: str, region: str) -> SafeString:
    return format_html(_PLACE, account, region, account, region)


@_kept
def _no_spark(why: str) -> SafeString:
    return format_html('<span class="muted">{}</span>', why)


@_kept
def _owner(owner: str) -> SafeString:
    if owner:
        return format_html('<td class="owner" data-label="Owner" title="{}">{}</td>', owner, owner)
    return format_html(
        '<td class="owner" data-label="Owner"><span class="tone-attention">{} none</span></td>',
        icon_svg("user-off"),
    )


def _capacity(line: Line) -> SafeString:
    """Concurrency in use as a bar, and the capacity in words."""
    row = line.row
    if row.concurrency_used is None:
        return _figure(line.capacity, "Capacity")
    bar = svg.meter(row.concurrency_used, row.max_concurrency, "Concurrency in use")
    return _figure(line.capacity, "Capacity", format_html("{} ", bar))


def _figure(cell: Cell, label: str, mark: SafeString | str = "") -> SafeString:
    """A figure with its reason or exact value; label is read where the head is hidden."""
    look = (
        (" muted" if cell.is_word else "")
        + (" card-hide" if cell.is_for_other_kinds else "")
        + (f" tone-{cell.tone}" if cell.tone else "")
    )
    return _drawn(look, label, cell.title, mark, cell.text)


@_kept
def _drawn(look: str, label: str, title: str, mark: SafeString | str, text: str) -> SafeString:
    return format_html(
        '<td class="num{}" data-label="{}" title="{}">{}{}</td>', look, label, title, mark, text
    )
