"""The first visit: while nobody exists, whoever comes first becomes admin; afterwards the page is gone."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from dashboards import client, htmx
from dashboards.settings.forms import add_refusals
from dashboards.sign_in.forms import FirstAdminForm
from fleet.access import people
from fleet.errors import Refused


@login_not_required
@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "POST"])
def set_up(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Create the first admin and sign in."""
    if not people.is_empty():
        raise Http404
    form = FirstAdminForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        cleaned = {name: form.cleaned_data[name] for name in ("username", "email", "password")}
        try:
            admin = people.create_first_admin(**cleaned, address=client.address(request))
        except Refused as refused:
            add_refusals(form, refused)
        else:
            login(request, admin, backend="django.contrib.auth.backends.ModelBackend")
            return htmx.redirect(request, "settings:page")
    status = 422 if form.errors else 200
    return htmx.page(request, "pages/sign_in/set_up.html", {"form": form}, status=status)
