"""Rows of the Cache page, written without a template: fifty of them with nine cells each, on every look."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup
from dashboards.templatetags import units
from dashboards.templatetags.cache_words import verdict
from fleet.queries.cache import CacheRow

_ROW = (
    '<tr><th scope="row" class="name card-wide"><a class="row-link" data-row href="{}">{}</a>'
    '<span class="sub">{} · {}{}</span></th><td class="num" data-label="Hit ratio">{}</td>'
    '<td class="num" data-label="Look-ups">{}</td><td class="num" data-label="Unloads / h">{}</td>'
    '<td class="num" data-label="Loaded">{}</td><td class="num" data-label="Wait, %">{}</td>'
    '<td class="num" data-label="Memory, %">{}</td><td data-label="Instances">{}</td><td>{}</td></tr>\n'
)
_NO_HITS = "No ModelCacheHit sample in this window"
_NOT_READ = SafeString('<span class="muted">not read</span>')


def rows(found: Iterable[CacheRow], query: str) -> SafeString:
    """The <tr> of multi-model endpoints; query: the scope in the URL, which their links keep."""
    return format_html_join("", _ROW, (_cells(row, f"?{query}" if query else "") for row in found))


def _cells(row: CacheRow, query: str) -> tuple[object, ...]:
    use = row.use
    return (
        reverse("endpoints:tab", args=[row.endpoint_id, "cache"]) + query,
        markup.truncated(row.name),
        row.account,
        row.region,
        f" · {row.owner}" if row.owner else "",
        units.amount(use.hit_ratio, _NO_HITS),
        units.count(use.look_ups, _NO_HITS),
        units.amount(use.unloads_per_hour, "Nothing reported in this window", digits=1),
        units.amount(use.loaded_models, "LoadedModelCount was not reported", digits=0),
        units.percent(use.wait_share, "ModelLoadingWaitTime was not reported", unit=False),
        units.amount(row.memory_pct, "MemoryUtilization was not reported", digits=0),
        _instances(row),
        verdict(row.verdict),
    )


def _instances(row: CacheRow) -> SafeString:
    if not row.instance_type:
        return _NOT_READ
    count = "?" if row.instance_count is None else row.instance_count
    return format_html("{} × <code>{}</code>", count, row.instance_type)
