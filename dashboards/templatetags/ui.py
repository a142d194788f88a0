"""Small drawn things: icons, status, kinds, sparklines, sorted heads. All text is escaped by format_html."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards import access, status, svg, truth
from dashboards.icons import icon_svg
from dashboards.tables import Sort
from dashboards.tiles import Explain, Tile

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """{% icon "lock" %}, or {% icon "lock" "Irreversible" %} where it stands without a word."""
    return icon_svg(name, label)


@register.inclusion_tag("components/status.html")
def state(name: str, since: Any = None, pill: bool = False, word: str = "") -> dict[str, Any]:
    """{% state endpoint.status %} in tables, {% state "critical" pill=True since=incident.opened_at %} in titles."""
    return {"look": status.look(name), "since": since, "is_pill": pill, "word": word}


@register.inclusion_tag("components/kind.html")
def kind(name: str) -> dict[str, Any]:
    """{% kind endpoint.kind %} → coloured dot and words."""
    return {"name": name, "label": status.KIND_LABELS.get(name, name)}


@register.simple_tag(takes_context=True)
def truth_label(context: Context, explain: Explain) -> dict[str, str]:
    """{% truth_label explain as state %}: key, word, icon, tone and mark of the figure's state.

    `truth` in the context (dashboards.truth.Truth) wins where the figure itself may be absent.
    """
    found = context.get("truth") or truth.of(explain, has_figure=True)
    look = truth.LOOKS[found]
    mark = "clock" if found is truth.Truth.STALE else "info-circle"
    return {"key": found.value, "word": look.word, "icon": look.icon, "tone": look.tone, "mark": mark}


@register.filter(name="truth")
def tile_truth(tile: Tile) -> truth.Truth:
    """{{ tile|truth }}: the state of a tile's figure, also where it has none."""
    return truth.of(tile.explain, has_figure=tile.number is not None, is_published=tile.is_published)


@register.filter
def kind_label(name: str) -> str:
    """{{ endpoint.kind|kind_label }} → Real-time"""
    return status.KIND_LABELS.get(name, name)


@register.filter
def component_label(name: str) -> str:
    """{{ line.component|component_label }} → Kept warm"""
    return status.COMPONENT_LABELS.get(name, name)


@register.inclusion_tag("components/truncated.html")
def truncated(text: str, tail: int = 6) -> dict[str, Any]:
    """A name cut in the middle by the browser when it does not fit; whole in the DOM and on hover."""
    text = str(text)
    cut = max(len(text) - tail, 0) if len(text) > 18 else len(text)
    return {"text": text, "head": text[:cut], "tail": text[cut:]}


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


@register.filter
def may(user: Any, role: str) -> bool:
    """{% if user|may:"operator" %}"""
    return access.may(user, role)


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, running: int = 0, right: str = "") -> dict[str, Any]:
    """Steps proven of all steps: {% progress 3 7 running=1 right="usually 8 – 12 minutes" %}"""
    return {"done": done, "total": total, "right": right, "bar": svg.progress(done, running, total)}
