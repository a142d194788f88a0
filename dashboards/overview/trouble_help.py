"""The one button that helps with an incident: by its rule, what its reader most likely does next."""

from collections.abc import Mapping

from django.urls import reverse

from fleet.queries.overview import Trouble

_FORMS: Mapping[str, tuple[str, str]] = {
    "serverless-full": ("Raise max", "operations:change-concurrency"),
    "serverless-nearly-full": ("Raise max", "operations:change-concurrency"),
}
"""Rules that an operation of the endpoint settles: for who may plan one."""
_TABS: Mapping[str, tuple[str, str]] = {
    "cold-start-share": ("See cold starts", "cold-starts"),
    "cache-thrash": ("Compare fixes", "cache"),
    "async-zero-trap": ("See the fix", "scaling"),
    "async-oldest-age": ("See scaling", "scaling"),
    "cost-rise": ("See cost", "cost"),
}
_PAGES: Mapping[str, tuple[str, str]] = {
    "quota-full": ("Open quotas", "quotas:page"),
    "quota-filling": ("Open quotas", "quotas:page"),
    "sync-stale": ("See why", "sync:page"),
    "sync-section-failing": ("See why", "sync:page"),
}


def button(trouble: Trouble, *, may_operate: bool) -> tuple[str, str]:
    """Words and address; the incident itself where nothing better is known."""
    if trouble.operation:
        return "See why", reverse("operations:detail", args=[trouble.operation])
    if trouble.endpoint_id is not None:
        if may_operate and trouble.rule in _FORMS:
            words, name = _FORMS[trouble.rule]
            return words, reverse(name, args=[trouble.endpoint_id])
        if trouble.rule in _TABS:
            words, tab = _TABS[trouble.rule]
            return words, reverse("endpoints:tab", args=[trouble.endpoint_id, tab])
    if trouble.rule in _PAGES:
        words, name = _PAGES[trouble.rule]
        return words, reverse(name)
    return "Open", reverse("alerts:detail", args=[trouble.incident_id])
