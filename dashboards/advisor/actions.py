"""What people decide on advice: put aside, give to somebody, open again; one by one or several at once."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboards import access, client, htmx, wording
from dashboards.advisor import forms, sets, views
from dashboards.advisor.forms import AssignForm, DismissForm
from fleet.advice import choices, runs, set_choices
from fleet.errors import Refused
from fleet.models import User

DISMISSED = "Dismissed. It is kept, and comes back when you said."


@require_POST
@access.require_role(User.Role.OPERATOR)
def dismiss(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Put one advice aside; without a reason, or until a day that is past, the form says so beside the field."""
    row, form = access.advice_for(request, pk), DismissForm(request.POST)
    if _done(form, lambda said: choices.dismiss([pk], **said, **_by(request))) is None:
        return views.answer(request, row, dismissing=form, status=422)
    messages.success(request, DISMISSED)
    return htmx.redirect(request, "advisor:detail", pk)


@require_POST
@access.require_role(User.Role.OPERATOR)
def assign(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Give one advice to somebody, or take it from everybody."""
    row, form = access.advice_for(request, pk), AssignForm(request.POST, people=views.people())
    if _done(form, lambda said: choices.assign([pk], said["assigned_to"], **_by(request))) is None:
        return views.answer(request, row, assigning=form, status=422)
    return htmx.redirect(request, "advisor:detail", pk)


@require_POST
@access.require_role(User.Role.OPERATOR)
def reopen(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Take a dismissal back."""
    access.advice_for(request, pk)
    choices.reopen([pk], **_by(request))
    return htmx.redirect(request, "advisor:detail", pk)


@require_POST
@access.require_role(User.Role.OPERATOR)
def bulk(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Put the ticked advice aside or give it to somebody; what was refused is told, and nothing is half done."""
    picked = forms.chosen(request.POST.getlist("advice"))
    is_assigning = request.POST.get("do") == "assign"
    form = AssignForm(request.POST, people=views.people()) if is_assigning else DismissForm(request.POST)
    if not picked:
        messages.error(request, "Nothing was ticked.")
        return _back(request)
    if is_assigning:
        done = _done(form, lambda said: choices.assign(picked, said["assigned_to"], **_by(request)))
    else:
        done = _done(form, lambda said: choices.dismiss(picked, **said, **_by(request)))
    if done is None:
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    else:
        what = wording.plural(done, "advice", "pieces of advice")
        messages.success(request, f"{what} {'assigned' if is_assigning else 'dismissed'}.")
    return _back(request)


@require_POST
@access.require_role(User.Role.OPERATOR)
def dismiss_set(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Put a set that could share one endpoint aside; what is refused stands beside the field of its form."""
    access.sharing_set_for(request, pk)
    form = DismissForm(request.POST, prefix=sets.prefix(pk))
    if _done(form, lambda said: int(set_choices.dismiss(pk, **said, **_by(request)))) is None:
        return views.sets_page(request, refused=(pk, form), status=422)
    messages.success(request, DISMISSED)
    return htmx.redirect(request, "advisor:sharing")


@require_POST
@access.require_role(User.Role.OPERATOR)
def reopen_set(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Take the dismissal of a set back."""
    access.sharing_set_for(request, pk)
    set_choices.reopen(pk, **_by(request))
    return htmx.redirect(request, "advisor:sharing")


@require_POST
@access.require_role(User.Role.OPERATOR)
def look(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Have the whole fleet looked at again at once."""
    with transaction.atomic():
        runs.ask(**_by(request))
    messages.success(request, "Looking at the fleet again; the list renews itself within a minute or two.")
    return _back(request)


def _back(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """The list with the filter that the form came from."""
    kept = QueryDict(request.POST.get("back", "")).urlencode()
    address = reverse("advisor:page")
    return htmx.redirect(request, f"{address}?{kept}" if kept else address)


def _by(request: htmx.HtmxHttpRequest) -> dict[str, Any]:
    return {"actor": request.user, "now": timezone.now(), "address": client.address(request)}


def _done(form: Form, act: Callable[[dict[str, Any]], int]) -> int | None:
    """What `act` came to with the form's values; None when either refused, and the form says why."""
    if not form.is_valid():
        return None
    try:
        return act(form.cleaned_data)
    except Refused as refused:
        forms.refuse(form, refused)
        return None
