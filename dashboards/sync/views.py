"""The Sync page: how fresh the mirror is, what failed, and what watching cost today."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboards import access, client, htmx, scope, wording
from dashboards.sync import observer, tables
from fleet import doorbell
from fleet.access import audit
from fleet.queries import push
from fleet.queries import sync as queries


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Every account region, the ones in trouble first; polls only while a back-fill or a requested sync runs."""
    scoped = scope.read(request, has_range=False)
    now = timezone.now()
    found = queries.page(scoped.filter, now=now, late_after=timedelta(seconds=settings.STALE_AFTER_S))
    rows = tables.rows(found, tables.Requested.read(request.GET), now)
    is_settled = not found.backfills and not any(row.is_due for row in rows)
    context = {
        "found": found,
        "tiles": tables.tiles(found, now),
        "rows": rows,
        "actions": tables.actions(found),
        "observer": observer.panel(scoped.filter, now) if rows else None,
        "push": push.queues(settings.EVENT_QUEUES, now=now),
        "interval": wording.span(settings.INVENTORY_INTERVAL_S),
        "is_settled": is_settled,
        "query": scoped.query,
    }
    return htmx.page(request, "pages/sync/page.html", context, part="sync-shards", settled=is_settled)


@require_POST
@access.require_role("operator")
def sync_now(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Have one account region read again at once; the due times are stored, so a lost ring is found by the tick."""
    now = timezone.now()
    with transaction.atomic():
        shard = access.shard_for(request, pk)
        shard.inventory_due_at = shard.metrics_due_at = now
        shard.save(update_fields=["inventory_due_at", "metrics_due_at"])
        audit.record(
            actor=request.user,
            action="shard.sync_now",
            target=shard,
            after={"due_at": now.isoformat()},
            address=client.address(request),
        )
        doorbell.ring_after_commit("fleet.sync_inventory", shard.pk)
        doorbell.ring_after_commit("fleet.sync_metrics", shard.pk)
    messages.success(request, f"{shard} will be read now.")
    return htmx.redirect(request, f"{reverse('sync:page')}?reading={shard.pk}&since={int(now.timestamp())}")
