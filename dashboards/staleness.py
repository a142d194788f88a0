"""The mark of a stale mirror on every page that shows it: which account regions are old, since when, and why."""

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest

from dashboards import looking, wording
from dashboards.scope import PageScope
from dashboards.sync.words import label
from fleet.models import Shard
from fleet.queries.freshness import OldPlace, old
from fleet.queries.scope import ScopeFilter

PARTS = {"scaling": ("scaling",), "quotas": ("quotas",), "batch": ("batch",), "orphans": ("configs",)}
"""Families whose pages rest on a part of the sync that has no column of its own on the account region."""
UNMARKED = frozenset({"sync", "settings", "audit", "api", "patterns", "sign_in", ""})
"""Families that show no mirror, and the Sync page, which tells it all."""


def remember(request: HttpRequest, shard: Shard) -> None:
    """Note which account region a page about one thing rests on; base.html then marks the page if that is old."""
    request.page_shard = shard  # type: ignore[attr-defined]


def sentence(request: HttpRequest, family: str, now: datetime, *, is_any_late: bool) -> str:
    """What is old on this page, in words; "" when nothing is. At most one query, none while the fleet is fresh.

    is_any_late: whether any account region of the whole fleet is late.
    """
    scope: PageScope | None = getattr(request, "page_scope", None)
    shard: Shard | None = getattr(request, "page_shard", None)
    parts, late_after = PARTS.get(family, ()), timedelta(seconds=settings.STALE_AFTER_S)
    if family in UNMARKED or (scope is None and shard is None) or not (is_any_late or parts):
        return ""
    found = (
        old(ScopeFilter(), now=now, late_after=late_after, parts=parts, shard_id=shard.pk)
        if shard
        else looking.old(request, scope.filter if scope else ScopeFilter(), now, parts)
    )
    if not found.count:
        return ""
    told = "; ".join(_place(place, now) for place in found.places)
    more = found.count - len(found.places)
    return f"{told}; and {wording.plural(more, 'more account region')}." if more > 0 else f"{told}."


def _place(place: OldPlace, now: datetime) -> str:
    """ "prod · eu-west-1: endpoints 42 min old, figures 44 min old (ThrottlingException)" """
    read = (("endpoints", place.inventory_at), ("figures", place.metrics_at))
    ages = ", ".join(f"{what} {wording.span(now - at) + ' old' if at else 'never read'}" for what, at in read)
    if not place.code:
        return f"{place.name}: {ages}"
    denied = f" for {place.action}" if place.action else ""
    return f"{place.name}: {ages}; {label(place.part).lower()} cannot be read ({place.code}{denied})"
