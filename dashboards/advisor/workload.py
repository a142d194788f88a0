"""A workload that runs nowhere yet: the decision flow's questions as a form, answered as one goes. Nothing is kept."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboards import htmx, scope
from dashboards.advisor import described, fit, tabs
from dashboards.advisor.described import AmountForm
from dashboards.advisor.forms import WorkloadForm


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """The form beside the flow with the path that the answers take; the address holds the answers."""
    scoped = scope.read(request, has_range=False)
    form, amounts = WorkloadForm(request.GET), AmountForm(request.GET)
    form.is_valid(), amounts.is_valid()
    answers = form.answers()
    priced = described.context(amounts, answers)
    context = {
        "form": form,
        "amounts": amounts,
        **priced,
        **fit.of_answers(answers, priced.get("evidence")),
        "query": scoped.query,
        "tabs": tabs.links("new-workload", scoped.query),
    }
    return htmx.page(request, "pages/advisor/new_workload.html", context, part="workload-answer")
