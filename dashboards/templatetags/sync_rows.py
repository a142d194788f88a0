"""Account regions of the Sync page."""

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboards import access
from dashboards.sync import rows
from dashboards.sync.tables import Row

register = template.Library()


@register.simple_tag(takes_context=True)
def sync_row(context: Context, row: Row) -> SafeString:
    """{% sync_row row %}: the <tr> of one account region."""
    now = context.get("now") or timezone.now()
    return rows.region(row, now, may_retry=_may_retry(context), token=str(context["csrf_token"]))


@register.simple_tag(takes_context=True)
def sync_retry(context: Context, row: Row) -> SafeString:
    """{% sync_retry row %}: the button on the region's own page."""
    return rows.retry(row, may_retry=_may_retry(context), token=str(context["csrf_token"]), on_detail=True)


def _may_retry(context: Context) -> bool:
    return access.may(context["user"], "operator")
