"""What only people know of an endpoint: the form on which they say it, and what its Advice tab shows of it."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboards import access, client, htmx, scope, wording
from dashboards.advisor.choices import YES_NO, flag
from dashboards.endpoint import tabs
from dashboards.forms import style
from fleet.advice import goals
from fleet.advice.goals import Goals
from fleet.models import Endpoint, EndpointGoal, User

LONGEST_S = 3_600
"""An hour, the longest that any way to host works on one request (docs/advisor.md#limits)."""
LARGEST_MB = 1_000
"""1 GB, the largest request that any way to host takes (docs/advisor.md#limits)."""
_KB_PER_MB = Decimal(1_000_000) / 1_024
_NOT_SAID = "nobody said"


def _number(label: str, least: str, most: int, help_text: str) -> forms.DecimalField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    field = forms.DecimalField(
        label=label, required=False, min_value=Decimal(least), max_value=most, decimal_places=3, widget=widget,
        help_text=help_text,
    )  # fmt: skip
    field.error_messages["invalid"] = f"Give a number from {least} to {most:,}."
    return field


class GoalsForm(forms.Form):
    """Four answers, each of which may stay open."""

    latency_s = _number(
        "Slowest answer that is still fine, seconds", "0.001", LONGEST_S, "99 of 100 calls: p99."
    )
    largest_mb = _number(
        "Largest request, MB", "0.001", LARGEST_MB, "Of a million bytes. AWS reports no sizes."
    )
    is_queueable = forms.ChoiceField(
        label="Can callers hand work in and fetch the answer later?", choices=YES_NO, required=False
    )
    is_offline = forms.ChoiceField(
        label="Is all input there beforehand, and does nobody wait for an answer?",
        choices=YES_NO,
        required=False,
    )
    reason = forms.CharField(
        label="Who says so", required=False, max_length=500, help_text="Goes into the audit log."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)

    def goals(self) -> Goals:
        """What was said; call after is_valid()."""
        found = self.cleaned_data
        slowest, largest = found["latency_s"], found["largest_mb"]
        return Goals(
            None if slowest is None else max(1, round(slowest * 1000)),
            None if largest is None else (largest * _KB_PER_MB).quantize(Decimal("0.001")),
            flag(found["is_queueable"]),
            flag(found["is_offline"]),
        )


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """The form; the endpoint is judged anew at once, so that its advice and flow go by what was said."""
    endpoint = access.endpoint_for(request, pk)
    scope.read(request, has_range=False)
    form = GoalsForm(request.POST or None, initial=_initial(goals.told(endpoint)[0]))
    if form.is_valid():
        is_new = goals.tell(
            endpoint, form.goals(), actor=request.user, now=timezone.now(), reason=form.cleaned_data["reason"],
            address=client.address(request),
        )  # fmt: skip
        if is_new:
            messages.success(request, "Saved. Its advice and decision flow go by it now.")
        return htmx.redirect(request, "endpoints:tab", pk, "advice")
    back = tabs.url(pk, "advice")
    crumbs = [{"label": endpoint.name, "url": back}, {"label": "What callers need"}]
    context = {"endpoint": endpoint, "form": form, "crumbs": crumbs, "back": back}
    return htmx.page(request, "pages/advisor/goals.html", context, status=422 if form.errors else 200)


def strip(endpoint: Endpoint) -> dict[str, Any]:
    """The facts of the Advice tab: what was said, by whom and when."""
    found, row = goals.told(endpoint)
    return {"goals": facts(found), "goals_row": row, "goals_by": _by(row)}


def facts(found: Goals) -> list[tuple[str, str]]:
    """Each question in short with its answer."""
    size = None if found.largest_kb is None else found.largest_kb / _KB_PER_MB
    yes_no = {True: "yes", False: "no", None: _NOT_SAID}
    return [
        ("Answers within", _NOT_SAID if found.latency_ms is None else wording.millis(found.latency_ms)),
        ("Largest request", _NOT_SAID if size is None else f"{float(size):.3g} MB"),
        ("Callers can wait", yes_no[found.is_queueable]),
        ("All input beforehand", yes_no[found.is_offline]),
    ]


def _by(row: EndpointGoal | None) -> str:
    if row is None:
        return ""
    return (
        f"said by {row.set_by.get_username() if row.set_by else 'somebody who left'}, {row.set_at:%-d %b %Y}"
    )


def _initial(found: Goals) -> dict[str, object]:
    words = {True: "yes", False: "no", None: ""}
    return {
        "latency_s": None if found.latency_ms is None else _plain(Decimal(found.latency_ms) / 1000),
        "largest_mb": None if found.largest_kb is None else _plain(round(found.largest_kb / _KB_PER_MB, 3)),
        "is_queueable": words[found.is_queueable],
        "is_offline": words[found.is_offline],
    }


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
