"""Whose costs and when: the filter, the span of UTC days and the groups that every cost query shares."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from operator import or_

from django.db.models import Q

from fleet.queries.scope import ScopeFilter


class GroupBy(StrEnum):
    """By what costs can be grouped; the value stands in the URL."""

    ACCOUNT = "account"
    REGION = "region"
    TEAM = "team"
    KIND = "kind"
    ENDPOINT = "endpoint"
    COMPONENT = "component"


LOOKUPS: dict[GroupBy, str] = {
    GroupBy.ACCOUNT: "endpoint__shard__account__account_id",
    GroupBy.REGION: "endpoint__shard__region",
    GroupBy.TEAM: "endpoint__team",
    GroupBy.KIND: "endpoint__kind",
    GroupBy.ENDPOINT: "endpoint_id",
    GroupBy.COMPONENT: "component",
}
"""Lookup path of each group key on DailyCost."""


@dataclass(frozen=True)
class Span:
    """UTC days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def start(self) -> datetime:
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return datetime(self.last.year, self.last.month, self.last.day, tzinfo=UTC) + timedelta(days=1)

    @property
    def q(self) -> Q:
        return Q(day__gte=self.first, day__lte=self.last)


def month_to_date(today: date) -> Span:
    """From the first of the month to today."""
    return Span(today.replace(day=1), today)


@dataclass(frozen=True)
class CostFilter:
    """Whose costs: the page's scope, narrowed to teams ("" = endpoints without one), kinds, tags and endpoints.

    Empty means all; any of the values of one field, all of the fields. tags: (key, value); endpoints: row ids.
    """

    scope: ScopeFilter = field(default_factory=ScopeFilter)
    teams: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[int, ...] = ()

    @property
    def is_of_places(self) -> bool:
        """Whether days by place and kind can tell its costs."""
        return not (self.teams or self.tags or self.endpoints)

    def q(self, endpoint: str = "endpoint") -> Q:
        """Condition on a queryset; `endpoint` is the lookup path to the Endpoint ("" on Endpoint itself)."""
        prefix = f"{endpoint}__" if endpoint else ""
        condition = self.scope.q(f"{prefix}shard")
        if self.teams:
            condition &= Q(**{f"{prefix}team__in": self.teams})
        if self.kinds:
            condition &= Q(**{f"{prefix}kind__in": self.kinds})
        if self.tags:
            any_tag = (Q(**{f"{prefix}tags__contains": {key: value}}) for key, value in self.tags)
            condition &= reduce(or_, any_tag)
        if self.endpoints:
            condition &= Q(**{f"{prefix}pk__in": self.endpoints})
        return condition


@dataclass(frozen=True)
class Sums:
    """A sum of cost lines, USD; how many of them had no price or no data."""

    amount: Decimal | None = None
    unpriced: int = 0
    no_data: int = 0

    @property
    def is_complete(self) -> bool:
        return not (self.unpriced or self.no_data)
