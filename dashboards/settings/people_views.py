"""People: who may sign in, with which role, and who gets alert mails."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards import access, client, htmx
from dashboards.settings.account_views import tabs
from dashboards.settings.forms import MeForm, NewPersonForm, PasswordForm, PersonForm, add_refusals
from fleet.access import people as service
from fleet.errors import Refused
from fleet.models import User
from fleet.queries import settings as queries


@require_GET
def people(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Everybody."""
    context = {"people": queries.people(), "tabs": tabs("people")}
    return htmx.page(request, "pages/settings/people.html", context)


@require_http_methods(["GET", "POST"])
@access.require_role("admin")
def new(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Create a person."""
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = service.create(**form.cleaned_data, actor=request.user, address=client.address(request))
        except Refused as refused:
            add_refusals(form, refused)
        else:
            messages.success(request, f"{person.username} may sign in now.")
            return htmx.redirect(request, "settings:people")
    status = 422 if form.errors else 200
    return htmx.page(request, "pages/settings/person_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@access.require_role("admin")
def person(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Change a person's role, address and state."""
    found = get_object_or_404(User, pk=pk)
    initial = {name: getattr(found, name) for name in PersonForm.base_fields}
    form = PersonForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            service.change(pk, **form.cleaned_data, actor=request.user, address=client.address(request))
        except Refused as refused:
            add_refusals(form, refused)
        else:
            messages.success(request, f"{found.username} is saved.")
            return htmx.redirect(request, "settings:people")
    return _person(request, found, form, PasswordForm())


@require_POST
@access.require_role("admin")
def password(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Give a person a new password; all their sessions end, one's own goes on under a new key."""
    found = get_object_or_404(User, pk=pk)
    form = PasswordForm(request.POST)
    if form.is_valid():
        try:
            changed = service.reset_password(
                pk, **form.cleaned_data, actor=request.user, address=client.address(request)
            )
        except Refused as refused:
            add_refusals(form, refused)
        else:
            if changed.pk == request.user.pk:
                update_session_auth_hash(request, changed)
            messages.success(request, f"{found.username} has a new password.")
            return htmx.redirect(request, "settings:people")
    initial = {name: getattr(found, name) for name in PersonForm.base_fields}
    return _person(request, found, PersonForm(initial=initial), form)


def _person(
    request: htmx.HtmxHttpRequest, found: User, form: PersonForm, password_form: PasswordForm
) -> HttpResponse:
    context = {"person": found, "form": form, "password_form": password_form}
    status = 422 if form.errors or password_form.errors else 200
    return htmx.page(request, "pages/settings/person.html", context, status=status)


@require_http_methods(["GET", "POST"])
def me(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Whether alert mails come to oneself; the foot of every mail leads here."""
    if request.method == "POST":
        form = MeForm(request.POST)
        form.full_clean()
        service.set_receives_alerts(
            request.user, form.cleaned_data["receives_alerts"], address=client.address(request)
        )
        messages.success(request, "Saved.")
        return htmx.redirect(request, "settings:me")
    form = MeForm(initial={"receives_alerts": request.user.receives_alerts})
    return htmx.page(request, "pages/settings/me.html", {"form": form, "tabs": tabs("me")})
