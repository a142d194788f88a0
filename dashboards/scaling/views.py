"""The Scaling page: what the linter found, and every scalable target in plain words."""

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from dashboards import access, htmx, scope
from dashboards.looking import look
from dashboards.scaling import findings, rows
from dashboards.tables import Page
from fleet.models import User
from fleet.queries import scaling_findings, shared_insight

SHOWN = 50
"""Findings on a page."""


@require_GET
def page(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Findings by rule; targets with their bounds, policies and schedules; orphans; fixed provisioned concurrency."""
    scoped = scope.read(request, has_range=False)
    wanted, looked = Page.asked(request.GET), look(request)
    found = shared_insight.scaling_page(scoped.filter, looked, offset=wanted.offset, size=wanted.size)
    context = {
        "found": found,
        "rows": rows.targets(found.targets, scoped.query),
        "unscaled": rows.unscaled(found.unscaled, scoped.query),
        "pager": Page.read(request.GET, found.target_count),
        "query": scoped.query,
        **_findings(request, scoped),
    }
    return htmx.page(
        request, "pages/scaling/page.html", context, part=("scaling-targets", "scaling-findings")
    )


def _findings(request: htmx.HtmxHttpRequest, scoped: scope.PageScope) -> dict[str, object]:
    rule = findings.known_rule(request.GET)
    counts = scaling_findings.counts(scoped.filter)
    shown = scaling_findings.page(scoped.filter, rule, offset=0, size=SHOWN) if counts.of(rule) else []
    may_propose = access.may(request.user, User.Role.OPERATOR)
    return {
        "counts": counts,
        "looked": counts.looked,
        "choices": findings.choices(counts, request.GET, rule),
        "finding_rows": findings.rows(shown, scoped.query, may_propose=may_propose),
        "finding_count": counts.of(rule),
        "shown": len(shown),
    }
