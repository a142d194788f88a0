"""The guided set-up of an account: access, roles, live check, regions, first sync. Pages never call AWS."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards import access, client, htmx
from dashboards.settings.account_forms import ROLE, BeginForm, RegionsForm, RolesForm
from dashboards.settings.forms import add_refusals
from dashboards.settings.permissions import report
from fleet import doorbell
from fleet.access import aws_roles, set_up
from fleet.errors import Refused
from fleet.models import Account
from fleet.queries import settings as queries

TITLES = (
    ("access", "Access"),
    ("roles", "Roles"),
    ("check", "Permissions"),
    ("regions", "Regions"),
    ("first-sync", "First sync"),
)


def steps(account: Account | None, current: str) -> list[dict[str, Any]]:
    """The steps as links; those a draft cannot have yet are words."""
    names = [name for name, _ in TITLES]
    made = []
    for number, (name, title) in enumerate(TITLES):
        # Permissions are looked at all along; the steps before the first sync are closed once it is added.
        is_open = account is not None and (name == "check" or account.is_draft == (name != "first-sync"))
        if name == "roles" and account is not None and not account.role_arn:
            continue
        made.append(
            {
                "title": title,
                "url": reverse(f"settings:set-up-{name}", args=[account.pk]) if account and is_open else "",
                "is_current": name == current,
                "is_past": number < names.index(current),
            }
        )
    return made


@require_http_methods(["GET", "POST"])
@access.require_role("admin")
def begin(request: htmx.HtmxHttpRequest, pk: int | None = None) -> HttpResponse:
    """Step 1: the account, and how Flotilla gets in. Its draft is stored, so the rest may wait."""
    found = _draft(request, pk) if pk else Account()
    form = BeginForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        by_role = form.cleaned_data["access"] == ROLE
        try:
            saved = set_up.begin(
                form.apply(), by_role=by_role, may_change=form.cleaned_data["may_change"], actor=request.user,
                address=client.address(request),
            )  # fmt: skip
        except Refused as refused:
            add_refusals(form, refused)
        else:
            doorbell.ring_after_commit("fleet.check_account", saved.pk)
            return htmx.redirect(request, f"settings:set-up-{'roles' if by_role else 'check'}", saved.pk)
    context = {"form": form, "account": found, "steps": steps(found if pk else None, "access")}
    return htmx.page(
        request, "pages/settings/set_up_access.html", context, status=422 if form.errors else 200
    )


@require_GET
@access.require_role("admin")
def resume(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Back to the step a draft has reached."""
    found = access.account_for(request, pk)
    return redirect(f"settings:set-up-{set_up.step_of(found)}", pk)


@require_POST
@access.require_role("admin")
def discard(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Forget a draft; its page asks first."""
    found = access.account_for(request, pk)
    try:
        set_up.discard(found, actor=request.user, address=client.address(request))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, f"The set-up of {found.alias} is discarded. Delete roles you made in AWS there."
        )
    return htmx.redirect(request, "settings:page")


@require_http_methods(["GET", "POST"])
@access.require_role("admin")
def roles(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Step 2: the texts that make the roles, and the roles' ARNs."""
    found = _draft(request, pk)
    form = RolesForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            set_up.set_roles(
                found, role=wanted["role_arn"], act_role=wanted["act_role_arn"], actor=request.user,
                now=timezone.now(), address=client.address(request),
            )  # fmt: skip
        except Refused as refused:
            add_refusals(form, refused)
            found.refresh_from_db()
        else:
            doorbell.ring_after_commit("fleet.check_account", found.pk)
            return htmx.redirect(request, "settings:set-up-check", found.pk)
    texts = set_up.texts_for(found)
    context = {
        "form": form, "account": found, "steps": steps(found, "roles"), "report": report(found, timezone.now()),
        "texts": [(format, label, file, write(texts)) for format, (label, file, write) in FORMATS.items()],
    }  # fmt: skip
    status = 422 if form.errors else 200
    return htmx.page(request, "pages/settings/set_up_roles.html", context, part="role-texts", status=status)


FORMATS = {
    "cloudformation": ("CloudFormation", "flotilla-roles.json", aws_roles.cloudformation),
    "terraform": ("Terraform", "flotilla-roles.tf", aws_roles.terraform),
}


@require_GET
@access.require_role("admin")
def role_text(request: htmx.HtmxHttpRequest, pk: int, format: str) -> HttpResponse:
    """One of the texts as a file."""
    if format not in FORMATS:
        raise Http404
    _, name, write = FORMATS[format]
    found = access.account_for(request, pk)
    response = HttpResponse(write(set_up.texts_for(found)), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
@access.require_role("admin")
def check(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Step 3, and later the account's permissions: polls while a worker is at it."""
    found = access.account_for(request, pk)
    now = timezone.now()
    shown = report(found, now)
    context = {
        "account": found, "report": shown, "steps": steps(found, "check") if found.is_draft else [],
        "may_ask": found.enabled or found.is_draft,
    }  # fmt: skip
    is_settled = shown.is_settled or not context["may_ask"]
    context["is_settled"] = is_settled
    return htmx.page(
        request, "pages/settings/set_up_check.html", context, part="check-report", settled=is_settled
    )


@require_http_methods(["GET", "POST"])
@access.require_role("admin")
def regions(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Step 4: regions and budget; from then on the account is read."""
    found = _draft(request, pk)
    form = RegionsForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            set_up.finish(
                found,
                **form.cleaned_data,
                actor=request.user,
                now=timezone.now(),
                address=client.address(request),
            )
        except Refused as refused:
            add_refusals(form, refused)
        else:
            doorbell.ring_after_commit("fleet.tick")
            messages.success(request, f"{found.alias} is being read.")
            return htmx.redirect(request, "settings:set-up-first-sync", found.pk)
    context = {"form": form, "account": found, "steps": steps(found, "regions"), "found": found.found_regions}
    status = 422 if form.errors else 200
    return htmx.page(request, "pages/settings/set_up_regions.html", context, status=status)


@require_GET
@access.require_role("admin")
def first_sync(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Step 5: how far the first reading is; polls until every region was read."""
    found = access.account_for(request, pk)
    progress = queries.first_sync(found)
    context = {"account": found, "progress": progress, "steps": steps(found, "first-sync")}
    return htmx.page(
        request, "pages/settings/set_up_sync.html", context, part="first-sync", settled=progress.is_done
    )


def _draft(request: htmx.HtmxHttpRequest, pk: int) -> Account:
    """An account whose set-up is not finished; one that stands is changed by its own form."""
    found = access.account_for(request, pk)
    if not found.is_draft:
        raise Http404
    return found
