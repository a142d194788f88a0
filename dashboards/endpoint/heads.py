"""What stands above the tabs: trail, name, status, our verdict, the sentence, banners, tabs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import NoReverseMatch, reverse

from dashboards.endpoint import judged, panels, sentence, tabs
from dashboards.scope import PageScope
from dashboards.sync.words import Trouble, plain_words, trouble
from fleet.analysis.cache import Verdict
from fleet.models import Incident
from fleet.queries.endpoint import Activity, Head, section_error
from fleet.types import Kind


@dataclass(frozen=True)
class Badge:
    """Our verdict beside AWS's status. state: a key of dashboards.status."""

    state: str
    word: str
    since: datetime | None = None


def context(head: Head, activity: Activity, tab: tabs.Tab, scoped: PageScope) -> dict[str, Any]:
    """Everything that page.html draws whichever tab is open."""
    endpoint = head.endpoint
    is_cached = endpoint.kind == Kind.MULTI_MODEL
    use = judged.cache_use(activity) if is_cached else None
    verdict, since = judged.cache_verdict(head, activity) if is_cached else (None, None)
    urls = _urls(head, scoped.query)
    return {
        "endpoint": endpoint,
        "head": head,
        "crumbs": _crumbs(head, scoped.query),
        "badge": badge(head, verdict, since),
        "sentence": sentence.sentence(head, activity, use, verdict, urls),
        "tab": tab,
        "tabs": tabs.links(endpoint.pk, endpoint.kind, tab, scoped.query, panels.counts(head, activity, use)),
        "troubles": [trouble(error) for error in head.errors],
        "unreadable": unreadable(head),
        "window": scoped.range,
        "query": scoped.query,
    }


def badge(head: Head, verdict: Verdict | None, since: datetime | None = None) -> Badge | None:
    """The gravest thing Flotilla knows beyond AWS's status; None for a healthy endpoint."""
    endpoint = head.endpoint
    if endpoint.closed_at:
        return Badge("closed", "Deleted in AWS")
    if endpoint.unreadable:
        return Badge("unreadable", "Cannot be read")
    if head.incidents:
        first = gravest(head.incidents)
        return Badge(first.severity, first.rule.name, first.condition_since)
    if verdict is Verdict.THRASHING:
        return Badge("warning", "Thrashing", since)
    return None


def gravest(incidents: list[Incident]) -> Incident:
    """The critical incident open longest, else the warning open longest."""
    return min(incidents, key=lambda incident: (incident.severity != "critical", incident.opened_at))


def unreadable(head: Head) -> Trouble | None:
    """Why the endpoint itself cannot be described, in AWS's words and in plain ones."""
    stored = head.endpoint.unreadable
    if not stored:
        return None
    error = section_error("inventory", stored)
    text, following = plain_words(error)
    return Trouble(
        title="This endpoint cannot be described",
        error=error,
        text=text,
        next=following,
        since=datetime.fromisoformat(error.since) if error.since else None,
    )


def _crumbs(head: Head, query: str) -> list[dict[str, str]]:
    shard = head.endpoint.shard
    account = shard.account
    here = f"account={account.account_id}&region={shard.region}"
    page = reverse("endpoints:page")
    return [
        {"label": "Endpoints", "url": f"{page}?{query}" if query else page},
        {"label": f"{account.alias} · {shard.region}", "url": f"{page}?{here}"},
    ]


def _urls(head: Head, query: str) -> dict[str, str]:
    urls = {key: tabs.url(head.endpoint.pk, key, query) for key in ("cold-starts", "cache")}
    for incident in head.incidents:
        try:
            urls[f"incident-{incident.pk}"] = reverse("alerts:detail", args=[incident.pk])
        except NoReverseMatch:
            break
    return urls
