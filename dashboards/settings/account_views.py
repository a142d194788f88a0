"""AWS accounts: which are read, by which role, in which regions. Pages never call AWS; workers check."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboards import access, client, htmx
from dashboards.settings.forms import AccountForm, add_refusals
from fleet import doorbell
from fleet.access import accounts
from fleet.errors import Refused
from fleet.models import Account
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
def account(request: htmx.HtmxHttpRequest, pk: int | None = None) -> HttpResponse:
    """The form of a new or an existing account."""
    found = access.account_for(request, pk) if pk else Account()
    chosen = queries.regions_of(found) if pk else []
    form = AccountForm(found, chosen, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        regions = form.cleaned_data["regions"]
        address = client.address(request)
        try:
            saved = accounts.save(
                form.apply(), regions=regions, actor=request.user, now=timezone.now(), address=address
            )
        except Refused as refused:
            add_refusals(form, refused)
        else:
            doorbell.ring_after_commit("fleet.check_account", saved.pk)
            messages.success(request, f"{saved.alias} is saved; its credentials are checked now.")
            return htmx.redirect(request, "settings:page")
    context = {
        "form": form,
        "is_new": pk is None,
        "title": f"Account {found.alias}" if pk else "Add an account",
    }
    return htmx.page(request, "pages/settings/account.html", context, status=422 if form.errors else 200)


@require_POST
@access.require_role("admin")
def check(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Have the credentials checked and the regions read."""
    found = access.account_for(request, pk)
    accounts.ask_for_check(found, actor=request.user, now=timezone.now(), address=client.address(request))
    doorbell.ring_after_commit("fleet.check_account", found.pk)
    messages.success(request, f"{found.alias} is being checked; the answer appears here within a minute.")
    return htmx.redirect(request, "settings:page")
