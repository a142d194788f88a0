"""Tiles and explanations as HTML, written without a template: a page has up to a dozen, each of thirty pieces.

Both escape what they are given. Explanations open without JavaScript, by keyboard and by touch.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils.safestring import SafeString

from dashboards import markup, truth
from dashboards.escaping import filled
from dashboards.icons import icon_svg
from dashboards.svg import sparkline
from dashboards.templatetags import units
from dashboards.tiles import Explain, Tile
from dashboards.truth import LOOKS, Truth

_EXPLAIN = (
    '<details class="explain" data-menu data-truth="{}"><summary aria-label="{}: {}. How it is worked out">{}'
    '</summary><div class="explain-panel"><p class="truth{}">{}{}</p><p>{}</p>{}<dl>{}</dl>{}</div></details>\n'
)
_FORMULA = '<p class="formula">{}</p>'
_INPUT = "<dt>{}</dt><dd>{}</dd>"
_CALL = '<dt>Read by</dt><dd><code class="wrap">{}</code></dd>'
_UNTIL = "<dt>Data until</dt><dd>{} UTC, {}</dd>"
_LINES = (
    '<p><a href="{}" hx-get="{}" hx-target="#cost-explain" hx-swap="outerHTML" hx-push-url="false">'
    "Its lines and their sum</a></p>"
)
_TILE = (
    '<li class="tile" data-truth="{}"><div class="tile-label">{}{}</div><div class="tile-figure">'
    '<div class="tile-number"{}>{}</div>{}</div><div class="tile-note{}">{}{}</div></li>\n'
)
_UNKNOWN = '<span class="muted" title="{}">—<span class="sr-only"> {}</span></span>'
_ARROWS = {"up": ("arrow-up-right", "Up"), "down": ("arrow-down-right", "Down")}


def explanation(explain: Explain, label: str, now: datetime, state: Truth | None = None) -> SafeString:
    """Where the figure called `label` comes from. state: of a figure that may itself be absent."""
    found = state or truth.of(explain, has_figure=True)
    look = LOOKS[found]
    inputs = [filled(_INPUT, name, value) for name, value in explain.inputs]
    for name, value in (("Window", explain.window), ("Source", explain.source)):
        if value:
            inputs.append(filled(_INPUT, name, value))
    if explain.call:
        inputs.append(filled(_CALL, explain.call))
    if explain.as_of:
        inputs.append(filled(_UNTIL, units.instant_of(explain.as_of, now), units.ago_of(explain.as_of, now)))
    return filled(
        _EXPLAIN,
        found.value, label, look.word, icon_svg("clock" if found is Truth.STALE else "info-circle"),
        f" tone-{look.tone}" if look.tone else "", icon_svg(look.icon), look.word,
        explain.text,
        filled(_FORMULA, explain.formula) if explain.formula else "",
        markup.joined(inputs),
        filled(_LINES, explain.lines_url, explain.lines_url) if explain.lines_url else "",
    )  # fmt: skip


def tiles(found: Iterable[Tile], now: datetime) -> SafeString:
    """Tiles one after the other."""
    return markup.joined([_tile(tile, now) for tile in found])


def _tile(tile: Tile, now: datetime) -> SafeString:
    state = truth.of(tile.explain, has_figure=tile.number is not None, is_published=tile.is_published)
    arrow = _ARROWS.get(tile.direction)
    return filled(
        _TILE,
        state.value,
        tile.label, explanation(tile.explain, tile.label, now, state) if tile.explain else "",
        filled(' title="{}"', tile.title) if tile.title else "",
        _number(tile),
        sparkline(tile.spark, tile.spark_label, 72, 24) if tile.spark else "",
        f" tone-{tile.tone}" if tile.tone else "",
        filled("{} ", icon_svg(*arrow)) if arrow else "",
        _note(tile, now),
    )  # fmt: skip


def _number(tile: Tile) -> SafeString:
    if tile.number is None:
        return filled(_UNKNOWN, tile.reason, tile.reason)
    linked = '<a class="plain-link" href="{}">{}</a>'
    number = filled(linked, tile.url, tile.number) if tile.url else filled("{}", tile.number)
    return filled('{}<span class="tile-unit">{}</span>', number, tile.unit) if tile.unit else number


def _note(tile: Tile, now: datetime) -> SafeString | str:
    """Why there is no figure, that it is old, else what it is compared with."""
    if tile.number is None:
        return tile.note or tile.reason
    if tile.explain and tile.explain.is_stale:
        old = '<span class="tone-attention">old, until {} UTC</span>'
        return filled(old, units.instant_of(tile.explain.as_of, now))
    return tile.note
