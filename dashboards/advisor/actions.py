"""What people decide on advice: put aside, give to somebody, open again; one by one or several at once."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboards import access, client, htmx, wording
from dashboards.advisor import forms, views
from dashboards.advisor.forms import AssignForm, DismissForm
from fleet.advice import choices, runs
from fleet.errors import Refused
from fleet.models import User


@require_POST
@access.require_role(User.Role.OPERATOR)
def dismiss(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Put one advice aside; without a reason, or until a day that is past, the form says so beside the field."""
    row = access.advice_for(request, pk)
    form = DismissForm(request.POST)
    if form.is_valid():
        try:
            choices.dismiss([pk], **_decided(form), **_by(request))
            messages.success(request, "Dismissed. It is kept, and comes back when you said.")
            return htmx.redirect(request, "advisor:detail", pk)
        except Refused as refused:
            form.refuse(refused)
    return views.answer(request, row, dismissing=form, status=422)


@require_POST
@access.require_role(User.Role.OPERATOR)
def assign(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Give one advice to somebody, or take it from everybody."""
    row = access.advice_for(request, pk)
    form = AssignForm(request.POST, people=views.people())
    if form.is_valid():
        try:
            choices.assign([pk], form.cleaned_data["assigned_to"], **_by(request))
            return htmx.redirect(request, "advisor:detail", pk)
        except Refused as refused:
            forms.refuse(form, refused)
    return views.answer(request, row, assigning=form, status=422)


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
    if not picked:
        messages.error(request, "Nothing was ticked.")
        return _back(request)
    try:
        if request.POST.get("do") == "assign":
            form = AssignForm(request.POST, people=views.people())
            done = choices.assign(picked, _valid(form)["assigned_to"], **_by(request))
            messages.success(request, f"{wording.plural(done, 'advice', 'pieces of advice')} assigned.")
        else:
            done = choices.dismiss(picked, **_decided(_checked(DismissForm(request.POST))), **_by(request))
            messages.success(request, f"{wording.plural(done, 'advice', 'pieces of advice')} dismissed.")
    except (Refused, ValueError) as refused:
        messages.error(request, str(refused))
    return _back(request)


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


def _decided(form: DismissForm) -> dict[str, Any]:
    return {"reason": form.cleaned_data["reason"], "until": form.cleaned_data["until"]}


def _checked(form: DismissForm) -> DismissForm:
    _valid(form)
    return form


def _valid(form: Any) -> dict[str, Any]:
    """The values of a form; raises ValueError with its first error in words."""
    if not form.is_valid():
        raise ValueError(str(next(iter(form.errors.values()))[0]))
    return dict(form.cleaned_data)
