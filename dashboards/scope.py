"""The one control of every page: accounts, regions and time range, kept in the query string.

A view reads it once with `scope.read(request)`; base.html then draws the pickers, and links carry it on.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from fleet.queries.scope import ScopeFilter, TimeRange, window_start

RANGES: dict[str, tuple[str, str]] = {
    "1h": ("1 h", "last hour"),
    "24h": ("24 h", "last 24 hours"),
    "7d": ("7 d", "last 7 days"),
    "30d": ("30 d", "last 30 days"),
    "month": ("Month", "this month"),
}
"""Key in the URL → words on the button, words in a caption."""

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True)
class PageScope:
    """What the request asks for. range is always set; has_range says whether the page shows the control."""

    filter: ScopeFilter
    range: TimeRange
    has_range: bool = True

    @property
    def query(self) -> str:
        """The query string other pages are linked with; without the range where the reader chose none."""
        return self._query

    _query: str = ""


def read(request: HttpRequest, *, default: str = "24h", has_range: bool = True) -> PageScope:
    """Parse account, region (both repeatable) and range; remember the result on the request for base.html.

    Values that cannot be an account, a region or a range are ignored. Times are aware UTC, `end` is now.
    """
    now = timezone.now()
    chosen = request.GET.get("range", "")
    found = PageScope(
        filter=scope_filter(request.GET),
        range=time_range(chosen if chosen in RANGES else default, now),
        has_range=has_range,
        _query=_carried(request.GET),
    )
    request.page_scope = found  # type: ignore[attr-defined]
    return found


def scope_filter(query: QueryDict) -> ScopeFilter:
    """Accounts and regions of a query string."""
    return ScopeFilter(
        accounts=tuple(dict.fromkeys(v for v in query.getlist("account") if _ACCOUNT.fullmatch(v))),
        regions=tuple(dict.fromkeys(v for v in query.getlist("region") if _REGION.fullmatch(v))),
    )


def time_range(key: str, now: datetime) -> TimeRange:
    """The window that `key` of RANGES names, ending `now` (aware). Raises KeyError on another key."""
    end = now.astimezone(UTC)
    return TimeRange(key, RANGES[key][1], window_start(key, end), end)


def _carried(query: QueryDict) -> str:
    kept = QueryDict(mutable=True)
    found = scope_filter(query)
    kept.setlist("account", list(found.accounts))
    kept.setlist("region", list(found.regions))
    if (chosen := query.get("range", "")) in RANGES:
        kept.setlist("range", [chosen])
    return kept.urlencode()
