"""Tokens of the API: one's own, and for admins everybody's. A secret is shown once, in the answer that makes it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboards import access, client, htmx
from dashboards.settings.account_views import tabs
from dashboards.settings.forms import add_refusals
from dashboards.settings.token_forms import TokenForm
from fleet.access import tokens as service
from fleet.access.tokens import Made
from fleet.errors import Refused
from fleet.models import ApiToken
from fleet.queries import tokens as queries


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """The tokens and the form of a new one."""
    return _page(request, TokenForm(queries.account_choices()))


@require_POST
def make(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Make a token in one's own name; anybody may, since a token reads no more than its owner."""
    form = TokenForm(queries.account_choices(), request.POST)
    if form.is_valid():
        try:
            made = service.make(
                request.user, **form.cleaned_data, now=timezone.now(), address=client.address(request)
            )
        except Refused as refused:
            add_refusals(form, refused)
        else:
            return _page(request, TokenForm(queries.account_choices()), made)
    return _page(request, form)


@require_POST
def revoke(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """End a token at once: its owner or an admin."""
    mine = {} if access.may(request.user, "admin") else {"owner": request.user}
    found = get_object_or_404(ApiToken.objects.select_related("owner"), pk=pk, **mine)
    service.revoke(found, actor=request.user, now=timezone.now(), address=client.address(request))
    messages.success(request, f"{found.name} does not work any more.")
    return htmx.redirect(request, "settings:tokens")


def _page(request: htmx.HtmxHttpRequest, form: TokenForm, made: Made | None = None) -> HttpResponse:
    owner = None if access.may(request.user, "admin") else request.user
    rows = queries.tokens(owner, timezone.now())
    context = {
        "form": form,
        "made": made,
        "rows": rows,
        "working": sum(row.works and row.token.owner_id == request.user.pk for row in rows),
        "tabs": tabs("tokens"),
    }
    status = 422 if form.errors else 200
    response = htmx.page(request, "pages/settings/tokens.html", context, status=status)
    if made is not None:
        response["Cache-Control"] = "no-store"
    return response
