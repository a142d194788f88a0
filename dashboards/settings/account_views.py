"""AWS accounts: which are read, by which role, in which regions. Pages never call AWS; workers check."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards import access, client, htmx
from dashboards.settings.account_forms import AccountForm
from dashboards.settings.forms import add_refusals
from fleet import doorbell
from fleet.access import accounts, bills
from fleet.errors import Refused
from fleet.models import Account
from fleet.queries import bill_terms
from fleet.queries import settings as queries


def tabs(current: str) -> list[dict[str, object]]:
    """Accounts, People, API tokens, My mails."""
    entries = (("Accounts", "page"), ("People", "people"), ("API tokens", "tokens"), ("My mails", "me"))
    return [
        {"label": label, "url": reverse(f"settings:{name}"), "is_current": name == current, "count": None}
        for label, name in entries
    ]


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Every account with its regions and the last check of its credentials."""
    rows = queries.accounts()
    context = {
        "rows": rows,
        "failing": [row for row in rows if row.account.enabled and row.account.identity_error],
        "tabs": tabs("page"),
    }
    return htmx.page(request, "pages/settings/accounts.html", context)


@require_http_methods(["GET", "POST"])
@access.require_role("admin")
def account(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The form of an account that stands; one that is still being set up goes on there."""
    found = access.account_for(request, pk)
    if found.is_draft:
        return redirect("settings:set-up", pk)
    form = AccountForm(found, queries.regions_of(found), request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        regions, address = form.cleaned_data["regions"], client.address(request)
        try:
            saved = accounts.save(
                form.apply(), regions=regions, actor=request.user, now=timezone.now(), address=address
            )
        except Refused as refused:
            add_refusals(form, refused)
        else:
            _ring(saved)
            messages.success(request, f"{saved.alias} is saved; its credentials are checked now.")
            return htmx.redirect(request, "settings:page")
    context = {
        "form": form,
        "account": found,
        "title": f"Account {form.initial['alias']}",
        "bill": bill_terms.terms(found),
    }
    return htmx.page(request, "pages/settings/account.html", context, status=422 if form.errors else 200)


@require_POST
@access.require_role("admin")
def check(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Have the credentials checked and the regions read."""
    found = access.account_for(request, pk)
    try:
        accounts.ask_for_check(found, actor=request.user, now=timezone.now(), address=client.address(request))
    except Refused as refused:
        messages.error(request, str(refused))
        return htmx.redirect(request, "settings:page")
    doorbell.ring_after_commit("fleet.check_account", found.pk)
    return htmx.redirect(request, "settings:set-up-check", found.pk)


@require_POST
@access.require_role("admin")
def switch(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Disable or enable an account; what is known of a disabled one stays and is marked."""
    found = access.account_for(request, pk)
    off = "is disabled: AWS is not asked about it any more, what is known stays"
    _switch(request, found, accounts.switch, on=f"{found.alias} is read again.", off=f"{found.alias} {off}.")
    return htmx.redirect(request, "settings:page")


@require_POST
@access.require_role("admin")
def bill(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Have the account's bill read from Cost Explorer each day, or no more."""
    found = access.account_for(request, pk)
    whose = f"The bill of {found.alias}"
    is_done = _switch(
        request,
        found,
        bills.switch,
        on=f"{whose} is read within a minute, then once a day.",
        off=f"{whose} is not read any more; what was read stays.",
    )
    if not is_done:
        return htmx.redirect(request, "settings:page")
    return htmx.redirect(request, "settings:account", found.pk)


@require_POST
@access.require_role("admin")
def bill_tag(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Have the account's bill read by a cost allocation tag as well, or by none."""
    found = access.account_for(request, pk)
    key = request.POST.get("tag_key", "")
    try:
        reading = bills.name_tag(
            found, key=key, actor=request.user, now=timezone.now(), address=client.address(request)
        )
    except Refused as refused:
        messages.error(request, str(refused))
        return htmx.redirect(request, "settings:account", found.pk)
    whose = f"The bill of {found.alias}"
    when = "within a minute, then once a day" if reading.enabled else "once reading it is switched on"
    by = f"is read by the tag {reading.tag_key} as well, {when}" if reading.tag_key else "is read by no tag"
    messages.success(request, f"{whose} {by}.")
    return htmx.redirect(request, "settings:account", found.pk)


def _switch(
    request: htmx.HtmxHttpRequest, found: Account, change: Callable[..., object], *, on: str, off: str
) -> bool:
    """Switch on or off as the form says and tell it, or why it was refused: False."""
    wanted = request.POST.get("enabled") == "on"
    try:
        change(found, enabled=wanted, actor=request.user, now=timezone.now(), address=client.address(request))
    except Refused as refused:
        messages.error(request, str(refused))
        return False
    messages.success(request, on if wanted else off)
    return True


@require_POST
@access.require_role("admin")
def remove_act_role(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Forget the role that may change endpoints."""
    found = access.account_for(request, pk)
    accounts.remove_act_role(found, actor=request.user, address=client.address(request))
    messages.success(request, f"Flotilla only reads {found.alias} now. Delete the role in AWS as well.")
    return htmx.redirect(request, "settings:account", found.pk)


def _ring(account: Account) -> None:
    if account.enabled:
        doorbell.ring_after_commit("fleet.check_account", account.pk)
