"""Rows of the Cache page, written without a template: fifty of them with nine cells each, on every look."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup, wording
from dashboards.templatetags import units
from dashboards.templatetags.cache_words import verdict
from fleet.analysis.cache import Verdict
from fleet.analysis.cache_forecast.fit import Standing
from fleet.models import CacheJudgement
from fleet.queries.cache import CacheRow

_ROW = (
    '<tr><th scope="row" class="name card-wide"><a class="row-link" data-row href="{}">{}</a>'
    '<span class="sub">{} · {}{}</span></th><td class="num" data-label="Hit ratio">{}</td>'
    '<td class="num" data-label="Look-ups">{}</td><td class="num" data-label="Unloads / h">{}{}</td>'
    '<td class="num" data-label="Loaded">{}</td><td class="num" data-label="Wait, %">{}</td>'
    '<td class="num" data-label="Memory, %">{}{}</td><td data-label="Instances">{}</td><td>{}{}</td>'
    '<td class="num" data-label="Would gain">{}</td>'
    '<td class="words card-wide" data-label="What helps">{}</td></tr>\n'
)
_UNGAINED = "No forecast: the endpoint's Cache tab says what it would take"
_NO_HITS = "No ModelCacheHit sample in this window"
SHORT = {
    Standing.FITS: "All called models fit",
    Standing.NOT_CACHE_LIKE: "Calls come in an order caches do not like",
    Standing.NO_CALLS: "No call in 7 days",
    Standing.TOO_LITTLE: "Too few settled hours yet",
    Standing.NO_LOADED_COUNT: "LoadedModelCount was not reported",
    Standing.COUNT_TOO_SMALL: "Check the number of hosted models",
}
"""Why nothing is proposed, in a few words; the endpoint's Cache tab has the sentence."""
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
        _loads(row),
        units.amount(use.loaded_models, "LoadedModelCount was not reported", digits=0),
        units.percent(use.wait_share, "ModelLoadingWaitTime was not reported", unit=False),
        units.amount(row.memory_pct, "MemoryUtilization was not reported", digits=0),
        _disk(row),
        _instances(row),
        verdict(row.verdict),
        _since(row),
        _gain(row),
        _help(row),
    )


def _since(row: CacheRow) -> SafeString:
    since = row.judgement.since if row.judgement else None
    return (
        format_html('<span class="sub">since {}</span>', f"{since:%a %-d %b %H:%M}")
        if since
        else SafeString("")
    )


def _loads(row: CacheRow) -> SafeString:
    use = row.use
    if use.loads is None or not use.hours:
        return SafeString("")
    return format_html('<span class="sub">loads {}</span>', wording.amount(use.loads / use.hours, 1))


def _disk(row: CacheRow) -> SafeString:
    if row.disk_pct is None:
        return SafeString("")
    return format_html('<span class="sub">disk {}</span>', f"{row.disk_pct:.0f}")


def _gain(row: CacheRow) -> SafeString:
    """What the option named beside it would add to the hit ratio."""
    kept = row.judgement
    if kept is None or kept.gain is None:
        return units.amount(None, _UNGAINED)
    if not kept.gain_instance_type or kept.gain_low is None or kept.gain_high is None:
        return units.amount(kept.gain, _UNGAINED, digits=2)
    return format_html(
        '<span class="num" title="{}">+{}</span><span class="sub">{}</span>{}',
        f"{kept.gain:.4f}",
        f"{kept.gain:.2f}",
        f"{kept.gain_low:.2f} – {kept.gain_high:.2f}",
        _gainer(kept),
    )


def _help(row: CacheRow) -> SafeString | str:
    """What would help most, as it was judged last; why nothing is said."""
    kept = row.judgement
    if kept is None:
        return SafeString('<span class="muted">not judged yet</span>')
    if kept.best_way:
        return format_html(
            '{}<span class="sub">{}</span>',
            help_words(kept),
            f"{wording.usd_change(kept.best_change_usd)} a month",
        )
    if kept.standing == Standing.NO_HOSTED_COUNT:
        url = reverse("endpoints:hosted_models", args=[row.endpoint_id])
        return format_html('<a href="{}">Enter how many models it hosts</a>', url)
    if kept.standing == Standing.FORECAST:
        return "Nothing is needed" if row.verdict is not Verdict.THRASHING else "No single way surely ends it"
    return format_html('<span class="muted">{}</span>', SHORT.get(Standing(kept.standing), ""))


def _gainer(kept: CacheJudgement) -> SafeString:
    """The option that would gain what is shown, with its price, where it is not the one under What helps."""
    gains = (kept.gain_instance_type, kept.gain_instance_count, kept.gain_endpoints)
    if gains == (kept.best_instance_type, kept.best_instance_count, kept.best_endpoints):
        return SafeString("")
    setup = f"{kept.gain_instance_count} × {kept.gain_instance_type}"
    if (kept.gain_endpoints or 1) > 1:
        setup = f"{kept.gain_endpoints} endpoints of {setup}"
    change = f"{wording.usd_change(kept.gain_change_usd)} a month"
    return format_html('<span class="sub">{}</span><span class="sub">{}</span>', setup, change)


def help_words(kept: CacheJudgement) -> str:
    """ "2 × ml.r5.xlarge: hit ratio 0.93 – 1.00"."""
    setup = f"{kept.best_instance_count} × {kept.best_instance_type}"
    if (kept.best_endpoints or 1) > 1:
        setup = f"{kept.best_endpoints} endpoints of {setup}"
    if kept.best_low is None or kept.best_high is None:
        return setup
    return f"{setup}: hit ratio {kept.best_low:.2f} – {kept.best_high:.2f}"


def _instances(row: CacheRow) -> SafeString:
    if not row.instance_type:
        return _NOT_READ
    count = "?" if row.instance_count is None else row.instance_count
    return format_html("{} × <code>{}</code>", count, row.instance_type)
