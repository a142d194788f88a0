"""A workload that runs nowhere yet: the decision flow's questions as a form, answered as one goes. Nothing is kept."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboards import htmx, scope
from dashboards.advisor import fit, tabs
from dashboards.advisor.forms import WorkloadForm


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """The form beside the flow with the path that the answers take; the address holds the answers."""
    scoped = scope.read(request, has_range=False)
    is_asked = any(name in request.GET for name in WorkloadForm.base_fields)
    form = WorkloadForm(request.GET if is_asked else {})
    form.is_valid()
    context = {
        "form": form,
        "is_asked": is_asked,
        **fit.of_answers(form.answers()),
        "query": scoped.query,
        "tabs": tabs.links("new-workload", scoped.query),
    }
    return htmx.page(request, "pages/advisor/new_workload.html", context, part="workload-answer")
