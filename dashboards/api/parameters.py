"""Query parameters that several resources share; named as in the addresses of the pages."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from dashboards.api.auth import permitted
from dashboards.api.paging import LARGEST_ID
from dashboards.api.problems import Problem
from dashboards.scope import RANGES, time_range
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.types import Kind

LONGEST = timedelta(days=455)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Only so far back that sums with it cannot leave the calendar."""
_CLEAN = r"^[^\u0000-\u001f\u007f]*$"
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

Id = Annotated[int, Field(ge=1, le=LARGEST_ID, description="The id that a list gave.")]
OptionalId = Annotated[Id | None, WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_ID})]
Code = Annotated[str, Field(pattern=r"^[0-9a-f]{1,16}$", description="An operation's code, without op-.")]
Text = Annotated[str, Field(max_length=256, pattern=_CLEAN)]
AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", max_length=32)]


def _instant(value: Any) -> datetime:
    """Only what RFC 3339 calls an instant: numbers, and dates without a zone, would be guesses."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("write it as 2026-11-20T00:00:00Z (a + in an address is %2B)")
    return datetime.fromisoformat(value)


def _in_time(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if not EARLIEST <= value < timezone.now() + timedelta(days=1):
        raise ValueError(f"must lie between {EARLIEST:%Y-%m-%d} and tomorrow")
    return value.astimezone(UTC)


Instant = Annotated[
    datetime | None,
    BeforeValidator(_instant),
    AfterValidator(_in_time),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Parameters(Schema):
    """What a resource may be asked; every other name is refused."""


class Scope(Parameters):
    """Accounts and regions, each repeatable; none means all that the token reads."""

    account: list[AccountId] = Field([], max_length=100, description="12-digit account id; repeatable.")
    region: list[Region] = Field([], max_length=50, description="AWS region; repeatable.")

    def filter(self, request: Any) -> ScopeFilter:
        """The scope within the token's."""
        return permitted(request, ScopeFilter(tuple(self.account), tuple(self.region)))


class Listing(Scope):
    """A list: a page of it at a time."""

    cursor: str = Field("", max_length=2048, description="From `next` of the page before.")
    limit: int = Field(100, ge=1, le=200, description="Rows on a page.")


class Window(Parameters):
    """A window of time: `range` as on the pages, or from and to."""

    range: Literal["1h", "24h", "7d", "30d", "month"] = Field(
        "24h", description="Ends now, at a full minute."
    )
    from_: Instant = Field(None, alias="from", description="Start, included; with `to` instead of range.")
    to: Instant = Field(None, description="End, excluded; now when only `from` is given.")

    def window(self) -> TimeRange:
        """Half-open, aware UTC. Raises Problem when it is empty, backwards or longer than what is kept."""
        now = timezone.now().replace(second=0, microsecond=0)
        if self.from_ is None:
            if self.to is not None:
                raise Problem("invalid-parameters", errors=[("to", "needs `from` beside it")])
            return time_range(self.range, now)
        end = self.to or now
        if not timedelta(0) < end - self.from_ <= LONGEST:
            message = f"must lie before `to`, at most {LONGEST.days} days"
            raise Problem("invalid-parameters", errors=[("from", message)])
        return TimeRange("custom", RANGES[self.range][1], self.from_, end)


class EndpointSelection(Scope):
    """Which endpoints, as the facets of the Endpoints page say it."""

    kind: list[Kind] = Field([], max_length=20, description="Hosting option; repeatable.")
    team: list[Text] = Field(
        [], max_length=50, description='Team; "none" for endpoints without one; repeatable.'
    )
