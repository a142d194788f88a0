"""Rows of the Cold starts page, written without a template: fifty of them with nine cells each, on every look."""

from collections.abc import Iterable, Mapping

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup, wording
from dashboards.templatetags import units
from fleet.analysis.planner import phrases
from fleet.queries.cold_starts import ColdStartRow
from fleet.queries.planning import Step

_ROW = (
    '<tr><th scope="row" class="name card-wide"><a class="row-link" data-row href="{}">{}</a>'
    '<span class="sub">{} · {}{}</span></th><td class="num" data-label="Calls">{}</td>'
    '<td class="num" data-label="Cold starts">{}</td><td class="num" data-label="Share, %">{}</td>'
    '<td class="num" data-label="Lost, s">{}</td><td class="num" data-label="Set-up p50">{}</td>'
    '<td class="num" data-label="Set-up p99">{}</td><td class="num" data-label="Provisioned">{}</td>'
    '<td class="card-hide"><span class="caption">{}</span></td>'
    '<td data-label="Fewer" class="card-end"><a href="{}">{}<span class="sr-only">: planner of {}</span></a></td>'
    "</tr>\n"
)
_NO_BUCKET, _NO_SHARE, _NO_SAMPLE = "No bucket in this window", "Needs calls and a count", "No set-up sample"
_NONE = SafeString('<span class="muted">none</span>')


def rows(found: Iterable[ColdStartRow], query: str, steps: Mapping[int, Step]) -> SafeString:
    """The <tr> of serverless endpoints; query: the scope in the URL, which their links keep.

    steps: the first step of the planner's forecast by variant, for those that have one.
    """
    kept = f"?{query}" if query else ""
    return format_html_join("", _ROW, (_cells(row, kept, steps.get(row.variant_id)) for row in found))


def _cells(row: ColdStartRow, query: str, step: Step | None) -> tuple[object, ...]:
    kept = row.provisioned_concurrency
    return (
        reverse("endpoints:tab", args=[row.endpoint_id, "cold-starts"]) + query,
        markup.truncated(row.name),
        row.account,
        row.region,
        f" · {row.owner}" if row.owner else "",
        units.count(row.calls, _NO_BUCKET),
        units.count(row.cold, row.source),
        units.percent(row.share, _NO_SHARE, unit=False),
        units.amount(row.wasted_s, row.source, digits=0),
        units.millis(row.setup_p50_ms, _NO_SAMPLE),
        units.millis(row.setup_p99_ms, _NO_SAMPLE),
        format_html("{} of {}", kept, row.max_concurrency) if kept else _NONE,
        row.source,
        reverse("endpoints:planner", args=[row.endpoint_id]),
        _fewer(step),
        row.name,
    )


def _fewer(step: Step | None) -> str:
    """ "+$66.20 for 90 fewer": what the planner found, or the way to ask it."""
    if step is None:
        return "Planner"
    if step.usd is None or step.avoided is None:
        return "no clear gain"
    return f"{wording.usd_change(step.usd)} for {phrases.count(step.avoided)} fewer"
