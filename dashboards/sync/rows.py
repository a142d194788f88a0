"""Rows of the Sync page, written without a template: fifty of them with ten cells each, on every look."""

from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dashboards import markup, status, wording
from dashboards.icons import icon_svg
from dashboards.sync.tables import Row
from dashboards.templatetags import units

_ROW = (
    '<tr id="shard-{}"><th scope="row" class="name card-wide"><a href="{}">{} · {}</a><span class="sub">{}</span></th>'
    '<td>{}{}</td><td class="card-wide">{}</td><td class="num" data-label="Endpoints read">{}</td>'
    '<td class="num" data-label="Metrics read">{}</td><td class="num" data-label="Next">{}</td>'
    '<td class="num" data-label="Took">{}</td><td class="num" data-label="Calls today">{}{}</td>'
    '<td class="num" data-label="CloudWatch, $" title="{} metrics requested">{}</td><td class="action">{}</td></tr>\n'
)
_SUB = '<span class="sub">{}</span>'
_LOCKED = (
    '<button class="btn btn-sm" type="button" disabled title="Needs the role operator">{}Sync now'
    '<span class="sr-only"> {} {}: needs the role operator</span></button>'
)
_FORM = (
    '<form method="post" action="{}" data-once><input type="hidden" name="csrfmiddlewaretoken" value="{}">{}'
    '<button class="btn btn-sm" type="submit"{}>{}{}<span class="sr-only"> {} {}</span></button></form>'
)
_ON_DETAIL = SafeString('<input type="hidden" name="detail" value="1">')
_NOTHING_YET = SafeString('<span class="muted">nothing yet</span>')
_BAD_NAMED = 2


def region(row: Row, now: datetime, *, may_retry: bool, token: str) -> SafeString:
    """The <tr> of one account region; now: aware, what ages count up to; token: against forged requests."""
    found, shard = row.shard, row.shard.shard
    failures = wording.plural(shard.failures, "failed run") if shard.failures else ""
    return format_html(
        _ROW,
        shard.pk,
        reverse("sync:detail", args=[shard.pk]),
        shard.account.alias,
        shard.region,
        shard.account.account_id,
        markup.state(status.look(row.state)),
        format_html(_SUB, f"{failures} in a row") if failures else "",
        _parts(row),
        units.ago_of(shard.inventory_ok_at, now),
        units.ago_of(shard.metrics_ok_at, now),
        row.next_due,
        units.millis(shard.last_duration_ms, "No run has ended yet"),
        units.count(found.calls),
        format_html(_SUB, f"{found.throttles} throttled") if found.throttles else "",
        found.metrics_requested,
        units.amount(found.cloudwatch_usd, digits=4),
        retry(row, may_retry=may_retry, token=token),
    )


def retry(row: Row, *, may_retry: bool, token: str, on_detail: bool = False) -> SafeString:
    """The button that has a region read again at once; on_detail: stay on the region's own page."""
    shard = row.shard.shard
    place = (shard.account.alias, shard.region)
    if not may_retry:
        return format_html(_LOCKED, icon_svg("lock"), *place)
    return format_html(
        _FORM,
        reverse("sync:now", args=[shard.pk]),
        token,
        _ON_DETAIL if on_detail else "",
        SafeString(" disabled") if row.is_due else "",
        icon_svg("refresh"),
        "Reading…" if row.is_due else "Sync now",
        *place,
    )


def _parts(row: Row) -> SafeString:
    """How many parts were read well, and the first that were not."""
    if not row.sections:
        return _NOTHING_YET
    more = ", …" if len(row.bad) > _BAD_NAMED else ""
    bad = format_html(_SUB, ", ".join(row.bad[:_BAD_NAMED]) + more) if row.bad else ""
    return format_html("{} of {} good{}", row.good, len(row.sections), bad)
