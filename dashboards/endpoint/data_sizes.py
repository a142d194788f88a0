"""What is assumed about the data of an endpoint's calls: the form that sets it."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboards import access, client, htmx, scope
from dashboards.endpoint import tabs
from dashboards.forms import style
from fleet import data_sizes, doorbell
from fleet.costs.data import DataSizes
from fleet.models import User

MAX_KB = Decimal(1024 * 1024)
"""1 GB, the largest payload there is: of an asynchronous request (AWS Machine Learning Blog, "Model hosting patterns in
Amazon SageMaker, Part 1")."""
_ERRORS = {
    "invalid": "Enter a number of KB, for example 12.5.",
    "min_value": "A size cannot be below 0 KB.",
    "max_value": "A request or response of an endpoint has at most 1 GB: 1,048,576 KB.",
    "max_decimal_places": "Use at most three decimals.",
    "max_digits": "A request or response of an endpoint has at most 1 GB: 1,048,576 KB.",
}


def _size(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        required=False,
        min_value=Decimal(0),
        max_value=MAX_KB,
        decimal_places=3,
        error_messages=_ERRORS,
    )


class DataSizesForm(forms.Form):
    """Two averages; an empty field assumes nothing."""

    request_kb = _size("Average request, KB")
    response_kb = _size("Average response, KB")
    reason = forms.CharField(label="Where the figures come from", required=False, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("request_kb", "response_kb"):
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
            self.fields[name].help_text = "Of 1,024 bytes. Empty: nothing is assumed, the line has no amount."
        self.fields["reason"].help_text = "Goes into the audit log."
        style(self)


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The form; costs of all days follow with the next reckoning, which is asked for at once."""
    endpoint = access.endpoint_for(request, pk)
    scope.read(request, has_range=False)
    form = DataSizesForm(request.POST or None, initial=vars(data_sizes.assumed(endpoint)))
    if form.is_valid():
        found = form.cleaned_data
        is_new = data_sizes.assume(
            endpoint,
            DataSizes(found["request_kb"], found["response_kb"]),
            actor=request.user,
            now=timezone.now(),
            reason=found["reason"],
            address=client.address(request),
        )
        if is_new:
            doorbell.ring_after_commit("fleet.update_costs", endpoint.shard_id)
            messages.success(request, "Saved. The costs of its data are worked out anew.")
        return htmx.redirect(request, "endpoints:tab", pk, "cost")
    crumbs = [{"label": endpoint.name, "url": tabs.url(pk, "cost")}, {"label": "Data in and out"}]
    context = {"endpoint": endpoint, "form": form, "crumbs": crumbs, "back": tabs.url(pk, "cost")}
    return htmx.page(request, "pages/endpoint/data_sizes.html", context, status=422 if form.errors else 200)
