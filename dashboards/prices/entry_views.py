"""Entering, ending and removing prices, discounts and exchange rates: admins only."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from dashboards import access, client, htmx, navigation
from dashboards.prices.forms import FORMS, EntryForm
from dashboards.settings.forms import add_refusals
from fleet import doorbell, price_entries
from fleet.errors import Refused
from fleet.models import Discount, ExchangeRate, PlanCommitment, Price
from fleet.price_entries import Who
from fleet.queries import prices

Entry = Price | Discount | ExchangeRate | PlanCommitment


@require_http_methods(["GET", "POST"])
@access.require_role("admin")
def new(request: htmx.HtmxHttpRequest, what: str) -> HttpResponse:
    """The form of one kind of entry; the query string fills in what the reader came from."""
    if what not in FORMS:
        raise Http404("Nothing of this name can be entered.")
    initial = {"first_day": timezone.now().date(), **request.GET.dict()}
    navigation.stand_under(request, FORMS[what].page.partition(":")[0])
    form = FORMS[what](request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid() and _entered(request, form):
        return htmx.redirect(request, form.page)
    status = 422 if form.is_bound else 200
    return htmx.page(request, "pages/prices/entry.html", {"form": form}, part="entry-form", status=status)


@require_POST
@access.require_role("admin")
def end(request: htmx.HtmxHttpRequest, what: str, pk: int) -> HttpResponse:
    """Let an entry hold until today and no longer."""
    row = _find(what, pk)
    if price_entries.end(row, _who(request)):
        _ring(row)
        messages.success(request, "It holds until today; tomorrow is worked out without it.")
    else:
        messages.error(request, "It ends by itself, or has not begun: remove it instead.")
    return htmx.redirect(request, FORMS[what].page)


@require_POST
@access.require_role("admin")
def remove(request: htmx.HtmxHttpRequest, what: str, pk: int) -> HttpResponse:
    """Take an entry away as if it had never been."""
    row = _find(what, pk)
    price_entries.remove(row, _who(request))
    _ring(row)
    messages.success(request, "Removed; the days it held are worked out without it.")
    return htmx.redirect(request, FORMS[what].page)


def _entered(request: htmx.HtmxHttpRequest, form: EntryForm) -> bool:
    try:
        row = form.enter(_who(request))
    except Refused as refused:
        add_refusals(form, refused)
        return False
    _ring(row)  # type: ignore[arg-type]
    messages.success(request, f"The {form.noun} is entered; {form.done}.")
    return True


def _find(what: str, pk: int) -> Entry:
    if what not in FORMS:
        raise Http404("Nothing of this name can be entered.")
    if what == "price":
        return get_object_or_404(Price, pk=pk, origin=Price.Origin.MANUAL)
    if what == "exchange-rate":
        return get_object_or_404(ExchangeRate, pk=pk)
    if what == "commitment":
        return get_object_or_404(PlanCommitment, pk=pk)
    return get_object_or_404(Discount, pk=pk)


def _ring(row: Entry) -> None:
    """Have the costs that rest on it worked out now; the tick would do it within the hour."""
    if isinstance(row, PlanCommitment):
        return
    account = row.account_id if isinstance(row, Discount) else None
    for shard_id in prices.shards_of("" if isinstance(row, ExchangeRate) else row.region, account):
        doorbell.ring_after_commit("fleet.update_costs", shard_id)


def _who(request: htmx.HtmxHttpRequest) -> Who:
    return Who(request.user, timezone.now(), client.address(request))
