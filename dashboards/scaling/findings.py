"""What the scaling linter found, as rows of the Scaling page and as panels of an endpoint's tab."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup, status, wording
from dashboards.operations.words import FORMS
from fleet.analysis.scaling_policies.findings import LABELS, Rule
from fleet.models import ScalingFinding
from fleet.operations.kinds import OperationKind
from fleet.queries.scaling_findings import Counts

_ROW = (
    '<tr><td class="top">{}</td><th scope="row" class="name card-wide top">{}<span class="sub">{}</span></th>'
    '<td class="why card-wide"><strong>{}</strong>{}{}</td>{}<td class="action top">{}</td></tr>\n'
)
_LINK = '<a class="row-link" data-row href="{}">{}</a>'
_BUTTON = '<a class="btn btn-sm" href="{}" title="{}">{}<span class="sr-only"> {}: {}</span></a>'
_REFUSED = '<span class="btn btn-sm" aria-disabled="true" title="{}">Propose</span>'
_CALLS = '<details class="parts"><summary>Exact call</summary><pre class="code-block" tabindex="0">{}</pre></details>'
NEEDS_OPERATOR = "Planning a change needs the role operator"


@dataclass(frozen=True)
class Panel:
    """A finding with what a reader can do about it; url "" where no operation settles it."""

    finding: ScalingFinding
    url: str
    label: str
    calls: list[dict[str, str]]


def rows(found: Iterable[ScalingFinding], query: str, *, may_propose: bool) -> SafeString:
    """Findings as table rows; query: the scope in the URL, which their links keep."""
    return format_html_join("", _ROW, (_row(each, query, may_propose=may_propose) for each in found))


def choices(counts: Counts, asked: QueryDict, rule: str) -> list[tuple[str, int, str, bool]]:
    """Filters by rule: words, count, query string, whether it is on. "All" comes first."""
    listed = [("", "All", counts.all), *((each.rule, each.label, each.count) for each in counts.rules)]
    return [(label, count, _with_rule(asked, key), key == rule) for key, label, count in listed]


def known_rule(asked: QueryDict) -> str:
    """?rule= where it names one."""
    rule = asked.get("rule", "")
    return rule if rule in {each.value for each in Rule} else ""


def panels(found: Iterable[ScalingFinding]) -> list[Panel]:
    """Findings of one endpoint with their form and their exact calls."""
    return [
        Panel(each, proposal_url(each), (each.proposal or {}).get("label", ""), calls(each)) for each in found
    ]


def proposal_url(finding: ScalingFinding) -> str:
    """The operation's form with the finding's values filled in; "" without a form or an endpoint."""
    proposal = finding.proposal
    if not proposal or finding.endpoint_id is None:
        return ""
    return form_url(finding.endpoint_id, proposal["operation"], proposal["fields"])


def form_url(endpoint_id: int, operation: str, fields: dict[str, Any]) -> str:
    """The form of an operation's kind with first values; "" for a kind that has none (any more)."""
    try:
        url = reverse(FORMS[OperationKind(operation)], args=[endpoint_id])
    except (ValueError, KeyError, NoReverseMatch):
        return ""
    return f"{url}?{urlencode(fields)}"


def calls(finding: ScalingFinding) -> list[dict[str, str]]:
    """For components/calls.html."""
    return [
        {
            "service": call["service"],
            "action": call["action"],
            "parameters": json.dumps(call["request"], indent=2, ensure_ascii=False),
        }
        for call in finding.calls
    ]


def label_of(rule: str) -> str:
    """A rule in words; a rule of another version as it is stored."""
    return LABELS[Rule(rule)] if rule in {each.value for each in Rule} else rule


def _row(finding: ScalingFinding, query: str, *, may_propose: bool) -> tuple[object, ...]:
    endpoint = finding.endpoint
    place = f"{finding.shard.account.alias} · {finding.shard.region}"
    name: SafeString = format_html("<code>{}</code>", finding.resource_id)
    if endpoint is not None:
        tab = reverse("endpoints:tab", args=[endpoint.pk, "scaling"])
        name = format_html(_LINK, f"{tab}?{query}" if query else tab, markup.truncated(endpoint.name))
        place = format_html("{} · {}", markup.kind(endpoint.kind), place)
    return (
        markup.state(status.look(finding.severity)), name, place, finding.title, finding.why,
        _call(finding) if endpoint is None else "", _saves(finding.saving_usd),
        _action(finding, query, may_propose=may_propose),
    )  # fmt: skip


def _saves(usd: Decimal | None) -> SafeString:
    """A cell, without its name on phones where nothing is known."""
    if usd is None:
        return SafeString('<td class="num top card-hide"></td>')
    return format_html('<td class="num top" data-label="Saves a month">up to {}</td>', wording.usd(usd))


def _action(finding: ScalingFinding, query: str, *, may_propose: bool) -> SafeString:
    if finding.endpoint is None:
        return SafeString("")
    url, what = proposal_url(finding), "Propose"
    label = (finding.proposal or {}).get("label", "")
    if not url:
        tab = reverse("endpoints:tab", args=[finding.endpoint.pk, "scaling"])
        url, what, label = f"{tab}#finding-{finding.rule}", "See how", finding.title
    elif not may_propose:
        return format_html(_REFUSED, NEEDS_OPERATOR)
    return format_html(_BUTTON, url, label, what, finding.endpoint.name, label)


def _call(finding: ScalingFinding) -> SafeString:
    texts = [f"{call['service']}.{call['action']} {call['parameters']}" for call in calls(finding)]
    return format_html(_CALLS, "\n".join(texts)) if texts else SafeString("")


def _with_rule(asked: QueryDict, rule: str) -> str:
    query = asked.copy()
    for name in ("rule", "page"):
        query.pop(name, None)
    if rule:
        query["rule"] = rule
    return str(query.urlencode())
