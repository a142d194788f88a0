"""The Sync page: how fresh the mirror is, what failed, and what watching cost today."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboards import access, client, files, htmx, scope, wording
from dashboards.looking import look
from dashboards.scope import PageScope
from dashboards.sync import observer, tables
from dashboards.sync.filters import Filters
from dashboards.tables import Page
from fleet import doorbell
from fleet.access import audit
from fleet.models import Shard
from fleet.queries import push, resources, shared_insight
from fleet.queries import sync as queries
from fleet.queries.kept import Moment
from fleet.queries.sync_state import Fleet

DUE = ("inventory_due_at", "metrics_due_at", "backfill_due_at", "parts_due_at", "activity_due_at")
"""What somebody who asks for a sync has tried at once, also what rests because its runs died."""


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """All account regions, those in trouble first; polls only while a back-fill or a requested sync runs."""
    scoped, now, filters = scope.read(request, has_range=False), timezone.now(), Filters.read(request.GET)
    requested = tables.Requested.read(request.GET)
    looked = _looked(request, requested)
    found = shared_insight.regions(scoped.filter, looked, now=now, late_after=_late_after())
    reasons = tables.reasons(queries.causes(found.places), found)
    places = filters.apply(found, reasons)
    pager = Page.read(request.GET, len(places))
    shown = [place.pk for place in places[pager.offset : pager.offset + pager.size]]
    is_settled = not found.is_fetching and not (requested and requested.is_open(found, now))
    context = {
        "found": found,
        "reasons": reasons,
        "history": tables.History(found.backfills),
        "rows": _lines(shown, requested, now),
        "filters": filters,
        "tabs": filters.tabs(request.GET, found),
        "chips": filters.chips(request.GET),
        "pager": pager,
        "is_settled": is_settled,
        "query": scoped.query,
        "csv_url": files.url(request, "sync:csv"),
        **_around(request, scoped, found, looked),
    }
    return htmx.page(request, "pages/sync/page.html", context, part="sync-shards", settled=is_settled)


def _looked(request: htmx.HtmxHttpRequest, requested: tables.Requested | None) -> Moment | None:
    """None: only what moves is polled, and who asked for a sync waits for its end; neither is told what was kept."""
    return None if requested or htmx.wants_part(request) else look(request)


def _lines(pks: list[int], requested: tables.Requested | None, now: datetime) -> list[tables.Row]:
    return [
        tables.row(found, requested, now) for found in queries.rows(pks, now=now, late_after=_late_after())
    ]


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """The account regions that the filter means, in the table's order."""
    scoped, now = scope.read(request, has_range=False), timezone.now()
    found = queries.fleet(scoped.filter, now=now, late_after=_late_after())
    places = Filters.read(request.GET).apply(found, tables.reasons(queries.causes(found.places), found))
    return files.as_csv("sync", resources.regions_of([place.pk for place in places], now, _late_after()))


def _around(
    request: htmx.HtmxHttpRequest, scoped: PageScope, found: Fleet, looked: Moment | None
) -> dict[str, Any]:
    """What stands outside the polled part, and is left out when that is all that is asked for."""
    now = timezone.now()
    context: dict[str, Any] = {"tiles": tables.tiles(found, now)}
    if htmx.wants_part(request):
        return context
    return {
        **context,
        "actions": tables.actions(found.actions),
        "observer": observer.panel(shared_insight.watching(scoped.filter, looked, now=now))
        if found.places
        else None,
        "push": push.queues(settings.EVENT_QUEUES, now=now),
        "interval": wording.span(settings.INVENTORY_INTERVAL_S),
    }


@require_GET
def detail(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """One account region part by part: last good read, how long it took, what AWS said, calls of today."""
    shard, now = access.shard_for(request, pk), timezone.now()
    requested = tables.Requested.read(request.GET)
    (found,) = queries.rows([shard.pk], now=now, late_after=_late_after())
    row = tables.row(found, requested, now)
    context = {
        "row": row,
        "shard": shard,
        "actions": tables.actions(found.tallies),
        "is_settled": not row.is_due and not (found.backfill and found.backfill.is_running),
        "crumbs": [{"label": "Sync", "url": reverse("sync:page")}, {"label": str(shard)}],
    }
    return htmx.page(
        request, "pages/sync/detail.html", context, part="sync-shard", settled=bool(context["is_settled"])
    )


@require_POST
@access.require_role("operator")
def sync_now(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Have one account region read again at once; the due times are stored, so a lost ring is found by the tick."""
    now = timezone.now()
    with transaction.atomic():
        shard = access.shard_for(request, pk)
        Shard.objects.filter(pk=shard.pk).update(**dict.fromkeys(DUE, now))
        audit.record(
            actor=request.user,
            action="shard.sync_now",
            target=shard,
            after={"due_at": now.isoformat()},
            address=client.address(request),
        )
        doorbell.ring_after_commit("fleet.sync_inventory", shard.pk)
        doorbell.ring_after_commit("fleet.sync_metrics", shard.pk)
        if shard.backfill_unfinished:
            doorbell.ring_after_commit("fleet.backfill_metrics", shard.pk)
    messages.success(request, f"{shard} will be read now.")
    to = reverse("sync:detail", args=[pk]) if "detail" in request.POST else reverse("sync:page")
    return htmx.redirect(request, f"{to}?reading={shard.pk}&since={int(now.timestamp())}")


@require_POST
@access.require_role("operator")
def retry_failing(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Have every account region of the scope that has a failed part read again at once, all its parts."""
    now, scoped = timezone.now(), scope.read(request, has_range=False)
    found = queries.fleet(scoped.filter, now=now, late_after=_late_after())
    pks = [place.pk for place in found.failing]
    with transaction.atomic():
        Shard.objects.filter(pk__in=pks).update(**dict.fromkeys(DUE, now))
        for shard in Shard.objects.filter(pk__in=pks[:1]).select_related("account"):
            audit.record(
                actor=request.user,
                action="shard.retry_failing",
                target=shard,
                after={"due_at": now.isoformat(), "shards": [place.name for place in found.failing]},
                address=client.address(request),
            )
            doorbell.ring_after_commit("fleet.retry_shards", *pks)
    messages.success(request, f"{wording.plural(len(pks), 'account region')} will be read now.")
    again = f"reading=failing&since={int(now.timestamp())}"
    return htmx.redirect(
        request, f"{reverse('sync:page')}?{scoped.query}{'&' if scoped.query else ''}{again}"
    )


def _late_after() -> timedelta:
    return timedelta(seconds=settings.STALE_AFTER_S)
