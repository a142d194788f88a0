"""The Orphans page: what AWS keeps and no endpoint uses, with the proof that it may go and the call that deletes it."""

from datetime import timedelta

from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import files, htmx, scope
from dashboards.tables import Page
from fleet.queries import endpoints, resources
from fleet.queries import orphans as queries
from fleet.queries.orphans import Criteria, Verdict, What

AGES = {"30": "30 days", "90": "90 days", "365": "a year"}
LOOKS = {
    Verdict.MAY_GO: ("applied", "May go"),
    Verdict.KEEP: ("warning", "Keep"),
    Verdict.CANNOT_TELL: ("unknown", "Cannot tell"),
}
LABELS = {What.CONFIGS: "Endpoint configs", What.MODELS: "Models"}


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Configs or models, the oldest first; age and name narrow them."""
    scope.read(request, has_range=False)
    what, criteria, now = _what(request.GET), _criteria(request.GET), timezone.now()
    totals = {each: queries.total(each, criteria, now) for each in What}
    pager = Page.read(request.GET, totals[what])
    rows = queries.rows(what, criteria, now, offset=pager.offset, limit=pager.size)
    context = {
        "what": what,
        "noun": "endpoint configs" if what is What.CONFIGS else "models",
        "rows": [(row, *LOOKS[row.verdict]) for row in rows],
        "may_go": sum(row.verdict is Verdict.MAY_GO for row in rows),
        "totals": totals,
        "pager": pager,
        "tabs": [_tab(request.GET, each, what, totals[each]) for each in What],
        "ages": [(key, words, request.GET.get("age") == key) for key, words in AGES.items()],
        "broken": endpoints.broken_links(criteria.scope),
        "broken_url": _broken_url(request.GET),
        "criteria": criteria,
        "csv_url": files.url(request, "orphans:csv"),
    }
    return htmx.page(request, "pages/orphans/page.html", context, part="orphan-list")


@require_GET
def as_csv(request: htmx.HtmxHttpRequest) -> StreamingHttpResponse:
    """Every config or model the filter means, with verdict and proof."""
    scope.read(request, has_range=False)
    found = resources.orphans_of(_criteria(request.GET), timezone.now(), (_what(request.GET),))
    return files.as_csv("orphans", found)


def _what(query: QueryDict) -> What:
    return What.MODELS if query.get("what") == What.MODELS else What.CONFIGS


def _criteria(query: QueryDict) -> Criteria:
    age = query.get("age", "")
    return Criteria(
        scope=scope.scope_filter(query),
        search=query.get("q", "").replace("\0", "")[:200].strip(),
        older_than=timedelta(days=int(age)) if age in AGES else None,
    )


def _broken_url(query: QueryDict) -> str:
    """The endpoints of the same scope that are built from something that is gone."""
    wanted = QueryDict(mutable=True)
    wanted["built-from"] = "broken"
    for name in ("account", "region"):
        wanted.setlist(name, query.getlist(name))
    return f"{reverse('endpoints:page')}?{wanted.urlencode()}"


def _tab(query: QueryDict, each: What, current: What, count: int) -> dict[str, object]:
    wanted = query.copy()
    wanted["what"] = each.value
    wanted.pop("page", None)
    return {
        "label": LABELS[each],
        "url": f"?{wanted.urlencode()}",
        "is_current": each is current,
        "count": count,
    }
