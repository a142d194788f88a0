"""Inline SVG icons: an allow-list of Tabler outline icons, read from node_modules once per process."""

import re
from functools import cache, lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

ICONS = frozenset(
    """
    alert-octagon alert-triangle arrow-down-right arrow-right arrow-up-right arrows-diagonal bell bell-off bolt
    box-multiple bulb check chevron-down chevron-left chevron-right chevron-up circle circle-check circle-dashed clock
    cloud coin copy currency-dollar database device-floppy dots download eye-off filter gauge history inbox info-circle
    key layout-dashboard layout-sidebar-left-collapse layout-sidebar-left-expand lock logout mail menu-2 minus moon
    packages photo player-play player-stop plus puzzle refresh rotate sailboat search send server-2 settings
    snowflake stack-2 sun table tag trash user user-check user-off x external-link file-text adjustments world
    """.split()  # noqa: SIM905 -- sixty quoted names would hide what is on the list
)
"""Every icon a template may name; an unknown name is an error, not an empty space."""

_INNER = re.compile(r"<svg[^>]*>(?P<inner>.*)</svg>", re.DOTALL)
_INVISIBLE = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


@cache
def inner_svg(name: str) -> SafeString:
    """The shapes of one icon. Raises KeyError off the list and ImproperlyConfigured without node_modules."""
    if name not in ICONS:
        raise KeyError(f"icon {name!r} is not in dashboards.icons.ICONS")
    source = settings.NODE_MODULES / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
    try:
        match = _INNER.search(source.read_text())
    except OSError as error:
        raise ImproperlyConfigured(f"The icon file {source} is missing; run `npm ci`.") from error
    shapes = " ".join(_INVISIBLE.sub("", match["inner"]).split()) if match else ""
    # The file comes from the pinned npm package, never from a person or from AWS.
    return mark_safe(shapes)  # noqa: S308


@lru_cache(maxsize=512, typed=True)
def icon_svg(name: str, label: str = "") -> SafeString:
    """An inline icon; decorative (hidden from screen readers) unless it has a label."""
    if label:
        return format_html(
            '<svg class="icon icon-{}" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>',
            name, label, inner_svg(name),
        )  # fmt: skip
    return format_html(
        '<svg class="icon icon-{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', name, inner_svg(name)
    )
