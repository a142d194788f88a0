"""Who changed what: every entry of the audit log with its before and after."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboards import htmx
from dashboards.tables import Page
from fleet.queries import audit as queries


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """The log, newest first, narrowed by ?actor=, ?action= and ?q=."""
    wanted = queries.AuditFilter(
        actor=request.GET.get("actor", ""),
        action=request.GET.get("action", ""),
        text=request.GET.get("q", "").strip(),
    )
    found = queries.entries(wanted)
    paging = Page.read(request.GET, found.count())
    rows = [
        {"entry": entry, "changes": queries.differences(entry.before, entry.after)}
        for entry in found[paging.offset : paging.offset + paging.size]
    ]
    context = {
        "rows": rows,
        "page": paging,
        "wanted": wanted,
        "actors": queries.actors(),
        "actions": queries.actions(),
        "is_narrowed": wanted != queries.AuditFilter(),
    }
    return htmx.page(request, "pages/audit/page.html", context, part="audit-log")
