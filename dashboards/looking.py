"""When the reader of a request began to look: pages that show what fleet.queries.kept keeps ask it before all else."""

from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest

from fleet.queries import freshness, kept, shared, shell
from fleet.queries.freshness import Old
from fleet.queries.kept import Moment
from fleet.queries.scope import ScopeFilter
from fleet.queries.shell import Standing


def look(request: HttpRequest) -> Moment:
    """Now; for the frame around the page, what it was."""
    found: Moment = kept.moment()
    request.looked = found  # type: ignore[attr-defined]
    return found


def standing(request: HttpRequest, now: datetime) -> Standing:
    """What the frame shows: as it is kept where the page has looked, else as it is now. One query at most."""
    late_after, looked = timedelta(seconds=settings.STALE_AFTER_S), _looked(request)
    return shared.standing(now, late_after, looked) if looked else shell.standing(now, late_after)


def old(request: HttpRequest, scope: ScopeFilter, now: datetime, parts: tuple[str, ...]) -> Old:
    """What of a scope is old, in the same way. parts: of the sync, that the page rests on. One query at most."""
    late_after, looked = timedelta(seconds=settings.STALE_AFTER_S), _looked(request)
    if looked is None:
        return freshness.old(scope, now=now, late_after=late_after, parts=parts)
    return shared.old(scope, now, late_after, parts, looked)


def _looked(request: HttpRequest) -> Moment | None:
    return getattr(request, "looked", None)
