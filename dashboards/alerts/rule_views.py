"""Rules: what each means, and the numbers admins may tune."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET, require_http_methods

from dashboards import access, client, htmx
from dashboards.alerts import words
from dashboards.alerts.forms import RuleForm
from fleet.alerts.rules import BY_KEY, RULES
from fleet.alerts.tuning import stored_rules, tune
from fleet.queries import alerts as queries


@require_GET
def rules(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Every rule with its condition in words."""
    stored, counts = stored_rules(), queries.open_by_rule()
    rows = []
    for spec in RULES:
        rule = stored.get(spec.key)
        rows.append(
            {
                "spec": spec,
                "sentence": spec.sentence(spec.values(rule.parameters if rule else {})),
                "severity": rule.severity if rule else spec.severity,
                "is_enabled": rule.enabled if rule else True,
                "open": counts.get(spec.key, 0),
            }
        )
    context = {
        "rows": rows,
        "off": sum(not row["is_enabled"] for row in rows),
        "tabs": words.tabs("rules", sum(counts.values())),
    }
    return htmx.page(request, "pages/alerts/rules.html", context)


@require_http_methods(["GET", "POST"])
def rule(request: htmx.HtmxHttpRequest, key: str) -> HttpResponse:
    """One rule; everybody may read it, admins may change it."""
    spec = BY_KEY.get(key)
    if spec is None:
        raise Http404
    stored = stored_rules().get(key)
    if request.method == "GET":
        return _rule(request, RuleForm(spec, stored))
    if not access.may(request.user, "admin"):
        raise access.RoleNeeded("admin", request.user.role)
    form = RuleForm(spec, stored, request.POST)
    if not form.is_valid():
        return _rule(request, form, status=422)
    tune(
        spec,
        severity=form.cleaned_data["severity"],
        enabled=form.cleaned_data["enabled"],
        parameters=form.parameters,
        actor=request.user,
        address=client.address(request),
    )
    messages.success(request, f"“{spec.name}” is saved; it holds from the next evaluation, within a minute.")
    return htmx.redirect(request, "alerts:rules")


def _rule(request: htmx.HtmxHttpRequest, form: RuleForm, status: int = 200) -> HttpResponse:
    spec = form.spec
    rule = stored_rules().get(spec.key)
    context = {
        "form": form,
        "spec": spec,
        "sentence": spec.sentence(spec.values(rule.parameters if rule else {})),
        "may_change": access.may(request.user, "admin"),
    }
    return htmx.page(request, "pages/alerts/rule.html", context, status=status)
