"""Small drawn things: icons, status, kinds, sparklines, sorted heads. All text is escaped by format_html."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards import access, markup, status, svg, tile_markup, truth
from dashboards.icons import icon_svg
from dashboards.tables import FacetOption, PlainTable, Sort
from dashboards.templatetags import units
from dashboards.tiles import Explain, Tile

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """{% icon "lock" %}, or {% icon "lock" "Irreversible" %} where it stands without a word."""
    return icon_svg(name, label)


@register.simple_tag(takes_context=True)
def state(context: Context, name: str, since: Any = None, pill: bool = False, word: str = "") -> SafeString:
    """{% state endpoint.status %} in tables, {% state "critical" pill=True since=incident.opened_at %} in titles."""
    elapsed = units.age(context, since) if since else ""
    return markup.state(status.look(name), word=word, since=elapsed, is_pill=pill)


@register.simple_tag
def kind(name: str) -> SafeString:
    """{% kind endpoint.kind %} → coloured dot and words."""
    return markup.kind(name)


@register.simple_tag(takes_context=True)
def explanation(
    context: Context, explain: Explain, label: str, state: truth.Truth | None = None
) -> SafeString:
    """{% explanation explain label truth %}; truth (dashboards.truth.Truth) where the figure itself may be absent."""
    return tile_markup.explanation(explain, label, context.get("now") or timezone.now(), state)


@register.simple_tag(takes_context=True)
def tile_items(context: Context, found: Iterable[Tile]) -> SafeString:
    """The <li> of tiles: {% tile_items tiles %}"""
    return tile_markup.tiles(found, context.get("now") or timezone.now())


@register.filter
def kind_label(name: str) -> str:
    """{{ endpoint.kind|kind_label }} → Real-time"""
    return status.KIND_LABELS.get(name, name)


@register.filter
def component_label(name: str) -> str:
    """{{ line.component|component_label }} → Kept warm"""
    return status.COMPONENT_LABELS.get(name, name)


@register.filter
def confidence_label(name: str) -> str:
    """{{ line.confidence|confidence_label }} → rate assumed"""
    return status.CONFIDENCE_LABELS.get(name, name)


@register.simple_tag
def truncated(text: Any, tail: int = 6) -> SafeString:
    """A name cut in the middle by the browser when it does not fit; whole in the DOM and on hover."""
    return markup.truncated(str(text), tail)


@register.filter
def shortened(text: Any, longest: int) -> SafeString:
    """{{ row.verdict_detail|shortened:90 }}: a sentence cut between words; whole on hover."""
    return markup.shortened(str(text), longest)


@register.simple_tag
def facet_options(name: str, options: Sequence[FacetOption]) -> SafeString:
    """Check boxes of a facet: {% facet_options facet.name facet.first %}"""
    return markup.joined(markup.facet_option(name, option) for option in options)


@register.simple_tag
def plain_rows(table: PlainTable) -> SafeString:
    """The <tr> of a table of texts: {% plain_rows table %}"""
    return markup.plain_rows(table)


@register.simple_tag
def sparkline(values: Sequence[float | None], label: str, size: str = "table") -> SafeString:
    """{% sparkline row.calls "Calls in 24 h" %}: 88 × 20 in tables, 72 × 24 with size="tile"; None is a gap."""
    width, height = (72, 24) if size == "tile" else (88, 20)
    return svg.sparkline(values, label, width, height)


@register.simple_tag
def meter(used: float | None, limit: float | None, label: str) -> SafeString:
    """A 40-px bar of used / limit, red when full; nothing when either is unknown."""
    return svg.meter(used, limit, label)


@register.simple_tag(takes_context=True)
def sort_head(
    context: Context, key: str, label: str, sort: Sort, number: bool = False, css: str = ""
) -> SafeString:
    """A <th> whose link sorts by `key`: {% sort_head "cost" "Cost MTD, $" filters.sort number=True %}

    Numbers start with the largest, texts with the first; a second click turns the order round.
    """
    query = context["request"].GET.copy()
    is_current = sort.key == key
    descending = (not sort.descending) if is_current else number
    query["sort"] = f"-{key}" if descending else key
    query.pop("page", None)
    arrow = icon_svg("chevron-down" if sort.descending else "chevron-up") if is_current else ""
    order = "descending" if sort.descending else "ascending"
    return format_html(
        '<th scope="col" class="{} {}"{}><a href="?{}" data-sort>{}{}</a></th>',
        "num" if number else "",
        css,
        format_html(' aria-sort="{}"', order) if is_current else "",
        query.urlencode(),
        label,
        arrow,
    )


@register.simple_tag
def chart_figure(text: str, name: str) -> SafeString:
    """{% chart_figure figure "cost-per-day" %}: a figure as JSON that comes with the page, where charts.js finds it.

    No <script>: htmx takes those out of the parts that it swaps in.
    """
    # Between tags a quotation mark may stand as it is.
    return format_html('<div id="{}-figure" hidden>{}</div>', name, mark_safe(escape(text, quote=False)))  # noqa: S308


@register.filter
def may(user: Any, role: str) -> bool:
    """{% if user|may:"operator" %}"""
    return access.may(user, role)


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, running: int = 0, right: str = "") -> dict[str, Any]:
    """Steps proven of all steps: {% progress 3 7 running=1 right="usually 8 – 12 minutes" %}"""
    return {"done": done, "total": total, "right": right, "bar": svg.progress(done, running, total)}
