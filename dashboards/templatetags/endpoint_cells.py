"""Cells of the endpoints table."""

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards import svg
from dashboards.endpoints.tables import Cell, Line

register = template.Library()


@register.simple_tag
def figure(cell: Cell, label: str) -> SafeString:
    """A figure with its reason or exact value: {% figure line.p99 "p99" %}; label is read where the head is hidden."""
    return _figure(cell, label)


@register.simple_tag
def capacity(line: Line) -> SafeString:
    """Concurrency in use as a bar, and the capacity in words: {% capacity line %}"""
    row = line.row
    if row.concurrency_used is None:
        return _figure(line.capacity, "Capacity")
    bar = svg.meter(row.concurrency_used, row.max_concurrency, "Concurrency in use")
    return _figure(line.capacity, "Capacity", format_html("{} ", bar))


def _figure(cell: Cell, label: str, mark: SafeString | str = "") -> SafeString:
    look = (
        (" muted" if cell.is_word else "")
        + (" card-hide" if cell.is_for_other_kinds else "")
        + (f" tone-{cell.tone}" if cell.tone else "")
    )
    return _drawn(look, label, cell.title, mark, cell.text)


@lru_cache(maxsize=8192, typed=True)
def _drawn(look: str, label: str, title: str, mark: SafeString | str, text: str) -> SafeString:
    """Kept, and typed: a text that is equal to a piece of HTML is no HTML."""
    return format_html(
        '<td class="num{}" data-label="{}" title="{}">{}{}</td>', look, label, title, mark, text
    )
