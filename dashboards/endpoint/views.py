"""One endpoint: its head, its tabs and their charts. Every tab has a URL and works without JavaScript."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET
from django_htmx.http import trigger_client_event

from dashboards import access, htmx, scope
from dashboards.cost_options import tab as options
from dashboards.endpoint import charts, cost, heads, panels, tabs
from fleet.queries import endpoint as queries

RANGE = "7d"
PARTS = ("endpoint-head", "endpoint-panel")


@require_GET
def detail(request: htmx.HtmxHttpRequest, pk: int, key: str = "") -> HttpResponse:
    """The page with one tab open; the head polls itself while AWS or an operation changes the endpoint."""
    endpoint = access.endpoint_for(request, pk)
    scoped = scope.read(request, default=RANGE)
    tab = tabs.current(key, request.GET.get("tab"))
    if tab is None:
        raise Http404(f"An endpoint has no tab named {key}.")
    head = queries.head(endpoint)
    activity = queries.activity(head, scoped.range)
    context = heads.context(head, activity, tab, scoped)
    context["may_operate"] = access.may(request.user, "operator")
    if not tab.applies_to(endpoint.kind):
        context["why_not"] = tab.why_not
    elif request.htmx.target != "endpoint-head":
        context |= panels.context(tab.key, head, activity, scoped, request.GET)
    is_settled = not head.is_transitional and request.htmx.target == "endpoint-head"
    response = htmx.page(request, "pages/endpoint/page.html", context, part=PARTS, settled=is_settled)
    return trigger_client_event(response, "endpoint-settled") if is_settled else response


@require_GET
def chart(request: htmx.HtmxHttpRequest, pk: int, name: str) -> HttpResponse:
    """The figure of one of the page's charts."""
    endpoint = access.endpoint_for(request, pk)
    scoped = scope.read(request, default=RANGE)
    if name == "cost":
        return htmx.figure(cost.chart(endpoint, scoped.range))
    if name == "options":
        return htmx.figure(options.chart(queries.head(endpoint), scoped.range))
    draw = charts.CHARTS.get(name)
    if draw is None:
        raise Http404(f"An endpoint has no chart named {name}.")
    activity = queries.activity(queries.head(endpoint), scoped.range)
    return htmx.figure(draw(activity, queries.changes(endpoint, scoped.range)))
