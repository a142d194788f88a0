"""What happened since the last look, as rows written without a template, and as counts that link to their pages."""

from datetime import datetime

from django.template.defaultfilters import capfirst
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup, status, wording
from dashboards.icons import icon_svg
from dashboards.templatetags import units
from fleet.queries.overview_news import MOST, Item, News

_ROW = (
    '<tr><td class="muted nowrap">{}</td><td class="nowrap">{}</td><td class="name">{}{}</td>'
    '<td class="what">{}</td><td class="muted">{}</td></tr>\n'
)
_LINK = '<a href="{}">{}</a>'
_WORDS = {
    "operation": ("player-play", "Operation"),
    "change": ("history", "Change"),
    "created": ("plus", "New endpoint"),
    "closed": ("circle-dashed", "Deleted in AWS"),
    "incident": ("bell", "Incident"),
    "rise": ("arrow-up-right", "Cost rise"),
}
_NOUNS = {
    "operation": ("operation", "operations"),
    "change": ("change", "changes"),
    "existence": ("new or deleted endpoint", "new or deleted endpoints"),
    "incident": ("new incident", "new incidents"),
    "rise": ("cost rise", "cost rises"),
}
_PAGES = {"operation": "operations:page", "incident": "alerts:page", "rise": "costs:page"}


def rows(news: News, now: datetime) -> SafeString:
    """One row for each item, newest first; now: aware, what "yesterday" is told from."""
    return format_html_join(
        "",
        _ROW,
        (
            _row(item, _first_day(item) if item.what == "rise" else units.instant_of(item.at, now))
            for item in news.items
        ),
    )


def counts(news: News, query: str) -> SafeString:
    """ "3 operations, 12 changes": each with a page of its own links there; query: the scope in the URL."""
    parts = [_count(part, news.counts[part], query) for part in _NOUNS if news.counts.get(part)]
    return format_html_join(", ", "{}", ((part,) for part in parts))


def _count(part: str, count: int, query: str) -> SafeString | str:
    one, many = _NOUNS[part]
    words = f"{count:,}+ {many}" if count == MOST else wording.plural(count, one, many)
    page = _PAGES.get(part)
    if page is None:
        return words
    url = reverse(page)
    if part == "rise":
        query = "&".join(filter(None, [query, "range=7d&sort=-change"]))
    return format_html(_LINK, f"{url}?{query}" if query else url, words)


def _first_day(item: Item) -> str:
    """A rise is known by its first UTC day only."""
    return f"{item.at.day} {item.at:%b}"


def _row(item: Item, at: SafeString | str) -> tuple[object, ...]:
    icon, word = _WORDS[item.what]
    name: SafeString | str = "Fleet"
    if item.endpoint_id is not None:
        url = reverse("endpoints:detail", args=[item.endpoint_id])
        name = format_html('<a class="row-link" href="{}">{}</a>', url, markup.truncated(item.endpoint))
    kind = format_html('<span class="sub">{}</span>', markup.kind(item.kind)) if item.kind else ""
    mark = format_html("{} {}", icon_svg(icon), word)
    return at, mark, name, kind, _what(item), _by(item)


def _what(item: Item) -> SafeString | str:
    if item.what == "operation":
        url = reverse("operations:detail", args=[item.ref])
        state = markup.state(status.look(item.result))
        return format_html("{} {}", format_html(_LINK, url, item.text or f"op-{item.ref}"), state)
    if item.what == "incident":
        state = markup.state(status.look(item.result))
        url = reverse("alerts:detail", args=[item.ref])
        return format_html("{} {}", format_html(_LINK, url, capfirst(item.text)), state)
    if item.what == "rise":
        return f"{wording.usd_change(item.usd)} a day: {item.text or 'no change was found that explains it'}"
    return item.text


def _by(item: Item) -> str:
    if item.what == "operation":
        return item.by or "Flotilla"
    return "outside Flotilla" if item.what in ("change", "created", "closed") else ""
