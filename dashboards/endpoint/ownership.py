"""Owner, team, application and expiry date of one endpoint: the tab that shows them and the form that sets them."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboards import access, client, htmx, scope
from dashboards.endpoint import tabs
from dashboards.forms import style
from fleet.access import ownership
from fleet.access.ownership import Labels
from fleet.errors import Refused
from fleet.models import Endpoint, User
from fleet.queries import ownership as queries
from fleet.queries.endpoint import Activity, Head


class OwnershipForm(forms.Form):
    """What an operator sets; an empty field leaves the word to the endpoint's tags."""

    owner = forms.CharField(label="Owner", required=False, max_length=ownership.MAX_LABEL)
    team = forms.CharField(label="Team", required=False, max_length=ownership.MAX_LABEL)
    application = forms.CharField(label="Application", required=False, max_length=ownership.MAX_LABEL)
    expires_on = forms.DateField(
        label="Expires on", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label="Why", required=False, max_length=500)
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: Any, tagged: Labels, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("owner", "team", "application", "expires_on"):
            value = getattr(tagged, name)
            self.fields[name].help_text = f"Empty: “{value}” from its tags." if value else "No tag says it."
        self.fields["reason"].help_text = "Goes into the audit log."
        style(self)

    def wanted(self) -> Labels:
        """The values of a valid form."""
        found = self.cleaned_data
        return Labels(found["owner"], found["team"], found["application"], found["expires_on"])

    def refused(self, refused: Refused, stamp: str) -> None:
        """Show why; what stands by now counts as seen, so that saving again goes through."""
        for refusal in refused.refusals:
            self.add_error(refusal.field or None, refusal.message)
        self.data = {**{name: self.data.get(name) for name in self.fields}, "seen": stamp}


def context(head: Head, activity: Activity) -> dict[str, Any]:
    """The tab: each value with where it comes from, the mails that will go out, and who shares the application."""
    endpoint = head.endpoint
    by_hand = ownership.by_hand(endpoint)
    today = timezone.now().date()
    return {
        "labels": [
            (word, value, _source(bool(getattr(by_hand, name)), bool(value)))
            for word, name, value in _values(endpoint)
        ],
        "reminders": queries.reminder_days(endpoint.expires_on, today),
        "is_expired": endpoint.expires_on is not None and endpoint.expires_on < today,
        "blast": queries.blast_radius(endpoint),
    }


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The form; a date in the past is refused beside its field."""
    endpoint = access.endpoint_for(request, pk)
    scope.read(request, has_range=False)
    data = request.POST if request.method == "POST" else None
    before = ownership.by_hand(endpoint)
    initial = {**vars(before), "seen": ownership.stamp(endpoint)}
    form = OwnershipForm(data, tagged=ownership.from_tags(endpoint.tags), initial=initial)
    if form.is_valid():
        try:
            _set(request, endpoint, form)
            return htmx.redirect(request, "endpoints:tab", pk, "ownership")
        except Refused as refused:
            form.refused(refused, ownership.stamp(endpoint))
    crumbs = [{"label": endpoint.name, "url": tabs.url(pk, "ownership")}, {"label": "Owner and expiry"}]
    found = {"endpoint": endpoint, "form": form, "crumbs": crumbs}
    return htmx.page(request, "pages/endpoint/ownership.html", found, status=422 if form.errors else 200)


def _set(request: htmx.HtmxHttpRequest, endpoint: Endpoint, form: OwnershipForm) -> None:
    ownership.set_by_hand(
        endpoint,
        form.wanted(),
        actor=request.user,
        reason=form.cleaned_data["reason"],
        seen=form.cleaned_data["seen"],
        now=timezone.now(),
        address=client.address(request),
    )


def _values(endpoint: Endpoint) -> list[tuple[str, str, str]]:
    expires = f"{endpoint.expires_on:%-d %b %Y}" if endpoint.expires_on else ""
    return [
        ("Owner", "owner", endpoint.owner),
        ("Team", "team", endpoint.team),
        ("Application", "application", endpoint.application),
        ("Expires on", "expires_on", expires),
    ]


def _source(is_by_hand: bool, is_known: bool) -> str:
    if is_by_hand:
        return "set in Flotilla"
    return "from its tags" if is_known else "no tag says it"
