"""How many models an endpoint hosts: the form that asks for it, since AWS does not tell."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboards import access, client, htmx, scope
from dashboards.endpoint import tabs
from dashboards.forms import style
from fleet import cache_judging, hosted_models
from fleet.models import User
from fleet.types import Kind

_RANGE = f"Enter a whole number from 1 to {hosted_models.HIGHEST:,}."


class HostedForm(forms.Form):
    """The number; an empty field takes it back."""

    count = forms.IntegerField(
        label="Hosted models",
        required=False,
        min_value=1,
        max_value=hosted_models.HIGHEST,
        error_messages={"invalid": _RANGE, "min_value": _RANGE, "max_value": _RANGE},
        help_text="Artefacts under the model's S3 prefix that callers can name. Empty: not known, no forecast.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label="Where the figure comes from",
        required=False,
        max_length=500,
        help_text="Goes into the audit log.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The form; the endpoint's cache is judged anew with the answer at once."""
    endpoint = access.endpoint_for(request, pk)
    if endpoint.kind != Kind.MULTI_MODEL:
        raise Http404("Only a multi-model endpoint hosts several models.")
    scope.read(request, has_range=False)
    found = hosted_models.entered(endpoint)
    form = HostedForm(request.POST or None, initial={"count": found.count if found else None})
    if form.is_valid():
        now = timezone.now()
        is_new = hosted_models.enter(
            endpoint,
            form.cleaned_data["count"],
            actor=request.user,
            now=now,
            reason=form.cleaned_data["reason"],
            address=client.address(request),
        )
        if is_new:
            cache_judging.judge_endpoint(endpoint, now=now)
            messages.success(request, "Saved. The forecast takes it from now on.")
        return htmx.redirect(request, "endpoints:tab", pk, "cache")
    crumbs = [{"label": endpoint.name, "url": tabs.url(pk, "cache")}, {"label": "Hosted models"}]
    context = {
        "endpoint": endpoint,
        "form": form,
        "crumbs": crumbs,
        "back": tabs.url(pk, "cache"),
        "entered": found,
    }
    return htmx.page(request, "pages/cache/hosted.html", context, status=422 if form.errors else 200)
